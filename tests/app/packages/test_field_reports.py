"""Inputs that public reports describe, and what must come out of each; those of ../shared where they are beside this checkout.

Each stands for a kind of fault: a page that is empty, green or wrong and says nothing.
"""

import json

import pytest
from sqlalchemy import func, select, text

from app.feeds import services as feeds
from app.feeds.loading import read_feed
from app.inventory import services as inventory
from app.packages.importers.reading import UnreadableSbom
from app.packages.models import Sbom
from tests.conftest import REAL_DATA
from tests.factories.advisories import ends, osv
from tests.factories.migrated import upgrade_filled
from tests.factories.packages import bring, feed, matches

REPORTS = REAL_DATA / "field-reports"
beside = pytest.mark.skipif(not REPORTS.is_dir(), reason="the folder of real data is not beside this checkout")


def loaded(world, name: str) -> None:
    with world.session() as session:
        feeds.load_feed(session, None, read_feed(REPORTS / name))


@pytest.fixture
def carried(world):
    """Brings an SBOM to the first component of a product; gives its flaws, by package and flaw."""
    product = world.filled(world.person())
    with world.session() as session:
        component = inventory.component_of(session, product.id, "web")

    def found(content: bytes, name: str = "bom.json"):
        outcome = bring(world, product, component, content, name)
        said = {(m.package, m.flaw): m for m in matches(world, product) if m.embedded}
        return outcome, said

    return found


# The SBOM, the advisories, and what is said: package, flaw and verdict.
EXPECTED = {
    "03-nuget-lower.cdx.json": (
        "03-nuget.osv.json",
        {
            ("pkg:nuget/newtonsoft.json", "CVE-2024-21907"): "exposed",
            ("pkg:nuget/microsoft.netcore.app.runtime.linux-arm", "CVE-2024-30105"): "exposed",
        },
    ),
    "04-debian-expat.cdx.json": ("04-debian-expat.osv.json", {}),
    "05-debian-perl-base.cdx.json": (
        "05-debian-perl.osv.json",
        {
            ("pkg:deb/debian/perl-base?distro=debian-13", "CVE-2026-8376"): "exposed",
            ("pkg:deb/debian/libssl3?distro=debian-12", "CVE-2024-0727"): "exposed",
        },
    ),
    "07-next.cdx.json": ("07-next.osv.json", {("pkg:npm/next", "CVE-2025-59472"): "exposed"}),
    "08-scoped-purls.cdx.json": (
        "08-scoped.osv.json",
        {
            ("pkg:npm/%40vue/compiler-sfc", "GHSA-x000-0000-0002"): "exposed",
            ("pkg:npm/%40ai-sdk/react", "GHSA-x000-0000-0003"): "exposed",
            ("pkg:npm/%40angular/animations", "GHSA-x000-0000-0004"): "exposed",
            ("pkg:npm/%40hapi/hoek", "GHSA-22h7-7wwg-qmgg"): "exposed",
        },
    ),
    "09-go-std.cdx.json": ("09-go-std.osv.json", {("pkg:golang/stdlib", "CVE-2024-45341"): "exposed"}),
    "31-pub/app.cdx.json": ("31-pub/pub.osv.json", {("pkg:pub/camera_android", "GHSA-x000-0000-0031"): "exposed"}),
}


@beside
@pytest.mark.parametrize("name", EXPECTED)
def test_what_must_come_out_of_a_report_comes_out(world, carried, name):
    advisories, expected = EXPECTED[name]
    loaded(world, advisories)
    _, said = carried((REPORTS / name).read_bytes())
    assert {key: m.verdict.value for key, m in said.items()} == expected
    assert all(m.fixed_in == () for key, m in said.items() if key[0] == "pkg:npm/next")


@beside
def test_formats_of_reports_are_read(world, carried):
    outcome, _ = carried((REPORTS / "01-github-sbom-wrapped.json").read_bytes())
    assert outcome.count > 0 and outcome.format.startswith("SPDX 2")
    outcome, _ = carried((REPORTS / "15-spdx3.spdx.json").read_bytes())
    assert (outcome.count, outcome.format) == (1, "SPDX 3.0.1 JSON-LD")


def test_a_file_in_which_nothing_is_found_is_no_success(world, carried):
    for content, name in ((bom(), "bom.json"), (b'{"packages": {}}', "package-lock.json"), (b"", "go.sum")):
        with pytest.raises(UnreadableSbom) as error:
            carried(content, name)
        assert error.value.code == ("nothing_found" if content else "empty")
    assert "quel est ce fichier" in UnreadableSbom("nothing_found", name="x", size=1, format="y").text("fr")
    with world.session(writing=False) as session:
        assert session.scalar(select(func.count(Sbom.id))) == 0


def bom(*purls: str) -> bytes:
    components = [{"type": "library", "name": purl.partition("@")[0], "purl": purl} for purl in purls]
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}).encode()


def of_debian(name: str, *releases: tuple[str, str], upstream=("CVE-2026-1111",), record="DEBIAN-CVE-2026-1111"):
    said = {"id": record, "modified": "2026-10-01T00:00:00Z", "upstream": list(upstream), "affected": []}
    for release, fixed in releases:
        span = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}
        said["affected"].append({"package": {"ecosystem": f"Debian:{release}", "name": name}, "ranges": [span]})
    return said


def test_a_distribution_speaks_of_its_releases_and_of_its_sources(world, carried, tmp_path):
    feed(world, tmp_path, of_debian("openssl", ("12", "3.0.13-1"), ("13", "3.2.1-1")))
    _, said = carried(
        bom(
            "pkg:deb/debian/openssl@3.0.13-1?distro=debian-12",
            "pkg:deb/debian/openssl@3.0.13-1?distro=debian-13",
            "pkg:deb/debian/openssl@3.0.13-1",
            "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl",
        )
    )
    assert {package.partition("/debian/")[2]: m.verdict.value for (package, _), m in said.items()} == {
        "openssl?distro=debian-13": "exposed",
        "openssl": "unknown",
        "libssl3?distro=debian-12": "exposed",
    }
    assert {flaw for _, flaw in said} == {"CVE-2026-1111"}


