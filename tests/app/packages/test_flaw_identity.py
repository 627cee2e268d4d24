"""A flaw keeps its judgement, its fix and its danger whatever records call it, and whichever of them come and go."""

import json

import pytest

from app.analysis import services as analysis
from app.feeds import services as feeds
from app.feeds.loading import read_feed
from app.inventory.models import Component, Vulnerability
from app.packages import flaw_judgements
from app.packages.kinds import FlawState, Justification
from app.platform.database import new_id
from app.products.changes import note_change
from tests.factories.boms import LIBRARY, bom
from tests.factories.inventory import component
from tests.factories.packages import bring, feed, matches


def record(name: str, *aliases: str, fixed: str = "2.0.0", **more) -> dict:
    ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    affected = [{"package": {"ecosystem": "npm", "name": "a"}, "ranges": ranges}]
    return {"id": name, "aliases": list(aliases), "affected": affected, **more}


@pytest.fixture
def product(world):
    made = world.filled(name="Guichet")
    bring(world, made, component(world, made, "web"), bom(components=[{**LIBRARY, "purl": "pkg:npm/a@1.0.0"}]))
    return made


def judge(world, product) -> None:
    (match,), actor = matches(world, product), world.person()
    with world.session() as session:
        said = {"justification": Justification.CODE_NOT_REACHABLE, "reason": "jamais appelé", "until": None}
        flaw_judgements.judge_flaw(session, actor, product, match, state=FlawState.NOT_AFFECTED, **said)


def test_a_judgement_stays_when_the_other_name_changes(world, product, tmp_path):
    feed(world, tmp_path, record("GHSA-1", "CVE-2024-1"))
    judge(world, product)
    feed(world, tmp_path, record("GHSA-1", "CVE-2024-2"))
    assert [(m.flaw, m.counts) for m in matches(world, product)] == [("CVE-2024-2", False)]
    judge(world, product)
    feed(world, tmp_path, record("GHSA-9", "CVE-2024-2"), {"id": "GHSA-1", "withdrawn": "2026-01-01T00:00:00Z"})
    assert [m.counts for m in matches(world, product)] == [False]


def test_a_judgement_stays_when_its_record_is_withdrawn_for_another(world, product, tmp_path):
    feed(world, tmp_path, record("GHSA-1", "PYSEC-9"), record("PYSEC-9"))
    judge(world, product)
    feed(world, tmp_path, {"id": "GHSA-1", "withdrawn": "2026-01-01T00:00:00Z"}, record("PYSEC-9"))
    assert [(m.flaw, m.counts) for m in matches(world, product)] == [("PYSEC-9", False)]


def test_a_judgement_stays_when_a_record_lists_versions_or_another_comes(world, product, tmp_path):
    feed(world, tmp_path, record("GHSA-1", "CVE-1"))
    judge(world, product)
    listed = record("GHSA-1", "CVE-1")
    listed["affected"][0]["versions"] = ["0.9.0", "0.9.1"]
    feed(world, tmp_path, listed, record("AAA-1", "CVE-1", fixed="1.5.0"))
    assert [(m.again, m.counts) for m in matches(world, product)] == [("", False)]
    feed(
        world, tmp_path, record("GHSA-1", "CVE-1", fixed="3.0.0"), {"id": "AAA-1", "withdrawn": "2026-01-01T00:00:00Z"}
    )
    assert [(m.again, m.counts) for m in matches(world, product)] == [("range", True)]


@pytest.mark.parametrize("first", ["AAA-1", "ZZZ-1"])
def test_what_one_record_tells_of_a_flaw_is_told_of_the_flaw(world, product, tmp_path, first):
    feed(world, tmp_path, record(first, "GHSA-1"), record("GHSA-1", "CVE-2024-77"))
    catalogue = {"catalogVersion": "1", "dateReleased": "2026-11-01", "count": 1}
    catalogue["vulnerabilities"] = [{"cveID": "CVE-2024-77", "dateAdded": "2026-11-01"}]
    (tmp_path / "kev.json").write_text(json.dumps(catalogue))
    with world.session() as session:
        feeds.load_feed(session, None, read_feed(tmp_path / "kev.json"))
    assert [(m.flaw, m.exploited) for m in matches(world, product)] == [("CVE-2024-77", True)]


def test_a_flaw_of_several_records_is_mended_where_all_say_so(world, product, tmp_path):
    feed(world, tmp_path, record("GHSA-1", "CVE-1", fixed="1.2.3"), record("PYSEC-1", "CVE-1", fixed="1.2.4"))
    assert [m.fixed_in for m in matches(world, product)] == [("1.2.4",)]


