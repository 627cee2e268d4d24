"""What a Metabase is known to hold reaches its product: its flaws page, its ranking, the search of all products."""

import pytest
from sqlalchemy import update

from app.analysis import services as analysis
from app.identity.kinds import Role
from app.inventory.models import Component
from app.packages import matching, queries, searching
from app.packages.known_inside import ANY_SOFTWARE
from app.products.changes import note_change
from risk_models.exposure.ranges import MatchVerdict
from risk_models.exposure.typed_ranges import read_range
from risk_models.scales import Hosting
from tests.factories.advisories import LOG4J, LOG4SHELL
from tests.factories.boms import LIBRARY, bom
from tests.factories.inventory import component
from tests.factories.packages import bring, feed

# By own version: what a Metabase of which no package is told is to log4shell, and where it is mended.
OWN_VERSIONS = {
    "0.41.2": (MatchVerdict.EXPOSED, ("0.41.4",)),
    "v0.41.3": (MatchVerdict.EXPOSED, ("0.41.4",)),
    "1.41.2": (MatchVerdict.EXPOSED, ("1.41.4",)),
    "0.41.4": None,
    "0.48.1": None,
    "1.41.4": None,
    "1.50": None,
    "41.2": (MatchVerdict.UNKNOWN, ()),  # 0.41.2 or 1.41.2, written short
    "2021.12": (MatchVerdict.UNKNOWN, ()),
    "": (MatchVerdict.UNKNOWN, ("0.41.4", "1.41.4")),
    "la dernière": (MatchVerdict.UNKNOWN, ("0.41.4", "1.41.4")),
}


@pytest.fixture
def product(world, tmp_path):
    feed(world, tmp_path, LOG4SHELL)
    return world.filled(name="Guichet")


@pytest.fixture
def team(world, product):
    return world.visitor(world.person())


def change(world, product, **values):
    metabase = component(world, product, "metabase")
    with world.database.writing() as session:
        session.execute(update(Component).where(Component.id == metabase.id).values(**values))
        note_change(session, [product.id])
    return metabase


def inside(world, product, ref="metabase"):
    with world.session(writing=False) as session:
        found = matching.matches_of(session, [product.id])[product.id]
    return [(m.verdict, m.fixed_in) for m in found if m.component_ref == ref]


@pytest.mark.parametrize("version", OWN_VERSIONS)
def test_its_own_version_tells_the_flaw_of_what_it_holds(world, product, version):
    change(world, product, version=version)
    told = OWN_VERSIONS[version]
    assert inside(world, product) == ([told] if told else [])


def test_one_that_others_host_is_asked_and_an_sbom_speaks_for_itself(world, product):
    metabase = change(world, product, hosting=Hosting.SAAS)
    assert [verdict for verdict, _ in inside(world, product)] == [MatchVerdict.TO_ASK]
    change(world, product, hosting=Hosting.IAAS)
    # A list of what its system holds says nothing of what its archives do; one that names the package speaks for it.
    bring(world, product, metabase, bom(components=[LIBRARY]))
    assert inside(world, product) == [(MatchVerdict.EXPOSED, ("0.41.4",))]
    change(world, product, version="", purl="pkg:docker/metabase/metabase@v0.41.2")
    assert inside(world, product) == [(MatchVerdict.EXPOSED, ("0.41.4",))]
    bring(world, product, metabase, bom(components=[LIBRARY | {"purl": f"{LOG4J}@2.17.1"}]))
    assert inside(world, product) == []


def test_an_image_is_known_whatever_the_name_of_its_component(world, product):
    change(
        world,
        product,
        name="Statistiques",
        cpe="",
        version="",
        purl="pkg:docker/metabase/metabase@v0.41.2",
        package="pkg:docker/metabase/metabase",
    )
    assert [verdict for verdict, _ in inside(world, product)] == [MatchVerdict.UNKNOWN]


