"""SBOM and lock files: read, imported in one transaction, refused clearly, matched with what the feeds know."""

import io
import json
import random
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.feeds import services as feeds
from app.feeds.loading import UnreadableFeed, read_feed
from app.inventory import services as inventory
from app.inventory.models import Component
from app.packages import judging, matching, queries, sboms
from app.packages.importers import open_reading
from app.packages.importers.reading import UnreadableSbom
from app.packages.judgements import FlawState, Justification
from app.packages.models import Package, PackageUse, PackageVersion, Sbom
from app.platform.refusals import Refusal
from tests.conftest import REAL_DATA
from tests.risk_models.test_exposure import LOG4J, LOG4SHELL

BOMS = Path(__file__).parent.parent / "data" / "boms"
CORE = (LOG4J, "2.14.1")
EXPECTED = {
    "application.cdx.json": {
        CORE,
        ("pkg:maven/org.apache.logging.log4j/log4j-api", "2.14.1"),
        ("pkg:maven/log4j/log4j", "1.2.17"),
        ("pkg:generic/maison", "3"),
    },
    "application.cdx.xml": {CORE, ("pkg:generic/maison", "3")},
    "application.spdx.json": {CORE, ("pkg:generic/maison", "3")},
    "package-lock.json": {
        ("pkg:npm/lodash", "4.17.20"),
        ("pkg:npm/lodash", "3.10.1"),
        ("pkg:npm/%40angular/core", "17.0.1"),
    },
    "yarn.lock": {("pkg:npm/lodash", "4.17.20"), ("pkg:npm/%40angular/core", "17.0.1")},
    "pnpm-lock.yaml": {("pkg:npm/lodash", "4.17.20"), ("pkg:npm/%40angular/core", "17.0.1")},
    "poetry.lock": {("pkg:pypi/django", "4.0.5"), ("pkg:pypi/psycopg2-binary", "2.9.9")},
    "uv.lock": {("pkg:pypi/django", "4.0.5")},
    "requirements.txt": {
        ("pkg:pypi/django", "4.0.5"),
        ("pkg:pypi/psycopg2-binary", "2.9.9"),
        ("pkg:pypi/requests", ""),
    },
    "Gemfile.lock": {("pkg:gem/nokogiri", "1.15.4"), ("pkg:gem/rails", "7.0.4")},
    "composer.lock": {("pkg:composer/symfony/http-kernel", "v5.4.19"), ("pkg:composer/phpunit/phpunit", "9.6.0")},
    "pom.xml": {CORE, ("pkg:maven/org.springframework/spring-beans", "")},
    "go.sum": {("pkg:golang/golang.org/x/net", "v0.6.0")},
    "Cargo.lock": {("pkg:cargo/serde", "1.0.190")},
}


def read(content: bytes, name: str):
    reading = open_reading(io.BytesIO(content), name)
    return reading, set(reading.packages)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_format_gives_its_packages(name):
    assert read((BOMS / name).read_bytes(), name)[1] == EXPECTED[name]


def test_a_bom_tells_its_date_its_services_and_what_was_odd():
    reading, _ = read((BOMS / "application.cdx.json").read_bytes(), "x.json")
    assert (reading.format, reading.describes) == ("CycloneDX 1.6 JSON", "guichet")
    assert reading.dated.isoformat() == "2026-03-02T10:00:00+00:00"
    assert [(s.name, s.provider, s.authenticated, s.data) for s in reading.services] == [
        ("Paiement", "Banque Exemple", True, ("PII",)),
        ("Antifraude", "", None, ()),
    ]
    assert reading.service_links == [("s1", "s2")]
    assert reading.odd == {"no_purl": (1, "maison")}


def bom(**more) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [], **more}).encode()


