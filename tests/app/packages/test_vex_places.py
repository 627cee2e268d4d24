"""Of which packages, versions and instants a VEX document speaks, and which of them are this product's."""

import json

import pytest

from app.packages import vex
from app.packages.importers.vex_documents import read_vex
from app.packages.importers.vex_statements import Statement
from app.packages.kinds import FlawState, Justification
from tests.factories.advisories import LOG4J, LOG4SHELL, ends, osv
from tests.factories.boms import LIBRARY, bom
from tests.factories.inventory import component
from tests.factories.packages import bring, feed, judge_harmless, matches
from tests.factories.vex import named_product, read_csaf, seen_vex, vex_of


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


BOTH = {"full_product_names": [named_product("a", "pkg:npm/a@1"), named_product("b", "pkg:npm/b@1")]}


def test_csaf_speaks_of_a_range_of_its_own_group_and_for_its_own_reason():
    branch = {
        "category": "product_version_range",
        "name": "vers:npm/>=2.0.0",
        "product": named_product("a", "pkg:npm/a"),
    }
    (said,) = read_csaf({"fixed": ["a"]}, {"branches": [branch]})
    assert (said.span, said.holds("1.0.0"), said.holds("2.1.0")) == ("vers:npm/>=2.0.0", False, True)
    groups = {"product_groups": [{"group_id": "G", "product_ids": ["a"]}]}
    flag = {"label": "vulnerable_code_not_present", "group_ids": ["G"]}
    of_a, of_b = read_csaf({"known_not_affected": ["a", "b"]}, BOTH | groups, flags=[flag])
    assert (of_a.justification, of_b.why) == (Justification.CODE_NOT_PRESENT, "no_reason")
    threats = [{"category": "exploit_status", "details": "No known exploitation"}]
    mend = [{"category": "vendor_fix", "details": "Update to 2.0"}]
    (said,) = read_csaf({"known_not_affected": ["a"]}, BOTH, threats=threats, remediations=mend)
    assert said.why == "no_reason"
    (said,) = read_csaf(
        {"known_not_affected": ["a"]}, BOTH, threats=[*threats, {"category": "impact", "details": "Sans XML"}]
    )
    assert said.detail == "Sans XML"


def test_what_is_mended_is_mended_in_a_version():
    """That a publisher mended a package somewhere says nothing of the versions that somebody runs."""
    named = {"product_id": "r", "name": "lodash 4.17.21", "product_identification_helper": {"purl": "pkg:npm/lodash"}}
    (said,) = read_csaf({"fixed": ["r"]}, {"full_product_names": [named]})
    assert (said.version, said.holds("4.17.15"), said.holds("4.17.21")) == ("4.17.21", False, True)
    (left,) = read_csaf({"fixed": ["r"]}, {"full_product_names": [named | {"name": "lodash"}]})
    assert left.why == "no_version"
    (said,) = read_csaf(
        {"known_not_affected": ["r"]},
        {"full_product_names": [named | {"name": "lodash"}]},
        threats=[{"category": "impact", "details": "Sans gabarit"}],
    )
    assert said.holds("4.17.15")
    statement = {"vulnerability": {"@id": "CVE-1"}, "status": "fixed", "products": [{"@id": "pkg:npm/lodash"}]}
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [statement]}
    (left,), _ = read_vex(json.dumps(document).encode())
    assert left.why == "no_version"


SOURCE = osv(ends("0", "1.1.1k-1+deb11u1"), name="openssl", ecosystem="Debian:11") | {
    "id": "DEBIAN-CVE-2021-3711",
    "upstream": ["CVE-2021-3711"],
}
BINARIES = [
    LIBRARY | {"bom-ref": "o", "purl": "pkg:deb/debian/openssl@1.1.1k-1?arch=amd64&distro=debian-11"},
    LIBRARY
    | {"bom-ref": "l", "purl": "pkg:deb/debian/libssl1.1@1.1.1k-1?arch=amd64&upstream=openssl&distro=debian-11"},
]


