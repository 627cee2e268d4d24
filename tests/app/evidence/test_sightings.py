"""dashlord: what scanners see becomes sightings that people decide, never components by itself."""

import json
import re

import pytest

from app.evidence import scans, sightings
from app.evidence.importers.dashlord import read_dashlord
from app.identity.kinds import Role
from app.inventory import services as inventory
from app.platform.refusals import Refusal
from tests.conftest import ROOT

SAMPLES = ROOT / "tests" / "data" / "dashlord"
REPORT = (SAMPLES / "report.json").read_bytes()


@pytest.fixture
def product(world):
    return world.product(name="Guichet")


def scan(world, content: bytes = REPORT):
    with world.session() as session:
        return scans.import_report(session, None, content, "report.json", products=None)


def found(world, product):
    with world.session(writing=False) as session:
        return {h.name: h for h in sightings.sightings_of(session, product.id)}


def test_a_report_proposes_sightings_and_no_component(world, product):
    done = scan(world)
    assert [(p.product.slug, len(p.added)) for p in done.products] == [("guichet", 5)]
    assert (done.unlinked, len(done.odd)) == (("https://inconnu.test",), 1)
    seen = found(world, product)
    assert set(seen) == {"Metabase", "Nginx", "tiers.test", "OpenSSH", "ghcr.io/exemple/guichet"}
    assert (seen["Nginx"].version, seen["OpenSSH"].version) == ("1.18.0", "8.2p1")
    assert "Irlande" in seen["tiers.test"].seen_on
    assert seen["Metabase"].dated.isoformat() == "2024-01-14"
    with world.session(writing=False) as session:
        assert inventory.read_inventory(session, product.id).components == []


def test_a_site_is_of_the_product_whose_address_holds_it(world):
    """Two products of one host are told apart by their paths, and what names one is never given to another."""
    owner = world.person()
    for name in ("Alpha", "Beta"):
        world.product(owner, name, address=f"https://exemple.test/{name.lower()}")
    sites = [
        {"url": "https://exemple.test/alpha/aide"},
        {"url": "https://exemple.test/beta"},
        {"url": "https://exemple.test/gamma"},
        {"url": "https://ailleurs.test", "betaId": "alpha"},
    ]
    content = json.dumps(sites).encode()
    with world.session(writing=False) as session:
        found = sightings.preview_report(session, content, products=None)
        assert {p.product.slug: set(p.sites) for p in found.products} == {
            "alpha": {sites[0]["url"], sites[3]["url"]},
            "beta": {sites[1]["url"]},
        }
        assert found.unlinked == (sites[2]["url"],)
        named = json.dumps([{"url": "https://exemple.test/beta", "betaId": "alpha"}]).encode()
        only = sightings.preview_report(session, named, products=[world.reload("beta").id])
        assert (only.products, only.unlinked) == ((), ("https://exemple.test/beta",))


def test_the_same_report_again_changes_nothing_and_keeps_what_people_decided(world, product):
    scan(world)
    actor = world.person()
    ids = {name: h.id for name, h in found(world, product).items()}
    with world.session() as session:
        assert sightings.accept_sightings(session, actor, product, [ids["Metabase"]]) == 1
        assert sightings.dismiss_sightings(session, actor, product, [ids["OpenSSH"]], "banni du pare-feu") == 1
    again = scan(world)
    assert [(len(p.added), len(p.changed), len(p.gone)) for p in again.products] == [(0, 0, 0)]
    states = {name: h.state.value for name, h in found(world, product).items()}
    assert (states["Metabase"], states["OpenSSH"], states["Nginx"]) == ("accepted", "dismissed", "new")
    with world.session(writing=False) as session:
        (metabase,) = inventory.read_inventory(session, product.id).components
    assert (metabase.kind.value, metabase.name, metabase.confirmed_at) == ("bi", "Metabase", None)
    assert "hosting" in metabase.assumed


def test_what_a_later_report_no_longer_shows_goes_unless_decided(world, product):
    scan(world)
    scan(world, (SAMPLES / "dashlord.yml").read_bytes())
    assert set(found(world, product)) == {"ghcr.io/exemple/guichet"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[",
        b"{}",
        b"[]",
        b"[1]",
        b'{"urls": 3}',
        b"<html></html>",
        b"\xff\xfe{",
        b"urls: [{url: a b}",
        b'[{"url": 3}]',
    ],
)
def test_what_is_no_report_is_refused(content):
    with pytest.raises(Refusal):
        read_dashlord(content)


def test_the_real_report_is_read(real_data):
    sites, odd = read_dashlord((real_data / "dashlord" / "report.json").read_bytes())
    assert (len(sites), odd) == (17, [])
    assert sum(len(s.seen) for s in sites) > 100
    api = next(s for s in sites if s.beta_id == "api.gouv.fr")
    assert {"Node.js", "OpenSSH"} <= {s.name for s in api.seen}
    assert len(read_dashlord((real_data / "dashlord" / "config.json").read_bytes())[0]) == 29


def test_an_incubator_imports_and_its_team_decides_in_the_browser(world, product):
    incubator = world.person("incub@exemple.test", "Maxime")
    world.give(incubator, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    visitor = world.visitor(incubator)
    page = visitor.post(
        "/incubateurs/dashlord", {"file": (SAMPLES / "report.json").open("rb")}, content_type="multipart/form-data"
    ).get_data(as_text=True)
    assert "Metabase" in page
    assert "https://inconnu.test" in page
    assert found(world, product) == {}
    digest = re.search(r'name="upload"[^>]*value="([0-9a-f]{32})"', page)[1]
    assert visitor.post("/incubateurs/dashlord/importer", {"upload": digest}).status_code == 302
    team = world.visitor(world.person())
    assert "5 choses" in team.get("/produits/guichet/composants").get_data(as_text=True)
    some = found(world, product)
    team.post("/produits/guichet/indices", {"indice": [some["Nginx"].id], "quoi": "ajouter"})
    team.post("/produits/guichet/indices", {"indice": [some["OpenSSH"].id], "quoi": "ecarter", "raison": "non"})
    states = {name: h.state.value for name, h in found(world, product).items()}
    assert (states["Nginx"], states["OpenSSH"]) == ("accepted", "dismissed")


def test_an_incubator_touches_only_its_own_products(world, product):
    stranger = world.person("autre@exemple.test", "Autre")
    world.give(stranger, Role.INCUBATOR_MEMBER, incubator_id=world.incubator("autre").id)
    page = world.visitor(stranger).post(
        "/incubateurs/dashlord", {"file": (SAMPLES / "report.json").open("rb")}, content_type="multipart/form-data"
    )
    assert "Aucune adresse de ce fichier" in page.get_data(as_text=True)
