"""One word, one thing: a public name is defined in one module, and a module is in the table of docs/architecture.md."""

import ast
import re
from collections import defaultdict

from tests.conftest import ROOT

PACKAGES = ("app", "reports", "risk_models")
# What a framework, or whoever starts a process, looks for by name.
PROTOCOLS = {
    "dumps": "of each text format, as in the standard library",
    "loads": "of each text format, as in the standard library",
    "init_app": "Flask's, of each extension",
    "main": "of each program",
    "register": "of each feature's handlers, called by app/factory.py",
    "assess": "of the package, of its command, and what both call",
}
IN_THE_READERS_LANGUAGE = {"word", "sentence", "finding_text", "warning_text"}  # app/platform/i18n.py, of the catalogue
ROWS_AND_THEIR_VALUES = {
    "Component",
    "Contact",
    "EssentialAsset",
    "Link",
    "Measure",
    "Phase",
    "Product",
    "Vulnerability",
}  # a row of app/…/models.py becomes the value of risk_models/system.py that bears its name


def modules():
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def public(path):
    """Functions and classes at the top of a module, but for those of views, which are named by their routes."""
    if re.fullmatch(r"(\w+_)?views", path.stem):
        return []
    nodes = ast.parse(path.read_text()).body
    return [n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_")]


def test_a_public_name_is_defined_once():
    where = defaultdict(list)
    for path in modules():
        for name in public(path):
            where[name].append(str(path.relative_to(ROOT)))
    twice = {name: places for name, places in where.items() if len(places) > 1}
    assert set(twice) == set(PROTOCOLS) | IN_THE_READERS_LANGUAGE | ROWS_AND_THEIR_VALUES, twice


def test_a_module_is_in_the_table_of_its_folder():
    """Whoever adds one says there what it is called: the name of a role that others have, or a word of the field."""
    table = (ROOT / "docs" / "architecture.md").read_text()
    listed = {
        folder: set(re.findall(r"`(\w+)`", names))
        for folder, names in re.findall(r"(?m)^\| `([\w/]+)/` \|[^|]*\|([^|]*)\|$", table)
    }
    found = defaultdict(set)
    for path in modules():
        if path.stem != "__init__":
            found[str(path.parent.relative_to(ROOT))].add(path.stem)
    assert listed == dict(found)


def test_no_test_borrows_from_a_test():
    """What several need is a factory; a benchmark runs itself in another process."""
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"(?m)^ *from tests\.[\w.]*\btest_\w+ import", path.read_text())
    }
    assert found == {"tests/benchmarks/test_inventory.py"}
