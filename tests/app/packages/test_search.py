"""What people write in the search of all products, and what it must not keep silent about."""

import pytest

from app.identity.kinds import Role
from app.inventory.models import Component
from app.packages import queries
from app.products.changes import note_change
from tests.factories.boms import LIBRARY, bom
from tests.factories.inventory import component
from tests.factories.packages import bring

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


@pytest.fixture
def ask(world, product):
    person = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(person, Role.INCUBATOR_MEMBER, incubator_id=world.reload(product.slug).incubators[0].id)
    visitor = world.visitor(person)

    def asked(words: str, span: str = "") -> str:
        page = visitor.get("/qui-utilise", query_string={"q": words, "plage": span})
        assert page.status_code == 200
        return " ".join(page.text.split())

    return asked


def carry(world, product, *purls: str) -> None:
    lines = [{**LIBRARY, "bom-ref": str(n), "purl": purl} for n, purl in enumerate(purls)]
    bring(world, product, component(world, product, "web"), bom(components=lines))


WRITTEN = {
    "pkg:pypi/zope-interface@5.0": ["Zope.Interface", "zope_interface", "zope-interface", "pkg:pypi/Zope.Interface"],
    "pkg:deb/debian/libstdc%2B%2B6@12?distro=debian-12": ["libstdc++6", "libstdc++"],
    "pkg:npm/%40angular/core@17.0.0": ["@angular/core", "angular/core", "PKG:npm/@angular/core", "core"],
    "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1": ["log4j", "org.apache.logging.log4j:log4j-core"],
}


@pytest.mark.parametrize("purl", WRITTEN)
def test_a_package_is_found_as_people_write_it(world, product, ask, purl):
    carry(world, product, purl)
    for words in WRITTEN[purl]:
        assert "embarque" in ask(words), words


def test_what_has_no_order_leaves_the_others_answered(world, product, ask):
    carry(world, product, f"{LOG4J}@2.14.1", "pkg:oci/log4j-core-demo@1")
    page = ask("log4j-core", "<2.17.1")
    assert "Exposé" in page and "À vérifier" in page
    with world.database.writing() as session:
        row = session.get(Component, component(world, product, "metabase").id)
        row.purl, row.version = "pkg:docker/metabase/metabase@v0.41.2", "0.41.2"
        note_change(session, [product.id])
    assert "À vérifier" in ask("Metabase", "<0.41.4")
    assert "Écrivez un nom ou un purl" in ask("Metabase", "n’importe quoi")


def test_what_the_catalogue_knows_within_software_is_found_by_its_name(world, product, ask):
    assert "Metabase" in ask("log4j-core", "<2.15.0")
    assert "embarque, d’après le catalogue : pkg:maven" in ask("log4j")
    carry(world, product, f"{LOG4J}@2.14.1")
    assert "embarque pkg:maven" in ask(LOG4J)


def test_what_development_alone_holds_and_what_has_no_name_is_said(world, product, ask):
    lines = [LIBRARY | {"purl": f"{LOG4J}@2.14.1", "scope": "excluded"}, {"type": "library", "name": "sans-purl"}]
    bring(world, product, component(world, product, "web"), bom(components=lines))
    assert "Développement seul" in ask(LOG4J, "<2.17.1")
    page = world.visitor(world.person()).get(f"/produits/{product.slug}/failles")
    assert "1 paquet de vos fichiers n’a pas d’identifiant (purl)" in " ".join(page.text.split())


def test_a_search_says_what_it_leaves_out(world, product, ask):
    carry(world, product, *(f"pkg:npm/react-{n}@1.0.0" for n in range(queries.MOST_PACKAGES + 5)))
    assert "seuls les 50 premiers sont cherchés" in ask("react")
    # Releases of one package are one.
    releases = [f"pkg:apk/alpine/openssl@3.0.{n}-r0?distro=alpine-3.{n}" for n in range(queries.MOST_PACKAGES + 5)]
    carry(world, product, *releases)
    page = ask("openssl", "<4")
    assert "seuls les" not in page and "55 réponses" in page


@pytest.mark.parametrize("asked", ["echo", "github.com/labstack/echo", "github.com/labstack/echo/v4", "labstack/echo"])
def test_a_module_of_go_is_found_without_its_major_version(world, asked):
    product = world.filled(name="Guichet")
    carried = [{**LIBRARY, "purl": "pkg:golang/github.com/labstack/echo/v4@v4.9.0"}]
    bring(world, product, component(world, product, "web"), bom(components=carried))
    with world.session(writing=False) as session:
        assert queries.packages_called(session, asked) == ["pkg:golang/github.com/labstack/echo/v4"]
