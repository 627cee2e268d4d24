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
from tests.factories.vex import seen_vex, vex_of
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


def test_openvex_and_csaf_are_read_as_cyclonedx_is(exposed):
    taken, left = seen_vex(*exposed, OPENVEX)
    assert taken == [("CVE-2021-44228", "not_affected", Justification.CODE_NOT_REACHABLE)]
    assert left == ["no_reason", "nowhere"]
    taken, left = seen_vex(*exposed, CSAF)
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
    taken, left = seen_vex(*exposed, of_whole(detail="Le désérialiseur n’est pas appelé."))
    assert (taken, left) == ([("CVE-2021-44228", "not_affected", None)] * 3, []), "its SBOM, Metabase, Elasticsearch"
    assert seen_vex(*exposed, of_whole()) == ([], ["no_reason"])


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
    taken, left = seen_vex(*exposed, {"bomFormat": "CycloneDX", "vulnerabilities": [said]})
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
    taken, left = seen_vex(world, product, json.loads((REPORTS / f"{name}.cdx.json").read_text()))
    flaw = "CVE-2021-43565" if name == "11-vex-alias" else "CVE-2024-21907"
    assert ({found[0] for found in taken}, left) == ({flaw}, [])


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


def test_what_is_said_of_an_image_is_said_of_the_whole(exposed):
    said = {
        "vulnerability": {"name": "CVE-2021-44228"},
        "products": [{"@id": "pkg:oci/guichet@sha256%3Aabc"}],
        "status": "under_investigation",
    }
    taken, left = seen_vex(*exposed, {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [said]})
    assert (len(taken), left) == (3, [])


def test_an_acceptance_without_end_within_the_year_is_left(exposed):
    said = vex_of(LOG4J, "exploitable")
    said["properties"] = [{"name": "jalon:state", "value": "accepted"}, {"name": "jalon:until", "value": "2099-01-01"}]
    assert seen_vex(*exposed, {"bomFormat": "CycloneDX", "vulnerabilities": [said]}) == ([], ["too_long"])


def test_a_version_of_the_product_itself_says_nothing_of_its_packages(exposed):
    document = of_whole(detail="Le désérialiseur n’est pas appelé.")
    document["vulnerabilities"][0]["affects"][0]["versions"] = [{"version": "2.14.1", "status": "unaffected"}]
    assert seen_vex(*exposed, document) == ([], ["other_versions"])