LIBRARY = {"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1", "bom-ref": "a"}
REFUSED = {
    "empty": b"  ",
    "truncated": (BOMS / "application.cdx.json").read_bytes()[:700],
    "html": b"<!DOCTYPE html><html><body>404</body></html>",
    "wrong_encoding": "{}".encode("utf-16"),
    "compressed": b"PK\x03\x04....",
    "unknown_format": b"bonjour",
    "not_cyclonedx": b'{"bomFormat": "Autre", "components": []}',
    "not_a_list": bom(components={"a": 1}),
    "not_json": b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [,]}',
    "xml_entities": b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa">]><bom xmlns="http://cyclonedx.org/schema/bom/1.5">&a;</bom>',
    "not_xml": b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components></bom>',
    "too_nested": b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5">' + b"<x>" * 300,
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_read_is_refused_by_its_name(code):
    with pytest.raises(UnreadableSbom) as error:
        read(REFUSED[code], "fichier.json")
    assert error.value.code == code
    assert error.value.text("fr") != error.value.text("en")


ODD = {
    "wrong_purl": bom(components=[{**LIBRARY, "purl": "ceci n'est pas"}]),
    "duplicate_ref": bom(components=[LIBRARY, LIBRARY]),
    "unknown_ref": bom(components=[LIBRARY], dependencies=[{"ref": "a", "dependsOn": ["z"]}]),
    "date_without_zone": bom(metadata={"timestamp": "2026-03-02T10:00:00"}),
    "wrong_date": bom(metadata={"timestamp": "hier"}),
    "version_not_text": bom(components=[{**LIBRARY, "purl": None, "version": 1.5}]),
    "not_a_component": bom(components=[None, 3]),
    "no_name": bom(components=[{"type": "library"}]),
    "unknown_spec_version": bom(specVersion="9.9"),
    "not_a_boolean": bom(services=[{"name": "s", "authenticated": "false"}]),
    "not_a_service": bom(services=[{"description": "?"}]),
    "too_long": bom(components=[{**LIBRARY, "purl": "pkg:npm/" + "a" * 600 + "@1"}]),
}


@pytest.mark.parametrize("code", ODD)
def test_what_is_odd_is_counted_and_listed(code):
    reading, _ = read(ODD[code], "x.json")
    assert reading.odd[code][0] >= 1


def test_null_lists_cycles_and_a_byte_order_mark_are_read():
    cycle = [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b", "dependsOn": ["a"]}]
    assert read(bom(components=None, services=None, dependencies=None), "x.json")[1] == set()
    both = bom(components=[LIBRARY, {**LIBRARY, "bom-ref": "b"}], dependencies=cycle)
    reading, packages = read(b"\xef\xbb\xbf" + both, "x.json")
    assert (packages, reading.odd) == ({("pkg:npm/a", "1")}, {})


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the folder of real data is not beside this checkout")
def test_the_specification_s_own_valid_files_all_import():
    files = sorted((REAL_DATA / "cyclonedx" / "specification").glob("*/valid-*"))
    assert len(files) > 100
    for file in files:
        read(file.read_bytes(), file.name)


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the folder of real data is not beside this checkout")
def test_the_specification_s_own_invalid_files_are_refused_or_say_so():
    files = sorted((REAL_DATA / "cyclonedx" / "specification").glob("*/invalid-*"))
    assert len(files) > 50
    for file in files:
        try:
            reading, _ = read(file.read_bytes(), file.name)
        except UnreadableSbom:
            continue
        assert {"not_in_schema", "unknown_spec_version"} & reading.odd.keys(), file.name


def test_a_file_outside_its_schema_is_read_and_says_what_is_wrong():
    reading, packages = read(bom(components=[{**LIBRARY, "type": "inconnu"}]), "x.json")
    assert packages == {("pkg:npm/a", "1")}
    assert reading.odd["not_in_schema"][0] == 1
    large = bom(components=[{**LIBRARY, "bom-ref": f"{n:0>1200}"} for n in range(5000)])
    assert read(large, "x.json")[0].odd.keys() == {"not_compared"}


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One to four small damages: bytes changed, cut, doubled, or a value put in the place of another."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data)) if data else 0
        match rng.randrange(5):
            case 0 if data:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 60)]
            case 2:
                data[at:at] = data[at : at + rng.randint(1, 60)]
            case 3:
                data[at:at] = rng.choice(
                    [b"null", b"[]", b"{}", b'"', b"1e999", b"\x00", b"\xff", b"<", b"&a;", b"]]>"]
                )
            case _:
                data = data[: rng.randrange(len(data) + 1)]
    return bytes(data)


