"""SBOM imported in one transaction, matched with what the feeds know, judged."""

import gzip
import io
import json
from datetime import date

import pytest
from sqlalchemy import func, select, update

from app.analysis import services as analysis
from app.feeds import services as feeds
from app.feeds.loading import UnreadableFeed, read_feed
from app.inventory import services as inventory
from app.inventory.models import Component
from app.packages import flaw_judgements, queries, sboms
from app.packages.importers.reading import UnreadableSbom
from app.packages.kinds import FlawState, Justification
from app.packages.models import Package, PackageUse, PackageVersion, Sbom
from app.platform.refusals import Refusal
from app.products.changes import note_change
from risk_models.exposure.typed_ranges import read_range
from tests.factories.advisories import LOG4J, LOG4SHELL
from tests.factories.boms import BOMS, LIBRARY, REFUSED, bom
from tests.factories.packages import bring, feed, matches


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


@pytest.fixture
def java(world, product):
    with world.session() as session:
        return inventory.component_of(session, product.id, "web")


def counts(world):
    with world.session(writing=False) as session:
        return [
            session.scalar(select(func.count()).select_from(t)) for t in (Package, PackageVersion, PackageUse, Sbom)
        ]


def test_an_import_is_kept_once_and_the_same_file_changes_nothing(world, product, java):
    content = (BOMS / "application.cdx.json").read_bytes()
    first = bring(world, product, java, content)
    assert (first.count, first.new_packages, first.services, first.unchanged) == (4, 4, 2, False)
    before = counts(world)
    assert bring(world, product, java, content).unchanged
    assert counts(world) == before
    with world.session(writing=False) as session:
        names = {c.name: c for c in inventory.read_inventory(session, product.id).components}
        assert (names["Paiement"].supplier, names["Paiement"].data) == ("Banque Exemple", ["personal"])
        assert "hosting" in names["Paiement"].assumed


def test_the_next_import_takes_the_place_of_the_one_before(world, product, java):
    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    with world.session(writing=False) as session:
        row = session.get(Component, java.id)
        seen = sboms.preview_sbom(session, row, io.BytesIO(bom(components=[LIBRARY])), "x.json")
        assert (seen.added_count, seen.changed_count, seen.gone_count) == (1, 0, 4)
    bring(world, product, java, bom(components=[LIBRARY]))
    with world.session(writing=False) as session:
        assert [u.version for u in queries.find_users(session, "pkg:npm/a")] == ["1"]
        assert [u for u in queries.find_users(session, LOG4J) if u.component_ref == "web"] == []


@pytest.mark.parametrize("damage", ["truncated", "not_a_list", "not_json"])
def test_a_refused_file_leaves_nothing_behind(world, product, java, damage):
    bring(world, product, java, bom(components=[LIBRARY]))
    before = counts(world)
    with pytest.raises(UnreadableSbom):
        bring(world, product, java, REFUSED[damage])
    assert counts(world) == before


def test_who_uses_a_package_tells_exposed_unknown_and_whom_to_call(world, product, java):
    components = [{**LIBRARY, "bom-ref": str(n), "purl": f"{LOG4J}@{v}"} for n, v in enumerate(("2.14.1", "2.17.1"))]
    components.append({**LIBRARY, "bom-ref": "x", "purl": LOG4J, "version": "latest"})
    bring(world, product, java, bom(components=components))
    with world.session(writing=False) as session:
        found = queries.find_users(session, LOG4J, read_range(LOG4J, ">=2.0,<2.17.1"))
        told = [(u.version, u.verdict) for u in found if u.component_ref == "web"]
        assert told == [("2.14.1", "exposed"), ("latest", "unknown")]
        assert queries.find_users(session, LOG4J, read_range(LOG4J, "*"), products=[]) == []
        assert queries.packages_called(session, "LOG4J-core") == [LOG4J]
        assert [u.product for u in queries.components_called(session, "metab")] == ["Guichet"]