def test_what_is_said_of_a_package_is_not_said_of_what_its_source_also_builds(world, product, tmp_path):
    """The export of Jalon taken back changes nothing: the library is exposed still, though its source has the name judged."""
    bring(world, product, component(world, product, "web"), bom(components=BINARIES))
    feed(world, tmp_path, SOURCE)
    openssl = next(m for m in matches(world, product) if "/openssl" in m.package)
    judge_harmless(world, product, openssl, "jamais appelé")
    content = world.visitor(world.person()).get("/produits/guichet/vex.cdx.json").get_data()
    with world.session() as session:
        vex.import_vex(session, world.person(), product, content, "v.json")
    assert {m.package.partition("?")[0][-9:]: m.harmless for m in matches(world, product)} == {
        "n/openssl": True,
        "libssl1.1": False,
    }
    # Of a publisher that names the package, the same; where the product carries none of that name, it is the source's.
    about = {
        "vulnerability": {"@id": "CVE-2021-3711"},
        "status": "not_affected",
        "justification": "component_not_present",
    }
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "statements": [about | {"products": [{"@id": "pkg:deb/debian/openssl@1.1.1k-1?distro=debian-11"}]}],
    }
    with world.session(writing=False) as session:
        taken = vex.preview_vex(session, product, json.dumps(document).encode()).taken
    assert [m.package.partition("?")[0] for m, _ in taken] == ["pkg:deb/debian/openssl"]


def test_what_is_said_of_a_component_that_is_gone_is_said_of_no_other(world, product, tmp_path):
    bring(
        world, product, component(world, product, "metabase"), bom(components=[LIBRARY | {"purl": f"{LOG4J}@2.14.1"}])
    )
    feed(world, tmp_path, LOG4SHELL)
    named = LIBRARY | {
        "bom-ref": "r",
        "purl": f"{LOG4J}@2.14.1",
        "properties": [{"name": "jalon:component", "value": "ancien"}],
    }
    document = {"bomFormat": "CycloneDX", "components": [named], "vulnerabilities": [vex_of("r", "not_affected")]}
    assert seen_vex(world, product, document) == ([], ["component_not_here"])


def test_what_is_said_of_a_component_stays_there_once_it_is_mended(world, product, tmp_path):
    """Jalon's own export, taken back after one of the two was updated, says nothing of the other."""
    for ref in ("web", "metabase"):
        bring(world, product, component(world, product, ref), bom(components=[LIBRARY | {"purl": f"{LOG4J}@2.14.1"}]))
    feed(world, tmp_path, LOG4SHELL)
    match = next(m for m in matches(world, product) if m.component_ref == "web")
    judge_harmless(world, product, match)
    content = world.visitor(world.person()).get("/produits/guichet/vex.cdx.json").get_data()
    bring(world, product, component(world, product, "web"), bom(components=[LIBRARY | {"purl": f"{LOG4J}@2.17.1"}]))
    with world.session(writing=False) as session:
        found = vex.preview_vex(session, world.reload("guichet"), content)
    assert found.taken == () and [entry.why for entry in found.left] == ["component_not_here"]


def test_a_version_may_stand_beside_a_purl(world, product, tmp_path):
    carried = LIBRARY | {"purl": f"{LOG4J}@2.14.1"}
    bring(world, product, component(world, product, "web"), bom(components=[carried]))
    feed(world, tmp_path, LOG4SHELL)
    mended = {"bom-ref": "r", "type": "library", "name": "log4j-core", "purl": LOG4J, "version": "2.17.1"}
    document = {"bomFormat": "CycloneDX", "components": [mended], "vulnerabilities": [vex_of("r", "resolved")]}
    assert seen_vex(world, product, document) == ([], ["other_versions"])


def test_of_two_statements_of_openvex_the_later_stands(world, product, tmp_path):
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": "pkg:npm/a@1.0.0"}]))
    feed(world, tmp_path, osv(ends("0", "2.0.0"), name="a", ecosystem="npm"))
    (match,) = matches(world, product)
    about = {"vulnerability": {"@id": f"https://osv.dev/{match.flaw}"}, "products": [{"@id": "pkg:npm/a@1.0.0"}]}
    said = [
        about
        | {"status": "not_affected", "justification": "component_not_present", "timestamp": "2026-02-01T00:00:00Z"},
        about | {"status": "under_investigation", "timestamp": "2026-01-01T00:00:00Z"},
    ]
    for statements in (said, said[::-1]):
        document = {"@context": "https://openvex.dev/ns/v0.2.0", "statements": statements}
        with world.session(writing=False) as session:
            preview = vex.preview_vex(session, product, json.dumps(document).encode())
        assert [s.state for _, s in preview.taken] == [FlawState.NOT_AFFECTED]
        assert preview.left == ()


