"""What a dossier freezes and the living product, untouched since: no difference, in whatever order it was written."""

import dataclasses
import json
import re
from datetime import date
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis import comparison
from app.analysis import services as analysis
from app.homologation import drift
from app.inventory import services as inventory
from app.mitigations import services as mitigations
from app.platform.refusals import Refusal
from app.product_files import files
from app.products import services as products
from reports import dossier as content
from risk_models import product_file
from risk_models.scales import Authentication, MeasureStatus, Severity
from risk_models.system import Component, Contact, EssentialAsset, Link, Measure, Phase
from tests.conftest import on_sqlite
from tests.fuzzing import tries
from tests.product_files import product_files

DAY = date(2026, 11, 23)


def frozen_and_back(system):
    """As a dossier freezes it and reads it again."""
    text = content.canonical(product_file.to_dict(system, complete=True))
    return product_file.from_dict(json.loads(text), as_of=DAY)


@pytest.fixture(scope="module")
def french(routes):
    app, _ = routes
    with app.test_request_context():
        yield


@tries(usual=100, fuzz=10_000)
@given(product_files())
def test_freezing_and_reading_back_changes_nothing(french, file):
    system = product_file.from_dict(file, as_of=DAY)
    living = product_file.from_dict(product_file.to_dict(system, complete=True))
    assert comparison.compare_systems(frozen_and_back(system), living) == []


@st.composite
def in_two_orders(draw):
    file = draw(product_files())
    return file, draw(reordered(file))


def reordered(value):
    """The same mapping, its keys in another order at every depth."""
    if isinstance(value, dict):
        values = {k: reordered(v) for k, v in value.items()}
        return st.permutations(list(values)).flatmap(
            lambda keys: st.tuples(*(values[k] for k in keys)).map(lambda found: dict(zip(keys, found, strict=True)))
        )
    if isinstance(value, list):
        return st.tuples(*map(reordered, value)).map(list)
    return st.just(value)


@tries(usual=60, fuzz=5_000)
@given(in_two_orders())
def test_the_order_of_keys_says_nothing(french, files):
    assert product_file.from_dict(files[0]) == product_file.from_dict(files[1])
    assert product_file.loads(product_file.dumps(product_file.from_dict(files[1]))) == product_file.from_dict(files[0])


def shortened(value):
    """The same, its texts no longer than any column."""
    if isinstance(value, dict):
        return {k: shortened(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shortened(v) for v in value]
    return value[:40] if isinstance(value, str) else value


@on_sqlite
def test_what_a_file_says_is_kept_whole(world):
    """Every optional field, and every key x-, comes back from the database as the file wrote it."""
    owner = world.person()
    slug = world.product(owner).slug

    @tries(usual=40, fuzz=500)
    @given(product_files().map(shortened), product_files())
    def kept(file, other):
        for component in file["components"]:  # drawn alone, an end of life seldom has a note
            component["eol"] = (component.get("eol") or {}) | {"x-note": other["product"]}
        text = product_file.dumps(product_file.from_dict(file, as_of=DAY))
        with world.app.test_request_context(), world.session() as session:
            product = products.load_product(session, slug)
            try:
                given = files.read_product_file(
                    text
                )  # without what common services bring, which is not the team's to say
                files.replace_product(session, owner, product, given)
            except Refusal:
                session.rollback()
                return
            found = analysis.described_system(session, products.load_product(session, slug, fresh=True))
        for part in ("components", "links", "assets", "measures"):
            assert set(getattr(found, part)) == set(getattr(given, part)), part

    kept()


@on_sqlite
def test_what_a_repository_drafted_has_not_changed_the_second_after_the_decision(world):
    """Its elements keep where they were found under keys of their own, which freezing puts in another order."""
    owner = world.person()
    product = world.filled(owner)
    note = (("x-sources", '["app.json:3"]'), ("x-confidence", '"sure"'), ("x-found", '{"b": 1, "a": 2}'))
    with world.database.writing() as session:
        system = inventory.read_many(session, [product.id])[product.id]
        components = [dataclasses.replace(c, extra=note) for c in system.component_values()]
        links = [dataclasses.replace(k, extra=note) for k in system.link_values()]
        rows = inventory.write_inventory(session, product.id, components, links)
        measures = mitigations.measure_values_of_many(session, [product.id])[product.id]
        mitigations.write_measures(session, product.id, [dataclasses.replace(m, extra=note) for m in measures], rows)
    people = world.cast(product)
    dossier = world.before_authority(owner, product, people)
    world.decide(dossier, people["authority"])
    with world.app.test_request_context(), world.database.reading() as session:
        living = products.load_product(session, product.slug)
        found = drift.since_decision(session, living, content.loads(world.dossier().content), weighed=True)
    assert (found.changes, found.weights, found.height) == ([], [], 0)
    page = world.visitor(owner).get("/produits/exemple/dossier/1/depuis").get_data(as_text=True)
    assert "x-" not in re.sub(r"<[^>]*>", "", page)


@pytest.mark.parametrize("kind", [Component, Link, EssentialAsset, Measure, Contact, Phase], ids=lambda k: k.__name__)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_field_that_changed_is_said_in_words(french, kind, language):
    from flask_babel import force_locale

    from tests.product_files import ORDINARY

    fields = {f.name: (ORDINARY,) for f in dataclasses.fields(kind)} | {"extra": ()}
    before = kind(**fields)
    with force_locale(language):
        for name in fields:
            after = dataclasses.replace(before, **{name: (("x-owner", '"Zoé"'),) if name == "extra" else ("autre",)})
            said = comparison._differences(before, after)
            assert said and not re.search(r"\b[a-z]+_[a-z_]+\b|x-|autre indication", said), said
        noted = dataclasses.replace(before, extra=(("x-sources", '["a"]'),))
        assert "x-" not in comparison._differences(before, noted)


@pytest.mark.parametrize("value", [*Authentication, *Severity, *MeasureStatus], ids=str)
def test_no_code_of_a_closed_list_is_shown(french, value: Enum):
    assert "_" not in comparison._shown(value)
    assert comparison._shown(value) != value.name
