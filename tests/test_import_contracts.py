"""The contracts of `make lint` on imports: what breaks each is seen, by pattern, in modules that nobody has written yet."""

import tomllib

import grimp
import pytest

from scripts.import_contracts import FeaturesWithoutCycle, NeverImports
from tests.conftest import ROOT

KINDS = {"features_without_cycle": FeaturesWithoutCycle, "never_imports": NeverImports}
CONTRACTS = {
    declared["type"]: declared
    for declared in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    if declared["type"] in KINDS
}


def found(kind: str, *imports: tuple[str, str]) -> list[tuple[str, str]]:
    graph = grimp.ImportGraph()
    for module in ("app", "app.alpha", "app.beta", "app.gamma"):
        graph.add_module(module)
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    options = {name: value for name, value in CONTRACTS[kind].items() if name not in {"name", "type"}}
    contract = KINDS[kind](name=kind, session_options={}, contract_options=options)
    return contract.check(graph, verbose=False).metadata["found"]


@pytest.mark.parametrize(
    "imports",
    [
        [("app.alpha.services", "app.beta.models"), ("app.beta.services", "app.alpha.models")],
        [("app.alpha.a", "app.beta.b"), ("app.beta.c", "app.gamma.d"), ("app.gamma.e", "app.alpha.f")],
        [("app.alpha.importers.csv", "app.beta.models"), ("app.beta.handlers", "app.alpha.services")],
    ],
)
def test_features_that_import_each_other_are_refused(imports):
    assert found("features_without_cycle", *imports)


def test_features_that_import_one_way_and_views_are_taken():
    one_way = [("app.alpha.services", "app.beta.models"), ("app.beta.services", "app.gamma.models")]
    views = [("app.gamma.views", "app.alpha.services"), ("app.beta.big_views", "app.alpha.services")]
    assert not found("features_without_cycle", *one_way, *views)


@pytest.mark.parametrize("importer", ["app.alpha.services", "app.alpha.mood", "app.alpha.importers.csv"])
@pytest.mark.parametrize("imported", ["app.alpha.views", "app.beta.big_views", "app.beta.forms", "app.beta.pages"])
def test_what_is_no_page_imports_no_page(importer, imported):
    assert found("never_imports", (importer, imported)) == [(importer, imported)]


@pytest.mark.parametrize("importer", ["app.alpha.views", "app.alpha.big_views", "app.alpha.forms", "app.cli.setup"])
def test_pages_import_their_forms(importer):
    assert not found("never_imports", (importer, "app.alpha.forms"))
