"""A product too large for a web process: assessed beside the site, its pages say so meanwhile, small ones notice nothing."""

import dataclasses
from datetime import date, timedelta
from itertools import permutations

import pytest
import time_machine
from sqlalchemy import func, select

import risk_models
from app.analysis import results, services
from app.analysis import services as analysis
from app.analysis.jobs import AssessProduct
from app.inventory import services as inventory
from app.platform import clock
from app.platform.jobs import Job
from app.products import services as products
from risk_models import assess, product_file
from risk_models.assessment import Assessment
from risk_models.plain_values import from_plain, plain
from risk_models.product_file.checked_map import ProductFileError
from risk_models.product_file.file_format import MOST
from risk_models.ranking import scenarios, sensitivity
from risk_models.ranking.assess import assess_views
from risk_models.scales import View
from risk_models.system import System
from tests.factories.large_products import file_of, work
from tests.risk_models.systems import component, example
from tests.world import EXAMPLES


def dense_file(components: int, assets: int) -> dict:
    """Few components, each linked to all others, all of which hold each of many values."""
    ids = [f"c{n}" for n in range(components)]
    needs = {"confidentiality": 4, "integrity": 3, "availability": 2}
    return file_of(components) | {
        "links": [{"from": a, "to": b, "kind": kind} for a, b in permutations(ids, 2) for kind in ("reads", "writes")],
        "assets": [{"id": f"a{n}", "lives_in": ids, "needs": needs} for n in range(assets)],
    }


def stored_product(world, file: dict):
    owner = world.person()
    product = world.product(owner, "Grand")
    system = product_file.from_dict(file)
    with world.database.writing() as session:
        rows = inventory.write_inventory(session, product.id, system.components, system.links)
        analysis.write_assets(session, product.id, system.assets, rows)
    world.jobs.run_within(world.app.test_request_context)
    return world, owner, product


@pytest.fixture
def large(world):
    return stored_product(world, file_of(260))


def test_few_components_of_many_ways_are_not_computed_by_the_site(world, monkeypatch):
    """21 components and 100 values in all of them took half a minute of each page."""
    world, owner, product = stored_product(world, dense_file(14, 60))
    monkeypatch.setattr(risk_models, "assess", None)
    monkeypatch.setattr(results, "assess_views", None)
    monkeypatch.setattr(sensitivity, "measure_stability", None)
    for page in ("", "/points-de-faiblesse", "/points-de-faiblesse/solidite", "/constats", "/plan"):
        assert "en cours" in world.visitor(owner).get(f"/produits/grand{page}").get_data(as_text=True)
    with world.database.reading() as session:
        assert results.large_products(session) == [product.id]


@pytest.mark.parametrize("file", [file_of(120), file_of(260), dense_file(6, 20), dense_file(14, 2), dense_file(14, 60)])
def test_what_is_large_is_the_same_by_its_rows_and_by_its_content(world, file):
    world, _, product = stored_product(world, file)
    with world.database.reading() as session:
        large = results.large_products(session)
        system = services.read_system(session, products.load_product(session, product.slug))
    assert large == ([product.id] if results.is_large(system) else [])


def stored(world) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count(results.StoredAssessment.key)))


PAGES = (
    "",
    "/points-de-faiblesse",
    "/mesures",
    "/constats",
    "/schema",
    "/plan",
    "/demarche/scenarios",
    "/demarche/registre",
    "/points-de-faiblesse/solidite",
)


def test_its_pages_say_that_it_is_being_computed_then_show_it(large):
    world, owner, _ = large
    visitor = world.visitor(owner)
    for page in PAGES:
        answer = visitor.get(f"/produits/grand{page}")
        assert answer.status_code == 503 and "Calcul en cours" in answer.get_data(as_text=True), page
        assert answer.headers["Retry-After"] and "Aucun résultat n’existe encore" in answer.get_data(as_text=True)
    assert visitor.get("/produits/grand/composants").status_code == 200
    assert stored(world) == 0
    work(world)
    for page in PAGES:
        assert visitor.get(f"/produits/grand{page}").status_code == 200, page
    assert stored(world) == 1
    with world.database.reading() as session:
        asked = session.scalar(select(func.count(Job.id)).where(Job.kind == AssessProduct.kind))
    work(world)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Job.id)).where(Job.kind == AssessProduct.kind)) == asked
    assert stored(world) == 1