# By `make fuzz` 10,000 of each; each run of the tests tries these, always the same.
@pytest.mark.parametrize("name", EXPECTED)
def test_damaged_files_are_read_or_refused_never_worse(name, request):
    count = 10_000 if request.config.getoption("--hypothesis-profile") == "fuzz" else 400
    content = (BOMS / name).read_bytes()
    rng = random.Random(name)
    for _ in range(count):
        try:
            _, packages = read(mutated(content, rng), name)
        except UnreadableSbom as error:
            assert error.text("fr")
        else:
            assert all(len(p) <= 500 and len(v) <= 100 and "\0" not in p + v for p, v in packages)


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


@pytest.fixture
def java(world, product):
    with world.session() as session:
        return inventory.component_of(session, product.id, "web")


def bring(world, product, component, content: bytes, name: str = "bom.json"):
    actor = world.person()
    with world.session() as session:
        row = session.get(Component, component.id)
        return sboms.import_sbom(session, actor, product, row, io.BytesIO(content), name)


def feed(world, tmp_path, *records) -> None:
    file = tmp_path / "osv.json"
    file.write_text(json.dumps(list(records)))
    with world.session() as session:
        feeds.load(session, None, read_feed(file))


def matches(world, product):
    with world.session(writing=False) as session:
        return matching.matches_of(session, [product.id])[product.id]


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
        names = {c.name: c for c in inventory.read(session, product.id).components}
        assert (names["Paiement"].supplier, names["Paiement"].data) == ("Banque Exemple", ["personal"])
        assert "hosting" in names["Paiement"].assumed


def test_the_next_import_takes_the_place_of_the_one_before(world, product, java):
    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    with world.session(writing=False) as session:
        row = session.get(Component, java.id)
        seen = sboms.preview(session, row, io.BytesIO(bom(components=[LIBRARY])), "x.json")
        assert (seen.added_count, seen.changed_count, seen.gone_count) == (1, 0, 4)
    bring(world, product, java, bom(components=[LIBRARY]))
    with world.session(writing=False) as session:
        assert [u.version for u in queries.who_uses(session, "pkg:npm/a")] == ["1"]
        assert [u for u in queries.who_uses(session, LOG4J) if u.component_ref == "web"] == []


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
        from risk_models.exposure import read_range

        found = queries.who_uses(session, LOG4J, read_range(LOG4J, ">=2.0,<2.17.1"))
        told = [(u.version, u.verdict) for u in found if u.component_ref == "web"]
        assert told == [("2.14.1", "exposed"), ("latest", "unknown")]
        assert queries.who_uses(session, LOG4J, read_range(LOG4J, "*"), products=[]) == []
        assert queries.packages_called(session, "LOG4J-core") == [LOG4J]
        assert [u.product for u in queries.components_called(session, "metab")] == ["Guichet"]


def test_a_flaw_is_matched_judged_and_asked_again(world, product, java, tmp_path):
    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    (match,), actor = matches(world, product), world.person()
    assert (match.flaw, match.package, match.verdict, match.counts) == ("CVE-2021-44228", LOG4J, "exposed", True)
    said = {"reason": "JNDI désactivé", "until": None, "justification": Justification.PROTECTED_AT_PERIMETER}
    with world.session() as session:
        judging.judge(session, actor, product, match, state=FlawState.NOT_AFFECTED, **said)
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
        judging.judge(
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
            judging.judge(session, actor, product, match, state=state, justification=None, reason="x", until=None)
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
    assert added == {f"{LOG4J}@2.14.1"}
    assert added.isdisjoint(c.id for c in described.components)
    assert analysis.assess(after).loss > analysis.assess(before).loss


def test_feeds_say_when_they_cannot_be_trusted(world, tmp_path):
    def alarms():
        with world.session(writing=False) as session:
            return {s.name.value: s.alarm for s in feeds.states(session)}

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
            assert feeds.load(session, None, read_feed(file)) == 1
    bring(world, product, java, (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    (match,) = matches(world, product)
    assert (match.exploited, match.epss) == (True, 0.94358)
    older = {**KEV, "dateReleased": "2025-01-02T00:00:00Z"}
    file.write_text(json.dumps(older))
    with world.session() as session, pytest.raises(Refusal):
        feeds.load(session, None, read_feed(file))
