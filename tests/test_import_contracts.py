"""The contracts of `make lint` on imports: what breaks each is seen, by pattern, in modules that nobody has written yet."""

import tomllib

import grimp
import pytest

from scripts.import_contracts import FeaturesInOrder, NeverImports
from tests.conftest import ROOT

KINDS = {"features_in_order": FeaturesInOrder, "never_imports": NeverImports}
CONTRACTS = {
    declared["name"]: declared
    for declared in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    if declared["type"] in KINDS
}
IN_ORDER = "Each feature imports those before it, pages and their wiring aside"
NO_PAGE = "What is no page imports neither views nor their forms"
OUTSIDE = "Addresses are asked by outbound alone, mail is sent by mail alone"
IMPORTERS = "Importers give values and do not know the database"
NO_TABLES = "Views do not know the tables of another feature"


def found(contract: str, *imports: tuple[str, str], order: tuple[str, ...] = ("alpha", "beta", "gamma")):
    """What `contract`, as declared, refuses of these imports; `order` is that of the features written here."""
    declared = CONTRACTS[contract]
    graph = grimp.ImportGraph()
    for module in ("app", "app.alpha.models", "app.beta.models", "app.gamma.models"):
        graph.add_module(module.rpartition(".")[0])
        graph.add_module(module)
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    options = {name: value for name, value in declared.items() if name not in {"name", "type"}}
    if "order" in options:
        options["order"] = list(order)
    checked = KINDS[declared["type"]](name=contract, session_options={}, contract_options=options)
    return checked.check(graph, verbose=False).metadata["found"]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("app.alpha.services", "app.beta.models"),
        ("app.alpha.importers.csv", "app.gamma.services"),
        ("app.beta.handlers", "app.gamma.access"),
        ("app.gamma.services", "app.alpha.views"),
        ("app.gamma.services", "app.factory"),
    ],
)
def test_a_feature_imports_neither_those_after_it_nor_views(importer, imported):
    assert found(IN_ORDER, (importer, imported)) == [f"{importer} imports {imported}"]


def test_a_feature_imports_those_before_it_and_views_import_any():
    before = [("app.gamma.services", "app.beta.models"), ("app.beta.services", "app.alpha.models")]
    views = [("app.alpha.views", "app.gamma.services"), ("app.alpha.big_views", "app.beta.forms")]
    assert not found(IN_ORDER, *before, *views)


def test_a_feature_that_the_order_does_not_name_is_refused():
    assert found(IN_ORDER, order=("alpha", "beta")) == ["gamma is not in the order"]
    assert found(IN_ORDER, order=("alpha", "beta", "gamma", "delta")) == ["delta is in the order and nowhere else"]


@pytest.mark.parametrize("importer", ["app.alpha.services", "app.alpha.mood", "app.alpha.importers.csv"])
@pytest.mark.parametrize("imported", ["app.alpha.views", "app.beta.big_views", "app.beta.forms", "app.beta.pages"])
def test_what_is_no_page_imports_no_page(importer, imported):
    assert found(NO_PAGE, (importer, imported)) == [(importer, imported)]


@pytest.mark.parametrize("importer", ["app.alpha.views", "app.alpha.big_views", "app.alpha.forms", "app.cli.setup"])
def test_pages_import_their_forms(importer):
    assert not found(NO_PAGE, (importer, "app.alpha.forms"))


@pytest.mark.parametrize("importer", ["app.alpha.views", "app.alpha.big_views"])
@pytest.mark.parametrize("imported", ["app.beta.models", "app.beta.big_models"])
def test_views_do_not_import_the_tables_of_another_feature(importer, imported):
    assert found(NO_TABLES, (importer, imported)) == [(importer, imported)]
    assert not found(NO_TABLES, (importer, "app.alpha.models"), ("app.alpha.services", imported))


@pytest.mark.parametrize("imported", ["http", "socket", "smtplib", "requests"])
def test_one_module_asks_addresses_and_one_sends_mail(imported):
    assert found(OUTSIDE, ("app.alpha.services", imported)) == [("app.alpha.services", imported)]
    both = [(f"app.platform.{m}", imported) for m in ("outbound", "mail")]
    assert len(found(OUTSIDE, *both)) == (2 if imported == "requests" else 1)


@pytest.mark.parametrize("imported", ["sqlalchemy", "app.platform.database", "app.alpha.models", "app.beta.services"])
def test_importers_do_not_know_the_database(imported):
    assert found(IMPORTERS, ("app.alpha.importers.csv", imported)) == [("app.alpha.importers.csv", imported)]
    assert not found(IMPORTERS, ("app.alpha.services", imported))