def test_a_flaw_is_matched_judged_and_asked_again(world, product, java, tmp_path):
    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    (match,), actor = matches(world, product), world.person()
    assert (match.flaw, match.package, match.verdict, match.counts) == ("CVE-2021-44228", LOG4J, "exposed", True)
    said = {"reason": "JNDI désactivé", "until": None, "justification": Justification.PROTECTED_AT_PERIMETER}
    with world.session() as session:
        flaw_judgements.judge_flaw(session, actor, product, match, state=FlawState.NOT_AFFECTED, **said)
    (match,) = matches(world, product)
    assert (match.counts, match.again) == (False, "")

    bring(world, product, java, bom(components=[LIBRARY, {**LIBRARY, "bom-ref": "l", "purl": f"{LOG4J}@2.14.1"}]))
    assert [(m.counts, m.again) for m in matches(world, product)] == [(False, "")]  # carried over
    bring(world, product, java, bom(components=[{**LIBRARY, "purl": f"{LOG4J}@2.14.0"}]))
    assert [(m.counts, m.again) for m in matches(world, product)] == [(True, "version")]


def test_a_judgement_is_asked_again_when_the_range_changes(world, product, java, tmp_path):
    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    (match,), actor = matches(world, product), world.person()
    with world.session() as session:
        flaw_judgements.judge_flaw(
            session,
            actor,
            product,
            match,
            state=FlawState.RESOLVED,
            justification=None,
            reason="retouché",
            until=None,
        )
    wider = json.loads(json.dumps(LOG4SHELL).replace("2.15.0", "2.16.0"))
    feed(world, tmp_path, wider)
    assert [(m.counts, m.again) for m in matches(world, product)] == [(True, "range")]
    feed(world, tmp_path, {**wider, "withdrawn": "2022-01-01T00:00:00Z"})
    assert matches(world, product) == []


def test_an_accepted_risk_needs_an_end_and_not_affected_a_reason(world, product, java, tmp_path):
    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    (match,), actor = matches(world, product), world.person()
    for state, field in ((FlawState.ACCEPTED, "until"), (FlawState.NOT_AFFECTED, "justification")):
        with world.session() as session, pytest.raises(Refusal) as refusal:
            flaw_judgements.judge_flaw(
                session, actor, product, match, state=state, justification=None, reason="x", until=None
            )
        assert refusal.value.field == field


def test_the_ranking_follows_what_an_sbom_carries(world, product, java, tmp_path):
    from app.analysis import services as analysis

    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    with world.session(writing=False) as session:
        before = analysis.read_system(session, world.reload("guichet"))
    feed(world, tmp_path, LOG4SHELL)
    with world.session(writing=False) as session:
        after = analysis.read_system(session, world.reload("guichet"))
        described = analysis.described_system(session, world.reload("guichet"))
    added = {c.id for c in after.components} - {c.id for c in before.components}
    assert added == {f"{LOG4J}@2.14.1", LOG4J}, "the second is inside its old Metabase"
    assert added.isdisjoint(c.id for c in described.components)
    assert analysis.assess_system(after).loss > analysis.assess_system(before).loss


def test_feeds_say_when_they_cannot_be_trusted(world, tmp_path):
    def alarms():
        with world.session(writing=False) as session:
            return {s.name.value: s.alarm for s in feeds.read_feeds(session)}

    assert set(alarms().values()) == {"absent"}
    feed(world, tmp_path, LOG4SHELL)
    assert alarms()["osv"] == "old"
    with pytest.raises(UnreadableFeed):
        feed(world, tmp_path, {"id": "x"})


KEV = {"catalogVersion": "1", "dateReleased": "2026-01-02T00:00:00Z", "count": 1}
KEV["vulnerabilities"] = [{"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10", "knownRansomwareCampaignUse": "Known"}]
EPSS = (
    "#model_version:v2025.03.14,score_date:2026-01-02T00:00:00+0000\ncve,epss,percentile\nCVE-2021-44228,0.94358,0.99\n"
)
EOL = {"schema_version": "1.2.0", "generated_at": "2026-01-02T00:00:00+00:00"}
EOL["result"] = [{"name": "rails", "releases": [{"name": "7.0", "isEol": True, "eolFrom": "2025-04-01"}]}]