def test_a_flaw_that_a_team_wrote_under_another_name_counts_once_and_goes_once_judged(world, product, tmp_path):
    held = component(world, product, "metabase")
    with world.database.writing() as session:
        row = session.get(Component, held.id)
        row.purl, row.version = "pkg:npm/a@1.0.0", "1.0.0"
        session.add(Vulnerability(id=new_id(), component_id=held.id, name="GHSA-1", cvss=9.8))
        note_change(session, [product.id])
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": "pkg:npm/b@1"}]))
    feed(world, tmp_path, record("GHSA-1", "CVE-2024-1"))

    def flaws() -> list[str]:
        with world.session(writing=False) as session:
            system = analysis.read_system(session, world.reload(product.slug))
        return [
            v.id
            for c in system.components
            if c.id == "metabase"
            for v in c.vulnerabilities
            if "2024" in v.id or "GHSA" in v.id
        ]

    assert flaws() == ["GHSA-1"]
    judge(world, product)
    assert flaws() == []


def test_an_older_file_neither_replaces_a_record_nor_brings_it_back(world, product, tmp_path):
    feed(world, tmp_path, record("GHSA-1", fixed="4.0.0", modified="2026-06-01T00:00:00Z"))
    feed(world, tmp_path, record("GHSA-1", fixed="3.0.0", modified="2025-01-01T00:00:00Z"))
    assert [m.fixed_in for m in matches(world, product)] == [("4.0.0",)]
    feed(world, tmp_path, record("GHSA-1", modified="2026-07-01T00:00:00Z", withdrawn="2026-07-01T00:00:00Z"))
    feed(world, tmp_path, record("GHSA-1", modified="2026-06-01T00:00:00Z"))
    assert matches(world, product) == []
    feed(world, tmp_path, record("GHSA-1", fixed="5.0.0", modified="2026-08-01T02:00:00+02:00"))
    assert [m.fixed_in for m in matches(world, product)] == [("5.0.0",)]


def test_a_record_about_two_flaws_makes_them_one_nowhere(world, product, tmp_path):
    """Nor does what another product carries change what is said of this one."""
    feed(world, tmp_path, record("GHSA-1", "CVE-1"), record("GHSA-2", "CVE-2"))
    (first, second), actor = matches(world, product), world.person()
    with world.session() as session:
        said = {"justification": Justification.CODE_NOT_REACHABLE, "reason": "jamais appelé", "until": None}
        flaw_judgements.judge_flaw(session, actor, product, first, state=FlawState.NOT_AFFECTED, **said)
    feed(world, tmp_path, record("GO-1", "CVE-1", "CVE-2"))
    told = {m.flaw: m.harmless for m in matches(world, product)}
    assert told == {first.flaw: True, second.flaw: False, "GO-1": False}


def test_a_record_about_two_flaws_is_one_where_nobody_else_tells_of_them(world, product, tmp_path):
    feed(world, tmp_path, record("GO-1", "CVE-1", "CVE-2"), record("RUSTSEC-1", "CVE-2", "CVE-1"))
    (match,) = matches(world, product)
    assert match.names == {"GO-1", "RUSTSEC-1", "CVE-1", "CVE-2"}
    team = world.visitor(world.person())
    page = team.get("/produits/guichet/failles").text
    assert "avec CVE-2" in page
    asked = {"composant": match.component_ref, "paquet": match.package, "version": match.version, "faille": match.flaw}
    assert "avec CVE-2" in team.get("/produits/guichet/failles/juger", query_string=asked).text


def test_a_judgement_to_give_anew_is_not_exported(world, product, tmp_path):
    feed(world, tmp_path, record("GHSA-1", "CVE-1", fixed="3.0.0"))
    judge(world, product)
    team = world.visitor(world.person())

    def exported():
        return json.loads(team.get("/produits/guichet/vex.cdx.json").get_data()).get("vulnerabilities", [])

    assert [(one["id"], [r["id"] for r in one["references"]]) for one in exported()] == [("CVE-1", ["GHSA-1"])]
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": "pkg:npm/a@2.0.0"}]))
    assert exported() == []


def test_what_runs_counts_though_a_list_holds_it_for_development(world, product, tmp_path):
    held = component(world, product, "web")
    with world.database.writing() as session:
        row = session.get(Component, held.id)
        row.purl, row.version = "pkg:npm/a@1.0.0", "1.0.0"
        note_change(session, [product.id])
    bring(world, product, held, bom(components=[{**LIBRARY, "purl": "pkg:npm/a@1.0.0", "scope": "excluded"}]))
    feed(world, tmp_path, record("GHSA-1", "CVE-1"))
    assert [(m.development, m.counts) for m in matches(world, product)] == [(False, True)]
