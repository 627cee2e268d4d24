"""Packages of distributions, built from a source that advisories name instead: whatever scanner tells it, and where."""

import json

import pytest
from sqlalchemy import text

from app.inventory.models import Component
from app.packages import exports, flaw_judgements, queries
from app.packages.kinds import FlawState, Justification
from app.products.changes import note_change
from risk_models.exposure.typed_ranges import read_range
from tests.factories.boms import bom
from tests.factories.inventory import component
from tests.factories.migrated import upgrade_filled
from tests.factories.packages import bring, feed, matches


def advisory(ecosystem: str, name: str, fixed: str, number: int = 1) -> dict:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    affected = [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges}]
    return {"id": f"X-{number}", "aliases": [f"CVE-2099-{number}"], "affected": affected}


def line(purl: str, **properties: str) -> dict:
    said = [{"name": name.replace("__", ":"), "value": value} for name, value in properties.items()]
    return {"type": "library", "name": purl.partition("@")[0].rpartition("/")[2], "purl": purl, "properties": said}


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


@pytest.fixture
def web(world, product):
    return component(world, product, "web")


TOLD = {
    "purl": line("pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl"),
    "trivy": line("pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12", aquasecurity__trivy__SrcName="openssl"),
    "syft": line("pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12", syft__metadata__source="openssl"),
}


def spdx(purl: str, **more: str) -> dict:
    ref = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
    return {"SPDXID": "SPDXRef-1", "name": "libssl3", "versionInfo": "3.0.11-1", "externalRefs": [ref], **more}


BUILT = "built package from: openssl 1:3.0.11-2"
TAGS = f"""SPDXVersion: SPDX-2.3
PackageName: libssl3
SPDXID: SPDXRef-1
PackageVersion: 3.0.11-1
PackageSourceInfo: <text>{BUILT}</text>
ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12
"""