@pytest.mark.parametrize(("version", "verdict"), [("0.48.1", None), ("0.41.2", MatchVerdict.EXPOSED)])
def test_the_search_of_a_flaw_says_what_the_page_of_the_product_does(world, product, version, verdict):
    change(world, product, version=version)
    with world.session(writing=False) as session:
        found = searching.search_users(session, "CVE-2021-44228", "", None).uses
    assert [u.verdict for u in found if u.component_ref == "metabase"] == ([verdict] if verdict else [])


def test_the_version_of_what_only_resembles_it_tells_nothing(world, product):
    change(world, product, name="Sauvegarde de Metabase", version="0.1", cpe="")
    assert inside(world, product) == [(MatchVerdict.UNKNOWN, ())]


def test_of_others_the_catalogue_knows_no_version(world, product):
    assert inside(world, product, "elasticsearch") == [(MatchVerdict.UNKNOWN, ())]


def loss(world, product):
    with world.session(writing=False) as session:
        return analysis.assess_system(analysis.read_system(session, world.reload(product.slug))).loss


def judge(team, product):
    page = f"/produits/{product.slug}/failles/juger?composant=metabase&paquet={LOG4J}&version=&faille=CVE-2021-44228"
    said = {"state": "not_affected", "justification": "code_not_reachable", "reason": "JNDI retiré de l’image"}
    return team.edit(page, said, follow_redirects=True).get_data(as_text=True)


def test_it_is_said_weighed_judged_and_asked_again_when_it_changes(world, team, product):
    change(world, product, version="0.48.1")
    mended = loss(world, product)
    change(world, product, version="0.41.2")
    exposed = loss(world, product)
    assert exposed > mended
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=world.reload(product.slug).incubators[0].id)
    incubator, search = world.visitor(member), f"/qui-utilise?q={LOG4J}&plage=<2.15.0"
    page = team.get("/produits/guichet/failles").get_data(as_text=True)
    assert "d’après ce que l’on sait de ce logiciel et de sa version" in page
    assert "Metabase 0.41.4" in " ".join(page.split())
    assert "exposé à CVE-2021-44228" in incubator.get(search).get_data(as_text=True)

    judge(team, product)
    assert loss(world, product) == mended
    found = incubator.get(search).get_data(as_text=True)
    assert "Jugé par l’équipe" in found
    assert "exposé à CVE-2021-44228" not in found

    change(world, product, version="0.41.3")
    assert loss(world, product) == exposed
    assert "À rejuger" in team.get("/produits/guichet/failles").get_data(as_text=True)
    assert "Jugé par l’équipe" not in incubator.get(search).get_data(as_text=True)


# By own version, what a search of Metabase in "<0.41.4|>=1,<1.41.4" says of a component.
SEARCHED = {"0.41.2": "exposed", "1.41.3": "exposed", "v0.50": None, "": "unknown", "dernière": "unknown"}


@pytest.mark.parametrize("version", SEARCHED)
def test_a_range_places_by_their_own_version_those_of_the_very_name(world, product, version):
    change(world, product, version=version)
    affected = read_range(ANY_SOFTWARE, "<0.41.4|>=1,<1.41.4")

    def found(words: str) -> list[str | None]:
        with world.session(writing=False) as session:
            return [
                u.verdict for u in queries.components_called(session, words, affected) if u.component_ref == "metabase"
            ]

    told = SEARCHED[version]
    assert found("metabase") == ([told] if told else [])
    assert found("Metab") == ["unknown"], "of what only resembles nothing is concluded"
    change(world, product, name="Metabase de la cellule")
    assert found("metabase") == ["unknown"]
    change(world, product, hosting=Hosting.SAAS)
    assert found("metabase") == ["to_ask"]


def test_the_catalogue_s_other_names_are_the_same_software(world, product):
    change(world, product, name="Apache Superset", version="1.0")
    with world.session(writing=False) as session:
        found = queries.components_called(session, "superset", read_range(ANY_SOFTWARE, "<2"))
    assert [(u.component, u.verdict) for u in found] == [("Apache Superset", "exposed")]