def test_the_flaws_that_a_record_is_about_tell_whether_they_are_exploited(world, carried, tmp_path):
    several = ("CVE-2026-1111", "CVE-2026-2222")
    feed(world, tmp_path, of_debian("expat", ("12", "2.6"), upstream=several, record="DSA-1-1"))
    catalogue = {"catalogVersion": "1", "dateReleased": "2026-11-01", "count": 1}
    catalogue |= {"vulnerabilities": [{"cveID": "CVE-2026-2222", "dateAdded": "2026-11-01"}]}
    file = tmp_path / "kev.json"
    file.write_text(json.dumps(catalogue))
    with world.session() as session:
        feeds.load_feed(session, None, read_feed(file))
    _, said = carried(bom("pkg:deb/debian/expat@2.5?distro=debian-12"))
    [match] = said.values()
    assert (match.flaw, match.exploited) == ("DSA-1-1", True)


@beside
def test_what_development_alone_wants_is_told_apart(world, carried):
    loaded(world, "23-lodash.osv.json")
    outcome, said = carried((REPORTS / "23-scope.cdx.json").read_bytes())
    match = said["pkg:npm/lodash", "CVE-2020-8203"]
    assert (match.verdict.value, match.development, match.counts) == ("exposed", True, False)
    assert outcome.count == 3  # neither a file nor the system is a package


def test_what_runs_holds_it_where_one_line_says_so(world, carried, tmp_path):
    feed(world, tmp_path, osv(ends("0", "2.0"), name="a", ecosystem="npm"))
    aside = {"type": "library", "name": "a", "purl": "pkg:npm/a@1.0", "scope": "excluded"}
    listed = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [aside]}
    _, said = carried(json.dumps(listed).encode())
    assert [m.development for m in said.values()] == [True]
    listed["components"].append(aside | {"scope": "required"})
    _, said = carried(json.dumps(listed).encode())
    assert [m.development for m in said.values()] == [False]
    lock = {"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0", "dev": True}}}
    _, said = carried(json.dumps(lock).encode(), "package-lock.json")
    assert [(m.development, m.counts) for m in said.values()] == [(True, False)]


def test_a_flaw_that_records_call_differently_is_one(world, carried, tmp_path):
    one = osv(ends("0", "2.0"), name="golang.org/x/crypto", ecosystem="Go") | {"id": "GO-2022-0968"}
    one["aliases"] = ["GHSA-gwc9-m7rh-j2ww"]
    other = osv(ends("0", "2.0"), name="golang.org/x/crypto", ecosystem="Go") | {"id": "GHSA-gwc9-m7rh-j2ww"}
    other["aliases"] = ["CVE-2021-43565"]
    feed(world, tmp_path, one, other)
    _, said = carried(bom("pkg:golang/golang.org/x/crypto@v1.0.0"))
    [match] = said.values()
    assert match.flaw == "CVE-2021-43565"
    assert match.names == {"CVE-2021-43565", "GHSA-gwc9-m7rh-j2ww", "GO-2022-0968"}


def test_the_migration_makes_one_of_packages_written_differently(tmp_path):
    engine = upgrade_filled(
        tmp_path,
        "0079",
        (
            "INSERT INTO package (id, purl, name) VALUES (1, 'pkg:nuget/Newtonsoft.Json', 'newtonsoft.json'),"
            " (2, 'pkg:nuget/newtonsoft.json', 'newtonsoft.json'), (3, 'pkg:pub/build-runner', 'build-runner')",
            "INSERT INTO package_version (id, package_id, version)"
            " VALUES (1, 1, '12.0.3'), (2, 2, '12.0.3'), (3, 2, '13.0.1'), (4, 3, '2.0.0')",
            "INSERT INTO sbom (id, component_id, product_id, file_name, format, sha256, imported_at, imported_by, count,"
            " exceptions) SELECT n, n, 'p', '', '', '', '2026-01-01', '', 0, '[]'"
            " FROM (SELECT 7 AS n UNION SELECT 8 UNION SELECT 9)",
            "INSERT INTO package_use (version_id, sbom_id) VALUES (1, 7), (2, 7), (2, 8), (3, 9), (4, 9)",
            "INSERT INTO advisory (id, cve, aliases, summary) VALUES ('D', '', '[]', '')",
            "INSERT INTO advisory_package (advisory_id, package, affected)"
            " VALUES ('D', 'pkg:deb/debian/Expat', '{\"intervals\": [{}], \"versions\": [], \"unreadable\": false}')",
        ),
    )
    with engine.begin() as connection:
        used = connection.execute(
            text(
                "SELECT p.purl, v.version, u.sbom_id FROM package p JOIN package_version v ON v.package_id = p.id"
                " JOIN package_use u ON u.version_id = v.id ORDER BY 1, 2, 3"
            )
        ).all()
        advised = connection.execute(text("SELECT package, affected FROM advisory_package")).one()
    engine.dispose()
    assert [tuple(row) for row in used] == [
        ("pkg:nuget/newtonsoft.json", "12.0.3", 7),
        ("pkg:nuget/newtonsoft.json", "12.0.3", 8),
        ("pkg:nuget/newtonsoft.json", "13.0.1", 9),
        ("pkg:pub/build_runner", "2.0.0", 9),
    ]
    assert advised.package == "pkg:deb/debian/expat" and json.loads(advised.affected)["unreadable"] is True