@pytest.mark.parametrize("form", ["json", "tags"])
def test_the_source_that_trivy_tells_in_spdx_is_read(world, product, web, tmp_path, form):
    feed(world, tmp_path, advisory("Debian:12", "openssl", "1:3.0.12-1"))
    package = spdx("pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12", sourceInfo=BUILT)
    document = json.dumps({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": [package]})
    bring(world, product, web, (document if form == "json" else TAGS).encode())
    (match,) = matches(world, product)
    assert (match.verdict, match.fixed_of) == ("exposed", "openssl")


@pytest.mark.parametrize("source", ["@1", "acquired package info: dpkg", "built package from: @1", "a@\0"])
def test_a_source_that_cannot_be_kept_says_nothing(world, product, web, source):
    package = spdx("pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12", sourceInfo=source)
    bring(world, product, web, json.dumps({"spdxVersion": "SPDX-2.3", "packages": [package]}).encode())
    trivy = line("pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12", aquasecurity__trivy__SrcName=source)
    bring(world, product, web, bom(components=[trivy]))


@pytest.mark.parametrize("told", TOLD)
def test_each_scanner_tells_the_source_of_a_package(world, product, web, tmp_path, told):
    feed(world, tmp_path, advisory("Debian:12", "openssl", "3.0.13-1"))
    bring(world, product, web, bom(components=[TOLD[told]]))
    (match,) = matches(world, product)
    assert (match.package, match.version, match.verdict) == (
        "pkg:deb/debian/libssl3?distro=debian-12",
        "3.0.11-1",
        "exposed",
    )
    with world.session(writing=False) as session:
        for asked in ("pkg:deb/debian/openssl", "pkg:deb/debian/openssl?distro=debian-12", "pkg:deb/debian/libssl3"):
            (use,) = queries.find_users(session, asked, read_range(asked, "<3.0.13-1"))
            assert (use.package, use.verdict) == (match.package, "exposed")
        assert "pkg:deb/debian/openssl" in queries.packages_called(session, "openssl")
        written = json.loads(exports.inventory_bom(session, product))
    (found,) = (c for top in written["components"] for c in top.get("components", ()))
    assert found["purl"] == "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl"


def test_the_origin_of_alpine_and_the_version_of_a_source_are_read(world, product, web, tmp_path):
    feed(
        world,
        tmp_path,
        advisory("Alpine:v3.18", "openssl", "3.1.2-r0"),
        advisory("Debian:12", "gcc-defaults", "1.204", 2),
        advisory("Debian:12", "glibc", "2.36-9+deb12u4", 3),
    )
    bring(
        world,
        product,
        web,
        bom(
            components=[
                line(
                    "pkg:apk/alpine/libcrypto3@3.1.1-r1?distro=alpine-3.18.4", syft__metadata__originPackage="openssl"
                ),
                line("pkg:deb/debian/gcc@4:12.2.0-3?distro=debian-12&upstream=gcc-defaults%401.203"),
                line(
                    "pkg:deb/debian/libc6@9?distro=debian-12",
                    aquasecurity__trivy__SrcName="glibc",
                    aquasecurity__trivy__SrcVersion="2.36",
                    aquasecurity__trivy__SrcRelease="9+deb12u3",
                ),
            ]
        ),
    )
    assert {(m.flaw, m.verdict.value) for m in matches(world, product)} == {
        ("CVE-2099-1", "exposed"),
        ("CVE-2099-2", "exposed"),
        ("CVE-2099-3", "exposed"),
    }
    assert {m.flaw: (m.fixed_of, m.fixed_in) for m in matches(world, product)}["CVE-2099-2"] == (
        "gcc-defaults",
        ("1.204",),
    )
    with world.session(writing=False) as session:
        asked = "pkg:deb/debian/gcc-defaults?distro=debian-12"
        (use,) = queries.find_users(session, asked, read_range(asked, "<1.204"))
        assert (use.verdict, use.version) == ("exposed", "4:12.2.0-3")
        assert queries.find_users(session, asked, read_range(asked, "<1.203")) == []


def test_a_judgement_stays_whatever_is_told_of_the_source(world, product, web, tmp_path):
    feed(world, tmp_path, advisory("Debian:12", "gcc", "99"))
    purl = "pkg:deb/debian/gcc@12.2.0-3?distro=debian-12"
    bring(world, product, web, bom(components=[line(f"{purl}&upstream=gcc-defaults%401.203")]))
    (match,), actor = matches(world, product), world.person()
    with world.session() as session:
        said = {"justification": Justification.CODE_NOT_REACHABLE, "reason": "jamais appelé", "until": None}
        flaw_judgements.judge_flaw(session, actor, product, match, state=FlawState.NOT_AFFECTED, **said)
    bring(world, product, web, bom(components=[line(purl)]))
    assert [m.counts for m in matches(world, product)] == [False]
    bring(world, product, web, bom(components=[line(f"{purl[:-16]}4{purl[-17:]}")]))
    bring(world, product, web, bom(components=[line(purl.replace("0-3", "0-4") + "&upstream=gcc-defaults%401.204")]))
    assert [(m.again, m.counts) for m in matches(world, product)] == [("version", True)]


def test_a_component_that_is_such_a_package_is_matched_by_its_source(world, product, tmp_path):
    from app.inventory.models import Component
    from app.products.changes import note_change

    feed(
        world,
        tmp_path,
        advisory("Debian:12", "openssl", "3.0.13-1"),
        advisory("Alpine:v3.18", "openssl", "3.1.2-r0", 2),
    )
    with world.database.writing() as session:
        for ref, purl in (
            ("web", "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl"),
            ("metabase", "pkg:apk/alpine/openssl@3.0.1-r0?distro=alpine-3.18.4"),
        ):
            row = session.get(Component, component(world, product, ref).id)
            row.purl, row.version = purl, ""
        note_change(session, [product.id])
    assert {(m.component_ref, m.verdict.value) for m in matches(world, product)} == {
        ("web", "exposed"),
        ("metabase", "exposed"),
    }
    with world.session(writing=False) as session:
        for asked, ref in (("pkg:deb/debian/openssl", "web"), ("pkg:apk/alpine/openssl", "metabase")):
            (use,) = queries.find_users(session, asked, read_range(asked, "<3.1"))
            assert (use.component_ref, use.verdict) == (ref, "exposed")


def test_a_source_told_by_a_later_file_is_kept(world, product, web, tmp_path):
    feed(world, tmp_path, advisory("Debian:12", "gcc-defaults", "1.204"))
    purl = "pkg:deb/debian/gcc@12?distro=debian-12"
    bring(world, product, web, bom(components=[line(purl)]))
    assert matches(world, product) == []
    bring(world, product, web, bom(components=[line(f"{purl}&upstream=gcc-defaults%401.203")]))
    assert [m.verdict for m in matches(world, product)] == ["exposed"]


def test_the_migration_parts_a_package_from_its_source(tmp_path):
    engine = upgrade_filled(
        tmp_path,
        "0082",
        (
            "INSERT INTO package (id, purl, name, source) VALUES (1, 'pkg:deb/debian/libssl3?distro=debian-12', 'libssl3', NULL),"
            " (2, 'pkg:deb/debian/libssl3?distro=debian-12&upstream=openssl', 'libssl3', 'x'),"
            " (3, 'pkg:deb/debian/gcc?distro=debian-12&upstream=gcc-defaults@1.203', 'gcc', 'x'),"
            " (4, 'pkg:deb/debian/libgtk-3-0?upstream=gtk+3.0', 'libgtk-3-0', 'x')",
            "INSERT INTO package_version (id, package_id, version) VALUES (1, 1, '3'), (2, 2, '3'), (3, 3, '12'), (4, 4, '1')",
            "INSERT INTO sbom (id, component_id, product_id, file_name, format, sha256, imported_at, imported_by, count,"
            " exceptions) SELECT n, n, 'p', '', '', '', '2026-01-01', '', 0, '[]' FROM (SELECT 7 AS n UNION SELECT 8)",
            "INSERT INTO package_use (version_id, sbom_id, bringer_id) VALUES (1, 7, 1), (2, 8, 2), (3, 8, 2), (4, 8, NULL)",
            "INSERT INTO sbom_graph (sbom_id, packed) VALUES (7, x'00')",
        ),
    )
    with engine.begin() as connection:
        used = connection.execute(
            text(
                "SELECT p.purl, v.source, v.source_version, u.sbom_id, u.bringer_id FROM package p"
                " JOIN package_version v ON v.package_id = p.id JOIN package_use u ON u.version_id = v.id ORDER BY 1, 4"
            )
        ).all()
        graphs = connection.execute(text("SELECT count(*) FROM sbom_graph")).scalar()
    engine.dispose()
    openssl = "pkg:deb/debian/openssl?distro=debian-12"
    assert [tuple(row) for row in used] == [
        ("pkg:deb/debian/gcc?distro=debian-12", "pkg:deb/debian/gcc-defaults?distro=debian-12", "1.203", 8, 1),
        ("pkg:deb/debian/libgtk-3-0", "pkg:deb/debian/gtk%2B3.0", "", 8, None),
        ("pkg:deb/debian/libssl3?distro=debian-12", openssl, "", 7, 1),
        ("pkg:deb/debian/libssl3?distro=debian-12", openssl, "", 8, 1),
    ]
    assert graphs == 0


def test_the_migration_gives_actions_and_swift_one_name(tmp_path):
    engine = upgrade_filled(
        tmp_path,
        "0084",
        (
            "INSERT INTO package (id, purl, name) VALUES (1, 'pkg:githubactions/Tj/Changed-Files', 'changed-files'),"
            " (2, 'pkg:swift/github.com/Vapor/vapor', 'vapor'), (3, 'pkg:swift/github.com/vapor/Vapor', 'vapor'),"
            " (4, 'pkg:npm/a', 'a'), (5, 'pkg:golang/a.test/echo/v4', 'v4'), (6, 'pkg:npm/v8', 'v8')",
            "INSERT INTO advisory (id, cve, aliases, summary) VALUES ('S', '', '[]', '')",
            "INSERT INTO advisory_package (advisory_id, package, affected)"
            " VALUES ('S', 'pkg:swift/github.com/Vapor/vapor', '{}'), ('S', 'pkg:swift/github.com/vapor/vapor', '{}')",
        ),
    )
    with engine.begin() as connection:
        names = connection.execute(text("SELECT purl FROM package WHERE id < 5 ORDER BY id")).scalars().all()
        called = connection.execute(text("SELECT name FROM package WHERE id > 4 ORDER BY id")).scalars().all()
        advised = connection.execute(text("SELECT count(*) FROM advisory_package")).scalar()
    engine.dispose()
    # Two that were written differently cannot both bear the new name: the second waits for its file.
    assert called == ["echo", "v8"]
    assert names == [
        "pkg:github/tj/changed-files",
        "pkg:swift/github.com/vapor/vapor",
        "pkg:swift/github.com/vapor/Vapor",
        "pkg:npm/a",
    ]
    assert advised == 2


def test_what_one_file_tells_of_a_source_is_not_said_of_others(world, product, web, tmp_path):
    purl = "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12"
    feed(world, tmp_path, advisory("Debian:12", "openssl", "3.0.14-1"), advisory("Debian:12", "linux", "6", 2))
    other = world.filled(name="Autre")
    for wrong in ("autre", "openssl%4099", "linux"):
        bring(world, other, component(world, other, "web"), bom(components=[line(f"{purl}&upstream={wrong}")]))
        bring(world, product, web, bom(components=[line(f"{purl}&upstream=openssl")]))
        assert [m.flaw for m in matches(world, product)] == ["CVE-2099-1"]
        with world.session(writing=False) as session:
            asked = "pkg:deb/debian/openssl"
            users = queries.find_users(session, asked, read_range(asked, "<3.0.14-1"))
        assert "Guichet" in {use.product for use in users}


def test_a_list_that_tells_no_source_says_so(world, product, web):
    silent = [line(f"pkg:deb/debian/{name}@1?distro=debian-12") for name in ("libssl3", "libc6")]
    bring(world, product, web, bom(components=silent))
    page = world.visitor(world.person()).get("/produits/guichet/failles").text
    assert "2 paquets de distribution ne disent pas leur source" in page
    bring(
        world,
        product,
        web,
        bom(components=[*silent, line("pkg:deb/debian/libc-bin@1?distro=debian-12&upstream=glibc")]),
    )
    assert "ne disent pas leur source" not in world.visitor(world.person()).get("/produits/guichet/failles").text


def test_what_a_minor_release_has_mended_is_to_check(world, product, web, tmp_path):
    feed(
        world,
        tmp_path,
        advisory("Red Hat:enterprise_linux:9::baseos", "curl", "7.76.1-29.el9_4"),
        {**advisory("Red Hat:rhel_eus:9.2::baseos", "curl", "7.76.1-23.el9_2.6"), "id": "X-EUS"},
    )
    for version, verdict in (("7.76.1-23.el9_2.6", "unknown"), ("7.76.1-23.el9_2.5", "exposed")):
        bring(world, product, web, bom(components=[line(f"pkg:rpm/redhat/curl@{version}?distro=rhel-9.2")]))
        assert [m.verdict for m in matches(world, product)] == [verdict]


def test_a_component_has_the_epoch_that_its_purl_tells(world, product, web, tmp_path):
    feed(world, tmp_path, advisory("Red Hat:enterprise_linux:9::baseos", "openssl", "1:3.0.7-25.el9_3"))
    with world.database.writing() as session:
        row = session.get(Component, web.id)
        row.purl, row.version = "pkg:rpm/redhat/openssl@3.0.7-24.el9?epoch=1&distro=rhel-9.2", "3.0.7-24.el9"
        note_change(session, [product.id])
    assert [(m.version, m.verdict) for m in matches(world, product)] == [("1:3.0.7-24.el9", "exposed")]