DEB = "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.9-1%2Bb1"
GO = "pkg:golang/a.fr/b@v1.2.0"
FITTING = {
    "pkg:golang/a.fr/b@1.2.0": True,
    "pkg:golang/a.fr/b@v1.2.1": False,
    "pkg:deb/debian/libssl3@3.0.9-1?arch=arm64": True,
    "pkg:deb/debian/libssl3@3.0.9-1?distro=bookworm": True,
    "pkg:deb/debian/libssl3@3.0.9-1?distro=trixie": False,
    "pkg:deb/debian/openssl@3.0.9-1%2Bb1?arch=source&distro=bookworm": True,
    "pkg:deb/debian/openssl@3.0.9-1?arch=source&distro=bookworm": False,
}


@pytest.mark.parametrize("purl", FITTING)
def test_a_package_is_known_under_each_way_of_naming_it(world, product, tmp_path, purl):
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": p} for p in (DEB, GO)]))
    debian = osv(ends("0", "3.0.10"), name="openssl", ecosystem="Debian:12") | {"id": "CVE-2023-1"}
    feed(world, tmp_path, debian, osv(ends("0", "1.3.0"), name="a.fr/b", ecosystem="Go") | {"id": "CVE-2023-2"})
    flaw = {"name": "CVE-2023-1" if "deb" in purl else "CVE-2023-2"}
    said = {"vulnerability": flaw, "products": [{"@id": purl}], "status": "under_investigation"}
    taken, left = seen_vex(world, product, {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [said]})
    assert len(taken) == FITTING[purl], left


def of_span(span, version, package="pkg:npm/a"):
    return Statement(("CVE-1",), package, "", FlawState.RESOLVED, None, "", span=span).holds(version)


UNREAD = [
    "vers:npm/>1|>2|<3",
    "vers:npm/<1|<2",
    "vers:nuget/*",
    "vers:npm/>=^2",
    "vers:npm/",
    "vers:npm/||",
    ">=1",
    "vers:npm/!=x",
]


@pytest.mark.parametrize("span", UNREAD)
def test_a_range_that_no_order_reads_is_left(span):
    assert of_span(span, "1.0.0") is None and of_span("vers:npm/*", "latest") is None


def test_a_range_is_read_in_the_order_of_its_type():
    span = "vers:npm/1.0.0|>=2.0.0|<3.0.0|!=2.5.0|>4.0.0"
    told = {
        version: of_span(span, version)
        for version in ("0.9.0", "1.0.0", "2.0.0", "2.5.0", "2.9.9", "3.0.0", "4.0.0", "5.0.0")
    }
    assert [version for version, holds in told.items() if holds] == ["1.0.0", "2.0.0", "2.9.9", "5.0.0"]
    assert of_span("vers:npm/!=1.0.0", "2.0.0") and of_span("vers:npm/*", "1.0.0") and of_span("vers:npm/<2", "1.0.0")
    assert of_span("vers:maven/>=1.0-RC3", "1.0.RC2", "pkg:maven/a/a") is False


def test_csaf_places_a_product_by_its_branches(world, product, tmp_path):
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": "pkg:npm/a@1.0.0"}]))
    feed(world, tmp_path, osv(ends("0", "3.0.0"), name="a", ecosystem="npm") | {"id": "CVE-2024-1"})
    for category, name in (("product_version", "3.0.0"), ("product_version_range", "vers:npm/>=3.0.0")):
        branch = {
            "category": category,
            "name": name,
            "branches": [{"category": "architecture", "product": named_product("p", "pkg:npm/a")}],
        }
        document = {
            "document": {"category": "csaf_vex"},
            "product_tree": {"branches": [branch]},
            "vulnerabilities": [{"cve": "CVE-2024-1", "product_status": {"fixed": ["p"]}}],
        }
        assert seen_vex(world, product, document) == ([], ["other_versions"])