def test_every_feed_is_known_by_its_content_and_counts_in_the_match(world, product, java, tmp_path):
    for name, text in (("kev", json.dumps(KEV)), ("epss", EPSS), ("eol", json.dumps(EOL))):
        file = tmp_path / f"{name}.txt"
        file.write_text(text)
        with world.session() as session:
            assert feeds.load_feed(session, None, read_feed(file)) == 1
    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    (match,) = matches(world, product)
    assert (match.exploited, match.epss) == (True, 0.94358)
    older = {**KEV, "dateReleased": "2025-01-02T00:00:00Z"}
    file.write_text(json.dumps(older))
    with world.session() as session, pytest.raises(Refusal):
        feeds.load_feed(session, None, read_feed(file))


CYCLES = [{"cycle": "1.16", "eol": False}, {"cycle": "1.14", "eol": True}, {"cycle": "1.12", "eol": "2020-01-02"}]
RELEASES = [
    {"name": "1.16", "isEol": False, "eolFrom": None},
    {"name": "1.14", "isEol": True, "eolFrom": None},
    {"name": "1.12", "isEol": True, "eolFrom": "2020-01-02"},
]


@pytest.mark.parametrize("said", [CYCLES, {"result": {"name": "go", "releases": RELEASES}}])
def test_a_version_that_has_ended_without_a_day_has_ended(world, product, tmp_path, said):
    file = tmp_path / "go.json"
    file.write_text(json.dumps(said))
    with world.session() as session:
        assert feeds.load_feed(session, None, read_feed(file)) == 3
    expected = {"1.16": (None, False), "1.14": (None, True), "1.12": (date(2020, 1, 2), False)}
    for cycle, end in expected.items():
        with world.session() as session:
            session.execute(update(Component).where(Component.ref == "web").values(eol_product="go", eol_cycle=cycle))
            session.execute(update(Component).where(Component.ref == "web").values(eol_date=None))
            note_change(session, [product.id])
            session.commit()
        with world.session(writing=False) as session:
            web = next(c for c in analysis.read_system(session, world.reload("guichet")).components if c.id == "web")
        assert (web.eol.date, web.eol.ended) == end
        assert web.eol.is_past(date(2026, 11, 30)) is (cycle != "1.16")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("zeros.json", bytes(100_000), "neither JSON, CSV nor zip"),
        ("page.html", b"<!doctype html>", "neither JSON, CSV nor zip"),
        ("zeros.csv.gz", gzip.compress(bytes(100_000)), "a line of more than 1000 characters"),
        ("long.csv", b"cve,epss,percentile\nCVE-" + b"1" * 2_000, "a line of more than 1000 characters"),
    ],
)
def test_a_file_that_is_no_feed_is_refused_before_it_is_read_whole(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFeed, match=said):
        read_feed(tmp_path / name)


def test_a_search_without_release_finds_what_a_team_says_of_one(world, product, java, tmp_path):
    expat = "pkg:deb/debian/libexpat1@2.5.0-1?distro=debian-12&upstream=expat"
    bring(world, product, java, bom(components=[{**LIBRARY, "name": "libexpat1", "version": "2.5.0-1", "purl": expat}]))
    versions = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.5.0-1+deb12u1"}]}
    affected = [{"package": {"ecosystem": "Debian:12", "name": "expat"}, "ranges": [versions]}]
    feed(world, tmp_path, {"id": "DEBIAN-CVE-2099-1", "upstream": ["CVE-2099-1"], "affected": affected})
    (match,), actor = matches(world, product), world.person()
    with world.session() as session:
        said = {"justification": Justification.CODE_NOT_REACHABLE, "reason": "aucun XML", "until": None}
        flaw_judgements.judge_flaw(session, actor, product, match, state=FlawState.NOT_AFFECTED, **said)
    with world.session(writing=False) as session:
        for name in ("pkg:deb/debian/libexpat1", "pkg:deb/debian/expat"):
            (use,) = queries.with_known_flaws(session, queries.find_users(session, name, read_range(name, "<2.6")))
            assert (use.package, use.judged) == (match.package, ("CVE-2099-1",))
