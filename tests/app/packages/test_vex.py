"""Judgements on flaws, out and in as VEX: of which component, which version, until when."""

import contextlib
import io
import json
import re

import pytest

from app.packages import vex
from app.packages.importers.vex_documents import read_vex
from app.packages.kinds import FlawState, Justification
from app.platform.refusals import Refusal
from tests.conftest import REAL_DATA
from tests.factories.advisories import LOG4J, LOG4SHELL, ends, osv
from tests.factories.boms import BOMS, LIBRARY, bom
from tests.factories.inventory import component, valid_bom
from tests.factories.packages import bring, feed, matches
from tests.fuzzing import damaged


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


@pytest.fixture
def team(world, product):
    return world.visitor(world.person())


def test_judgements_go_out_and_come_back_as_vex(world, product, team, tmp_path):
    from app.packages import flaw_judgements

    web, actor = component(world, product, "web"), world.person()
    bring(world, product, web, (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    (match,) = matches(world, product)
    with world.session() as session:
        flaw_judgements.judge_flaw(
            session,
            actor,
            product,
            match,
            state=FlawState.NOT_AFFECTED,
            justification=Justification.PROTECTED_AT_PERIMETER,
            reason="filtré par le pare-feu",
            until=None,
        )
    content = team.get("/produits/guichet/vex.cdx.json").get_data()
    (said,) = valid_bom(content)["vulnerabilities"]
    assert (said["id"], said["analysis"]["state"]) == ("CVE-2021-44228", "not_affected")
    assert said["analysis"]["justification"] == "protected_at_perimeter"

    other = world.filled(name="Autre")
    bring(world, other, component(world, other, "web"), (BOMS / "application.cdx.json").read_bytes())
    page = team.post(
        "/produits/autre/failles/vex", {"file": (io.BytesIO(content), "v.json")}, content_type="multipart/form-data"
    ).get_data(as_text=True)
    assert "filtré par le pare-feu" in page
    assert matches(world, other)[0].judgement is None
    digest = re.search(r'name="upload"[^>]*value="([0-9a-f]{32})"', page)[1]
    assert team.post("/produits/autre/failles/vex/importer", {"upload": digest}).status_code == 302
    (match,) = matches(world, other)
    assert (match.judgement.state, match.counts) == (FlawState.NOT_AFFECTED, False)
    assert "v.json" in match.judgement.reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"bomFormat": "CycloneDX"}',
        b'{"bomFormat": "CycloneDX", "vulnerabilities": {}}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_vex_is_refused(content):
    with pytest.raises(Refusal):
        read_vex(content)


def test_a_vex_that_says_nothing_readable_or_of_other_things_is_listed(world, product):
    entries = [
        {"id": "CVE-1", "analysis": {"state": "not_affected"}, "affects": [{"ref": "pkg:npm/a@1"}]},
        {"id": "CVE-2", "analysis": {"state": "in_triage"}, "affects": [{"ref": "pkg:npm/a@1"}]},
        None,
    ]
    content = json.dumps({"bomFormat": "CycloneDX", "vulnerabilities": entries}).encode()
    with world.session(writing=False) as session:
        found = vex.preview_vex(session, product, content)
    assert found.taken == ()
    assert [(entry.what, entry.why) for entry in found.left] == [
        ("1 : CVE-1", "no_reason"),
        ("3 : None", "no_flaw"),
        ("CVE-2 – pkg:npm/a 1", "flaw_not_here"),
    ]


def test_two_versions_of_one_package_are_judged_apart(world, product, tmp_path):
    from app.packages import flaw_judgements

    both = [{**LIBRARY, "bom-ref": v, "purl": f"{LOG4J}@{v}"} for v in ("2.14.1", "2.8.2")]
    bring(world, product, component(world, product, "web"), bom(components=both))
    feed(world, tmp_path, LOG4SHELL)
    actor = world.person()
    for match in matches(world, product):
        with world.session() as session:
            said = {"state": FlawState.RESOLVED, "justification": None, "reason": match.version, "until": None}
            flaw_judgements.judge_flaw(session, actor, product, match, **said)
    assert [(m.judgement.reason == m.version, m.again) for m in matches(world, product)] == [(True, ""), (True, "")]


def vex_of(ref: str, state: str, **more) -> dict:
    return {"id": "CVE-2021-44228", "analysis": {"state": state, "detail": "x"}, "affects": [{"ref": ref, **more}]}


def previewed(world, product, *entries):
    content = json.dumps({"bomFormat": "CycloneDX", "vulnerabilities": entries}).encode()
    with world.session(writing=False) as session:
        return vex.preview_vex(session, product, content)


def test_a_vex_speaks_only_of_the_versions_it_names(world, product, tmp_path):
    bring(world, product, component(world, product, "web"), (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    ranges = [{"range": "vers:maven/>=2.17.1", "status": "unaffected"}, {"version": "2.14.1", "status": "affected"}]
    assert previewed(world, product, vex_of(LOG4J, "resolved", versions=ranges)).taken == ()
    named = [{"version": "2.14.1", "status": "unaffected"}]
    assert len(previewed(world, product, vex_of(LOG4J, "resolved", versions=named)).taken) == 1
    contrary = previewed(world, product, vex_of(LOG4J, "resolved"), vex_of(LOG4J, "exploitable"))
    assert (contrary.taken, [entry.why for entry in contrary.left]) == ((), ["contrary"])
    surrogate = previewed(
        world, product, vex_of(LOG4J, "resolved") | {"analysis": {"state": "resolved", "detail": "\ud800"}}
    )
    assert surrogate.taken[0][1].detail == "?"


def test_each_component_gets_back_its_own_judgement_and_its_date(world, product, team, tmp_path):
    from datetime import timedelta

    from app.packages import flaw_judgements
    from app.platform import clock

    for ref in ("web", "sidekiq"):
        bring(world, product, component(world, product, ref), (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    actor, until = world.person(), clock.today() + timedelta(days=30)
    for match in matches(world, product):
        state = FlawState.ACCEPTED if match.component_ref == "web" else FlawState.EXPLOITABLE
        with world.session() as session:
            flaw_judgements.judge_flaw(
                session, actor, product, match, state=state, justification=None, reason="vu", until=until
            )
    content = team.get("/produits/guichet/vex.cdx.json").get_data()
    valid_bom(content)
    with world.session() as session:
        vex.import_vex(session, actor, product, content, "v.json")
    back = {
        m.component_ref: (m.judgement.state.value, m.judgement.until, m.judgement.reason)
        for m in matches(world, product)
    }
    assert back == {"web": ("accepted", until, "vu (v.json)"), "sidekiq": ("exploitable", None, "vu (v.json)")}


FLAW = {"names": "CVE-2021-44228", "purl": f"{LOG4J}@2.14.1"}
OPENVEX = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "statements": [
        {
            "vulnerability": {"name": "GHSA-jfh8-c2jp-5v3q", "aliases": ["CVE-2021-44228"]},
            "products": [{"@id": "pkg:oci/guichet", "subcomponents": [{"@id": FLAW["purl"]}]}],
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
        },
        {"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:npm/a@1"}], "status": "not_affected"},
        {"vulnerability": "CVE-2", "products": [], "status": "fixed"},
    ],
}
CSAF = {
    "document": {"category": "csaf_vex", "csaf_version": "2.0"},
    "product_tree": {
        "branches": [
            {
                "category": "vendor",
                "branches": [
                    {"product": {"product_id": "P", "product_identification_helper": {"purl": "pkg:oci/guichet"}}},
                    {"product": {"product_id": "L", "product_identification_helper": {"purl": FLAW["purl"]}}},
                ],
            }
        ],
        "relationships": [
            {"full_product_name": {"product_id": "P:L"}, "product_reference": "L", "relates_to_product_reference": "P"}
        ],
    },
    "vulnerabilities": [
        {
            "cve": "CVE-2021-44228",
            "product_status": {"known_not_affected": ["P:L"], "fixed": ["inconnu"]},
            "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["P:L"]}],
            "threats": [{"category": "impact", "details": "La classe est retirée.", "product_ids": ["P:L"]}],
        }
    ],
}


@pytest.fixture
def exposed(world, product, tmp_path):
    bring(world, product, component(world, product, "web"), (BOMS / "application.cdx.json").read_bytes())
    feed(world, tmp_path, LOG4SHELL)
    return world, product


def seen(world, product, document):
    with world.session(writing=False) as session:
        found = vex.preview_vex(session, product, json.dumps(document).encode())
    return [(m.flaw, said.state.value, said.justification) for m, said in found.taken], [e.why for e in found.left]


def test_openvex_and_csaf_are_read_as_cyclonedx_is(exposed):
    taken, left = seen(*exposed, OPENVEX)
    assert taken == [("CVE-2021-44228", "not_affected", Justification.CODE_NOT_REACHABLE)]
    assert left == ["no_reason", "nowhere"]
    taken, left = seen(*exposed, CSAF)
    assert taken == [("CVE-2021-44228", "not_affected", Justification.CODE_NOT_PRESENT)]
    assert left == ["no_package"]


def of_whole(**analysis) -> dict:
    described = {"name": "guichet", "type": "application", "bom-ref": "le-produit"}
    entry = {
        "id": "CVE-2021-44228",
        "analysis": {"state": "not_affected", **analysis},
        "affects": [{"ref": "le-produit"}],
    }
    return {"bomFormat": "CycloneDX", "metadata": {"component": described}, "vulnerabilities": [entry]}


def test_what_is_said_of_the_whole_product_is_offered_for_each_place(exposed):
    taken, left = seen(*exposed, of_whole(detail="Le désérialiseur n’est pas appelé."))
    assert (taken, left) == ([("CVE-2021-44228", "not_affected", None)] * 3, []), "its SBOM, Metabase, Elasticsearch"
    assert seen(*exposed, of_whole()) == ([], ["no_reason"])


@pytest.mark.parametrize(
    "document", [OPENVEX, CSAF, of_whole(detail="Non appelé")], ids=["openvex", "csaf", "cyclonedx"]
)
def test_damaged_documents_are_read_or_refused(document):
    for content in damaged(json.dumps(document).encode(), usual=300, fuzz=10_000):
        with contextlib.suppress(Refusal):
            read_vex(content)


RANGES = {
    "vers:maven/>=2.0|<2.15.0": "taken",
    "vers:maven/>=2.15.0": "other_versions",
    "vers:rien/>=1": "range_unread",
    "n'importe quoi": "range_unread",
}


@pytest.mark.parametrize("span", RANGES)
def test_a_range_of_versions_is_taken_or_left_with_its_reason(exposed, span):
    said = vex_of(LOG4J, "not_affected", versions=[{"range": span, "status": "unaffected"}])
    taken, left = seen(*exposed, {"bomFormat": "CycloneDX", "vulnerabilities": [said]})
    assert (len(taken), left) == ((1, []) if RANGES[span] == "taken" else (0, [RANGES[span]]))


REPORTS = REAL_DATA / "field-reports"


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the folder of real data is not beside this checkout")
@pytest.mark.parametrize("name", ["11-vex-alias", "11-vex-dt", "11-vex-range"])
def test_each_entry_of_a_report_is_taken_or_left_with_its_reason(world, product, tmp_path, name):
    crypto = "pkg:golang/golang.org/x/crypto@v0.0.0-20200622213623-75b288015ac9"
    carried = [{"type": "library", "name": p, "purl": p} for p in (crypto, "pkg:nuget/newtonsoft.json@12.0.3")]
    bring(world, product, component(world, product, "web"), bom(components=carried))
    go = osv(ends("0", "0.1"), name="golang.org/x/crypto", ecosystem="Go")
    go |= {"id": "GO-2022-0968", "aliases": ["CVE-2021-43565", "GHSA-gwc9-m7rh-j2ww"]}
    nuget = osv(ends("0", "13.0.1"), name="Newtonsoft.Json", ecosystem="NuGet")
    feed(world, tmp_path, go, nuget | {"id": "GHSA-5crp-9r3c-p9vr", "aliases": ["CVE-2024-21907"]})
    taken, left = seen(world, product, json.loads((REPORTS / f"{name}.cdx.json").read_text()))
    flaw = "CVE-2021-43565" if name == "11-vex-alias" else "CVE-2024-21907"
    assert ({found[0] for found in taken}, left) == ({flaw}, [])


def csaf(status: dict, tree: dict, **more) -> list:
    document = {"document": {"category": "csaf_vex"}, "product_tree": tree}
    said, _ = read_vex(
        json.dumps(document | {"vulnerabilities": [{"cve": "CVE-1", "product_status": status, **more}]}).encode()
    )
    return said


def named(name: str, purl: str) -> dict:
    return {"product_id": name, "name": name, "product_identification_helper": {"purl": purl}}


BOTH = {"full_product_names": [named("a", "pkg:npm/a@1"), named("b", "pkg:npm/b@1")]}


def test_csaf_speaks_of_a_range_of_its_own_group_and_for_its_own_reason():
    branch = {"category": "product_version_range", "name": "vers:npm/>=2.0.0", "product": named("a", "pkg:npm/a")}
    (said,) = csaf({"fixed": ["a"]}, {"branches": [branch]})
    assert (said.span, said.holds("1.0.0"), said.holds("2.1.0")) == ("vers:npm/>=2.0.0", False, True)
    groups = {"product_groups": [{"group_id": "G", "product_ids": ["a"]}]}
    flag = {"label": "vulnerable_code_not_present", "group_ids": ["G"]}
    of_a, of_b = csaf({"known_not_affected": ["a", "b"]}, BOTH | groups, flags=[flag])
    assert (of_a.justification, of_b.why) == (Justification.CODE_NOT_PRESENT, "no_reason")
    threats = [{"category": "exploit_status", "details": "No known exploitation"}]
    mend = [{"category": "vendor_fix", "details": "Update to 2.0"}]
    (said,) = csaf({"known_not_affected": ["a"]}, BOTH, threats=threats, remediations=mend)
    assert said.why == "no_reason"
    (said,) = csaf(
        {"known_not_affected": ["a"]}, BOTH, threats=[*threats, {"category": "impact", "details": "Sans XML"}]
    )
    assert said.detail == "Sans XML"


def test_a_document_says_what_it_is_about(world, product):
    about = {"products": [{"@id": "pkg:oci/autre", "subcomponents": [{"@id": "pkg:npm/a@1"}]}], "status": "fixed"}
    openvex = {"@context": "https://openvex.dev/ns", "statements": [about | {"vulnerability": {"name": "CVE-1"}}]}
    cyclonedx = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "Tout autre produit"}},
        "vulnerabilities": [{}],
    }
    for document, said in ((openvex, "pkg:oci/autre"), (cyclonedx, "Tout autre produit")):
        with world.session(writing=False) as session:
            assert vex.preview_vex(session, product, json.dumps(document).encode()).about == (said,)
    page = world.visitor(world.person()).post(
        f"/produits/{product.slug}/failles/vex",
        {"file": (io.BytesIO(json.dumps(openvex).encode()), "v.json")},
        content_type="multipart/form-data",
    )
    assert "Ce document dit parler de : pkg:oci/autre" in " ".join(page.text.split())


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
    taken, left = seen(world, product, {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [said]})
    assert len(taken) == FITTING[purl], left


@pytest.mark.parametrize("span", ["vers:maven/>1|>2|<3", "vers:nuget/*"])
def test_a_range_that_no_order_reads_is_left(span):
    branch = {"category": "product_version_range", "name": span, "product": named("a", "pkg:npm/a")}
    (said,) = csaf({"fixed": ["a"]}, {"branches": [branch]})
    assert said.holds("latest") is None


def test_a_version_of_the_product_itself_says_nothing_of_its_packages(exposed):
    document = of_whole(detail="Le désérialiseur n’est pas appelé.")
    document["vulnerabilities"][0]["affects"][0]["versions"] = [{"version": "2.14.1", "status": "unaffected"}]
    assert seen(*exposed, document) == ([], ["other_versions"])
