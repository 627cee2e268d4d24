"""What is written of Jalon's own security is what the application asks, and what can be tried."""

import io
import json
import re

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

import app.factory  # noqa: F401 - every feature's tables
from app.cli.assess import assess
from app.inventory import services as inventory
from app.packages.importers import open_reading
from app.platform.database import Base
from scripts import write_sbom, write_security
from tests.conftest import ROOT, on_sqlite
from tests.factories.advisories import ends, osv
from tests.factories.packages import bring, feed, matches

LINES = YAML(typ="safe").load((ROOT / "docs" / "asvs.yaml").read_text(encoding="utf-8"))
# The chapters where nothing may be left that fails.
CLOSED = {"2", "3", "4", "7", "8", "9", "11"}


def test_the_page_of_security_is_that_of_the_tables():
    assert write_security.PAGE.read_text(encoding="utf-8") == write_security.compose_page(), "run: make security"


def test_each_line_of_asvs_is_read_once_and_says_why():
    assert len({line["id"] for line in LINES}) == len(LINES) == 259
    for line in LINES:
        assert line["state"] in write_security.STATES and line["why"], line["id"]
        assert not (line["state"] == "fails" and line["id"].partition(".")[0] in CLOSED), line["id"]


def test_each_test_that_asvs_names_is_there():
    for line in LINES:
        if line["test"]:
            path, _, name = line["test"].partition("::")
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), line["id"]


def test_a_line_that_holds_in_a_closed_chapter_names_its_test_or_says_why_not():
    for line in LINES:
        if line["state"] == "holds" and line["id"].partition(".")[0] in CLOSED:
            assert line["test"] or "No test" in line["why"], line["id"]


def test_every_table_has_its_retention():
    written = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "data.md").read_text(encoding="utf-8")))
    assert set(Base.metadata.tables) - written == set()


def test_jalon_reads_its_own_threat_model():
    run = CliRunner().invoke(assess, [str(ROOT / "examples" / "jalon.yaml"), "--json"])
    assert run.exit_code == 0 and json.loads(run.output)


@pytest.fixture
def bom() -> bytes:
    written = io.StringIO()
    write_sbom.main(written)
    return written.getvalue().encode()


def test_the_sbom_names_each_pinned_package(bom):
    named = {(one.package, one.version) for one in open_reading(io.BytesIO(bom), "bom.json").packages}
    pins = re.findall(r"^([\w.-]+)==([^ \\;]+)", (ROOT / "requirements" / "run.lock").read_text(), re.MULTILINE)
    assert len(pins) > 50
    assert {(f"pkg:pypi/{name}", version) for name, version in pins} <= named
    assert any(package == "pkg:npm/htmx.org" for package, _ in named)


@on_sqlite
def test_jalon_finds_the_flaws_of_its_own_parts(world, tmp_path, bom):
    product = world.filled()
    with world.session() as session:
        component = inventory.component_of(session, product.id, "web")
    bring(world, product, component, bom)
    assert matches(world, product) == []
    packages = {one.package: one.version for one in open_reading(io.BytesIO(bom), "bom.json").packages}
    version = packages["pkg:pypi/flask"]
    feed(world, tmp_path, osv(ends("0", f"{version}.1"), name="flask", ecosystem="PyPI"))
    assert [match.package for match in matches(world, product)] == ["pkg:pypi/flask"]
