"""One list of flaws, whoever tells of them, on the pages of a product and in the search across products."""

import pytest

from app.identity.kinds import Role
from app.inventory import services as inventory
from app.inventory.models import Vulnerability
from app.platform.database import new_id
from tests.factories.advisories import ends, osv
from tests.factories.boms import LIBRARY, bom
from tests.factories.inventory import component
from tests.factories.packages import bring, feed


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


@pytest.fixture
def web(world, product):
    return component(world, product, "web")


@pytest.fixture
def noted(world, product, web):
    actor = world.person()
    with world.session() as session:
        row = inventory.component_of(session, product.id, web.ref)
        flaw = Vulnerability(id=new_id(), name="CVE-2020-11111", kev=True)
        inventory.add_vulnerability(session, actor, product, row, flaw)
    return flaw


LODASH = osv(ends("0", "4.17.21"), name="lodash", ecosystem="npm") | {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["CVE-2021-23337"],
}


def test_a_flaw_noted_on_a_component_is_among_the_known_flaws(world, product, web, noted, tmp_path):
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": "pkg:npm/async@1.0.0"}]))
    page = world.visitor(world.person()).get("/produits/guichet/failles").text
    assert "CVE-2020-11111" in page and "sur des composants, par l’équipe" in page


def test_the_pages_of_components_tell_of_what_feeds_match(world, product, web, tmp_path):
    feed(world, tmp_path, LODASH)
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": "pkg:npm/lodash@4.17.15"}]))
    team = world.visitor(world.person())
    assert "1 faille connue" in team.get("/produits/guichet/composants").text
    page = team.get(f"/produits/guichet/composants/{web.ref}").text
    assert "1 faille touche ce composant ou ce qu’il embarque" in page and "Aucune faille notée" not in page


@pytest.mark.parametrize("asked", ["CVE-2021-23337", "cve-2021-23337", "GHSA-aaaa-bbbb-cccc", "ghsa-AAAA-bbbb-cccc"])
def test_a_flaw_is_looked_for_by_any_of_its_names(world, product, web, tmp_path, asked):
    feed(world, tmp_path, LODASH)
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": "pkg:npm/lodash@4.17.15"}]))
    page = _asked(world, product, asked)
    assert "Guichet" in page and "Exposé" in page


def test_a_flaw_noted_is_found_and_one_that_nobody_knows_is_said_so(world, product, web, noted):
    page = _asked(world, product, "CVE-2020-11111")
    assert "Guichet" in page and "faille notée sur ce composant" in page
    page = _asked(world, product, "CVE-2099-12345")
    assert "Aucune des sources chargées ne connaît CVE-2099-12345" in page


def _asked(world, product, asked):
    member = world.person(email="suivi@beta.gouv.fr")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    return world.visitor(member).get("/qui-utilise", query_string={"q": asked}).text