def test_once_changed_it_shows_the_last_result_meanwhile(large):
    world, owner, _ = large
    work(world)
    visitor = world.visitor(owner)
    new = {"name": "De plus", "kind": "web", "hosting": "paas", "exposure": "internet"}
    assert visitor.post("/produits/grand/composants/nouveau", new).status_code == 302
    page = visitor.get("/produits/grand/points-de-faiblesse").get_data(as_text=True)
    assert "Dernier résultat, du" in page and "d’une description qui a changé depuis" in page
    work(world)
    assert visitor.get("/produits/grand/points-de-faiblesse").status_code == 200
    assert stored(world) == 2


def test_what_is_computed_beside_is_what_would_be_computed_here(large):
    world, _, product = large
    work(world)
    with world.app.test_request_context(), world.database.reading() as session:
        system = services.read_system(session, products.load_product(session, product.slug))
        assert results.read_assessment(system, View.CURRENT) == assess(system)
        assert results.read_assessment(system, View.RAW) == assess(system, view=View.RAW)
        assert results.read_outlooks(system) == assess_views(system)
        assert results.read_stability(system) == sensitivity.measure_stability(system)
        assert results.read_scenarios(system) == scenarios.draw_scenarios(system)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.stem)
def test_an_assessment_survives_json(path):
    import json

    found = assess(example(path.stem))
    assert from_plain(json.loads(json.dumps(plain(found))), Assessment) == found
    system = example(path.stem)
    assert from_plain(json.loads(json.dumps(plain(system))), System) == system


def test_one_is_computed_once_however_many_ask(large):
    world, _, _ = large
    with world.app.test_request_context():
        for _ in range(3):
            results.enqueue_missing(world.database)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Job.id)).where(Job.kind == AssessProduct.kind)) == 1


def test_what_passes_its_bounds_is_given_up_and_the_site_goes_on(large, monkeypatch):
    world, owner, _ = large
    monkeypatch.setattr(results, "_BOUNDS", dataclasses.replace(results._BOUNDS, seconds=0))
    work(world)
    assert world.visitor(owner).get("/produits/grand").status_code == 503
    assert world.visitor(owner).get("/produits").status_code == 200
    page = world.visitor(owner).get("/produits/grand/demarche/registre").get_data(as_text=True)
    assert "trop grand pour que son analyse soit finie" in page
    with world.database.reading() as session:
        assert session.scalars(select(results.StoredAssessment.content)).all() == [""]
    monkeypatch.undo()
    with time_machine.travel(clock.now() + timedelta(days=1)):
        work(world)
    assert stored(world) == 2


def test_a_failure_of_ours_is_tried_again(large, monkeypatch):
    world, _, _ = large
    monkeypatch.setattr(results, "_BOUNDS", dataclasses.replace(results._BOUNDS, memory=1 << 20))
    work(world)
    assert stored(world) == 0
    monkeypatch.undo()
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        work(world)
    assert stored(world) == 1


def test_one_large_product_at_a_time_is_assessed_by_a_worker(large):
    world, _, _ = large
    with results._ONE_AT_ONCE:
        work(world)
    assert stored(world) == 0
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        work(world)
    assert stored(world) == 1


def test_nothing_large_is_assessed_by_the_page_of_another(large):
    world, owner, _ = large
    world.filled(owner, name="Petit")
    assert world.visitor(owner).get("/produits/petit").status_code == 200
    assert world.visitor(owner).get("/").status_code == 200


def test_the_key_is_of_the_content_and_of_the_day():
    system = dataclasses.replace(example("guichet"), as_of=date(2026, 11, 23))
    others = (
        dataclasses.replace(system, as_of=date(2026, 11, 24)),  # what is late, past or unpatched since
        dataclasses.replace(system, components=(*system.components, component("neuf"))),
        dataclasses.replace(system, measures=()),
    )
    assert len({results.key_of(s) for s in (system, *others)}) == 4


@pytest.mark.parametrize(("key", "most"), MOST.items())
def test_a_file_beyond_a_bound_is_refused_in_words(key, most):
    file = file_of(3)
    one = {
        "components": lambda n: {"id": f"x{n}", "kind": "web"},
        "links": lambda n: {"from": "c0", "to": "c1", "kind": "calls"},
        "assets": lambda n: {"id": f"y{n}", "needs": {"confidentiality": 1, "integrity": 1, "availability": 1}},
        "measures": lambda n: {"measure": "waf", "status": "done", "on": ["c0"]},
    }[key]
    file[key] = [*file.get(key, []), *(one(n) for n in range(most - len(file.get(key, []))))]
    assert product_file.from_dict(file)
    file[key].append(one(most))
    with pytest.raises(ProductFileError) as error:
        product_file.from_dict(file)
    assert "éléments" in error.value.text("fr") and "group what is alike" in error.value.text("en")