def test_the_later_instant_stands_whatever_its_zone(world, product, tmp_path):
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": "pkg:npm/a@1.0.0"}]))
    feed(world, tmp_path, osv(ends("0", "3.0.0"), name="a", ecosystem="npm") | {"id": "CVE-2024-1"})
    about = {"vulnerability": {"name": "CVE-2024-1"}, "products": [{"@id": "pkg:npm/a@1.0.0"}]}
    harmless = {
        "status": "not_affected",
        "justification": "component_not_present",
        "timestamp": "2024-03-01T01:00:00+02:00",
    }
    statements = [about | harmless, about | {"status": "affected", "timestamp": "2024-02-29T23:30:00Z"}]
    taken, left = seen_vex(world, product, {"@context": "https://openvex.dev/ns/v0.2.0", "statements": statements})
    assert ([t[1] for t in taken], left) == (["exploitable"], [])
    entries = [
        {"id": "CVE-2024-1", "analysis": {"state": state, "lastUpdated": at}, "affects": [{"ref": "pkg:npm/a@1.0.0"}]}
        for state, at in (("exploitable", "2026-02-01T00:00:00Z"), ("resolved", "2026-01-01T00:00:00Z"))
    ]
    for entry in entries:
        entry["affects"] = [{"ref": "urn:cdx:x/1#pkg:npm/a@1.0.0"}]
    taken, left = seen_vex(world, product, {"bomFormat": "CycloneDX", "vulnerabilities": entries})
    assert ([t[1] for t in taken], left) == (["exploitable"], [])


def test_one_of_the_flaws_of_a_record_is_told_to_be_so(world, product, tmp_path):
    purl = "pkg:rpm/almalinux/openssl@1.1.1k-5.el8?epoch=1&distro=almalinux-8.6"
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": purl}]))
    affected = osv(ends("0", "1:1.1.1k-6.el8_5"), name="openssl", ecosystem="AlmaLinux:8")["affected"]
    feed(world, tmp_path, {"id": "ALSA-1", "related": ["CVE-2022-1", "CVE-2022-2"], "affected": affected})
    said = {"vulnerability": {"name": "CVE-2022-1"}, "products": [{"@id": purl}], "status": "under_investigation"}
    taken, left = seen_vex(world, product, {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [said]})
    assert (taken, left) == ([], ["one_of_several"])


def test_csaf_speaks_of_the_release_that_a_package_stands_in(world, product, tmp_path):
    purl = "pkg:rpm/redhat/openssl@3.0.7-16.el9?epoch=1&distro=rhel-9.2"
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": purl}]))
    record = osv(ends("0", "1:3.0.7-24.el9"), name="openssl", ecosystem="Red Hat:enterprise_linux:9::baseos")
    feed(world, tmp_path, record | {"id": "RHSA-1", "upstream": ["CVE-2024-1"]})
    for cpe, why in (
        ("cpe:/o:redhat:enterprise_linux:8", "package_not_here"),
        ("cpe:/a:x:y", "no_package"),
        ("cpe:/o:redhat:enterprise_linux:9", None),
    ):
        system = {"product_id": "s", "product_identification_helper": {"cpe": cpe}}
        part = named_product("openssl", "pkg:rpm/redhat/openssl?arch=src")
        within = {"full_product_name": {"product_id": "s:openssl"}, "product_reference": "openssl"}
        tree = {
            "branches": [{"category": "product_name", "product": one} for one in (system, part)],
            "relationships": [within | {"relates_to_product_reference": "s"}],
        }
        status = {"under_investigation": ["s:openssl"]}
        vulnerabilities = [{"cve": "CVE-2024-1", "product_status": status}]
        document = {"document": {"category": "csaf_vex"}, "product_tree": tree, "vulnerabilities": vulnerabilities}
        taken, left = seen_vex(world, product, document)
        assert (len(taken), left) == ((0, [why]) if why else (1, []))


@pytest.mark.parametrize(("name", "why"), [("CVE-2023-1", "one_of_several"), ("GHSA-1", None)])
def test_what_is_said_of_one_of_two_flaws_is_not_said_of_the_other(world, product, tmp_path, name, why):
    bring(world, product, component(world, product, "web"), bom(components=[{**LIBRARY, "purl": "pkg:npm/a@1.0.0"}]))
    record = osv(ends("0", "3.0.0"), name="a", ecosystem="npm")
    feed(world, tmp_path, record | {"id": "GHSA-1", "aliases": ["CVE-2023-1", "CVE-2023-2"]})
    said = {"vulnerability": {"name": name}, "products": [{"@id": "pkg:npm/a@1.0.0"}], "status": "under_investigation"}
    taken, left = seen_vex(world, product, {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [said]})
    assert (len(taken), left) == ((0, [why]) if why else (1, []))
