"""One list of flaws, whoever tells of them, on the pages of a product and in the search across products."""

import re

import pytest

from app.identity.kinds import Role
from app.inventory import services as inventory
from app.inventory.models import Component, Vulnerability
from app.packages import matching
from app.packages.written_flaws import is_past_fix
from app.platform.database import new_id
from app.products.changes import note_change
from tests.factories.advisories import LOG4SHELL, ends, osv
from tests.factories.boms import LIBRARY, bom
from tests.factories.inventory import component
from tests.factories.packages import bring, feed, judge_harmless, matches


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


@pytest.fixture
def web(world, product):
    return component(world, product, "web")


@pytest.fixture
def noted(world, product, web):
    actor = world.person()
    with world.session() as session:
        row = inventory.component_of(session, product.id, web.ref)
        flaw = Vulnerability(id=new_id(), name="CVE-2020-11111", kev=True)
        inventory.add_vulnerability(session, actor, product, row, flaw)
    return flaw


LODASH = osv(ends("0", "4.17.21"), name="lodash", ecosystem="npm") | {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["CVE-2021-23337"],
}


def test_a_flaw_noted_on_a_component_is_among_the_known_flaws(world, product, web, noted, tmp_path):
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": "pkg:npm/async@1.0.0"}]))
    page = world.visitor(world.person()).get("/produits/guichet/failles").text
    assert "CVE-2020-11111" in page and "sur des composants, par l’équipe" in page


def test_the_pages_of_components_tell_of_what_feeds_match(world, product, web, tmp_path):
    feed(world, tmp_path, LODASH)
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": "pkg:npm/lodash@4.17.15"}]))
    team = world.visitor(world.person())
    assert "1 faille connue" in team.get("/produits/guichet/composants").text
    page = team.get(f"/produits/guichet/composants/{web.ref}").text
    assert "1 faille touche ce composant ou ce qu’il embarque" in page and "Aucune faille notée" not in page


@pytest.mark.parametrize("asked", ["CVE-2021-23337", "cve-2021-23337", "GHSA-aaaa-bbbb-cccc", "ghsa-AAAA-bbbb-cccc"])
def test_a_flaw_is_looked_for_by_any_of_its_names(world, product, web, tmp_path, asked):
    feed(world, tmp_path, LODASH)
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": "pkg:npm/lodash@4.17.15"}]))
    page = _asked(world, product, asked)
    assert "Guichet" in page and "Exposé" in page


def test_a_flaw_noted_is_found_and_one_that_nobody_knows_is_said_so(world, product, web, noted):
    page = _asked(world, product, "CVE-2020-11111")
    assert "Guichet" in page and "faille notée sur ce composant" in page
    page = _asked(world, product, "CVE-2099-12345")
    assert "Aucune des sources chargées ne connaît CVE-2099-12345" in page


def _asked(world, product, asked, span=""):
    member = world.person(email="suivi@beta.gouv.fr")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    return world.visitor(member).get("/qui-utilise", query_string={"q": asked, "plage": span}).text


ALSA = {
    "id": "ALSA-2022:1065",
    "related": ["CVE-2022-0778", "CVE-2022-0999"],
    "affected": osv(ends("0", "1:1.1.1k-6.el8_5"), name="openssl", ecosystem="AlmaLinux:8")["affected"],
}
OPENSSL = {**LIBRARY, "purl": "pkg:rpm/almalinux/openssl@1.1.1k-5.el8?epoch=1&distro=almalinux-8.6"}


@pytest.mark.parametrize("asked", ["CVE-2022-0778", "CVE-2022-0999", "alsa-2022:1065", "ALSA-2022:1065"])
def test_a_record_of_several_flaws_is_found_by_each_of_them(world, product, web, tmp_path, asked):
    feed(world, tmp_path, ALSA)
    bring(world, product, web, bom(components=[OPENSSL]))
    assert "Exposé" in _asked(world, product, asked)


@pytest.mark.parametrize("asked", ["PYSEC-2024-1", "pysec-2024-1", "GHSA-aaaa-bbbb-dddd"])
def test_a_record_is_found_by_its_aliases(world, product, web, tmp_path, asked):
    record = osv(ends("0", "9"), name="a", ecosystem="PyPI")
    feed(world, tmp_path, record | {"id": "PYSEC-2024-1", "aliases": ["GHSA-aaaa-bbbb-dddd"]})
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": "pkg:pypi/a@1"}]))
    assert "Exposé" in _asked(world, product, asked)


def test_the_search_and_the_page_tell_one_verdict_of_a_branch(world, product, web, tmp_path):
    for cves in (["CVE-2024-1"], ["CVE-2024-1", "CVE-2024-2"]):
        records = [
            {
                "id": name,
                "upstream": cves,
                "affected": osv(ends("0", fixed), name="openssl", ecosystem=release)["affected"],
            }
            for name, release, fixed in (
                ("RHSA-1", "Red Hat:enterprise_linux:8::baseos", "1:1.1.1k-5.el8"),
                ("RHSA-2", "Red Hat:rhel_eus:8.6::baseos", "1:1.1.1k-3.el8_6.1"),
            )
        ]
        feed(world, tmp_path, *records)
        purl = "pkg:rpm/redhat/openssl@1.1.1k-3.el8_6.2?epoch=1&distro=rhel-8.6"
        bring(world, product, web, bom(components=[{**LIBRARY, "purl": purl}]))
        assert [m.verdict for m in matches(world, product)] == ["unknown"]
        page = _asked(world, product, "CVE-2024-1")
        assert "À vérifier" in page and "Exposé" not in page
        # What a person types is placed as they type it.
        assert "Exposé" in _asked(world, product, "pkg:rpm/redhat/openssl", "<1:1.1.1k-5.el8")


def test_what_is_said_of_no_release_is_not_said_of_others(world, product, web, tmp_path):
    affected = osv(ends("0", "3.0.8-1"), name="openssl", ecosystem="Debian:12")["affected"]
    feed(world, tmp_path, {"id": "DEBIAN-CVE-2023-1000", "upstream": ["CVE-2023-1000"], "affected": affected})
    purls = ("openssl@3.0.11-1?distro=debian-12", "libssl3@3.0.11-1?distro=debian-12&upstream=openssl")
    lines = [{**LIBRARY, "purl": f"pkg:deb/debian/{one}"} for one in (*purls, "openssl@1?distro=debian-13")]
    bring(world, product, web, bom(components=lines))
    assert "Guichet" not in _asked(world, product, "CVE-2023-1000")
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": "pkg:deb/debian/openssl@1"}]))
    assert "À vérifier" in _asked(world, product, "CVE-2023-1000")


def test_a_flaw_that_is_noted_stands_beside_a_vaguer_match(world, product, web, noted, tmp_path):
    with world.database.writing() as session:
        row = session.get(Component, web.id)
        row.purl, row.version = "pkg:npm/monapp", "master-abc"
        note_change(session, [product.id])
    record = osv(ends("0", "2.0"), name="monapp", ecosystem="npm")
    feed(world, tmp_path, record | {"id": "GHSA-1", "aliases": ["CVE-2020-11111"]})
    page = world.visitor(world.person()).get("/produits/guichet/failles").text
    assert "par l’équipe ou par un fichier" in page and "Exploitée" in page
    assert "Exposé" in _asked(world, product, "CVE-2020-11111")


def test_a_flaw_that_is_noted_and_judged_is_so_in_the_search_too(world, product, web, noted, tmp_path):
    with world.database.writing() as session:
        row = session.get(Component, web.id)
        row.package, row.purl, row.version = "pkg:npm/monapp", "pkg:npm/monapp", "master-abc"
        note_change(session, [product.id])
    record = osv(ends("0", "2.0"), name="monapp", ecosystem="npm")
    feed(world, tmp_path, record | {"id": "GHSA-1", "aliases": ["CVE-2020-11111"]})
    (match,) = [m for m in matches(world, product) if m.component_ref == "web"]
    judge_harmless(world, product, match)
    page = _asked(world, product, "CVE-2020-11111")
    assert "Exposé" not in page and "Guichet" in page


@pytest.mark.parametrize(
    "asked",
    ["GHSA-jfh8-c2jp-5v3q", "GHSA-xxxx-yyyy-zzzz", "DSA-9999-1", "PYSEC-2021-999", "RUSTSEC-2021-0001", "GO-2021-1"],
)
def test_of_a_record_that_no_source_knows_nothing_is_said(world, product, web, asked):
    assert f"Aucune des sources chargées ne connaît {asked}" in _asked(world, product, asked)


def test_a_version_past_the_fix_is_not_advised_to_go_back(world, product, tmp_path):
    held = component(world, product, "metabase")
    with world.database.writing() as session:
        session.get(Component, held.id).version = "0.46.6.1"
        session.add(Vulnerability(id=new_id(), component_id=held.id, name="CVE-2020-2", kev=False, fixed_in="0.41.4"))
        note_change(session, [product.id])
    visitor = world.visitor(world.person())
    assert "→ 0.41.4" not in visitor.get("/produits/guichet/constats").text
    assert "Votre version l’est, ou vient après" in visitor.get("/produits/guichet/failles").text
    for version, purl, fixed, past in (
        ("0.41.4", "", "0.41.4", True),
        ("0.41.3", "", "0.41.4", False),
        ("", "", "0.41.4", False),
        ("1.10.0", "pkg:npm/a", "1.9.0", True),
        ("1.9.0", "pkg:npm/a", "bientôt", False),
    ):
        assert is_past_fix(version, purl, fixed) is past, (version, purl, fixed)


def test_what_mends_a_flaw_inside_is_told_with_what_holds_it(world, product, web, tmp_path):
    """The ranking and the page of flaws advise one version, of what has it."""
    feed(world, tmp_path, LOG4SHELL)
    with world.database.writing() as session:
        held = session.get(Component, component(world, product, "metabase").id)
        held.version = "0.41.2"
        note_change(session, [product.id])
    page = world.visitor(world.person()).get("/produits/guichet/constats").text
    assert "CVE-2021-44228 → Metabase 0.41.4" in page


def test_software_is_known_by_its_cpe_whatever_its_name(world, product, tmp_path):
    held = component(world, product, "metabase")
    feed(world, tmp_path, LOG4SHELL)
    with world.database.writing() as session:
        row = session.get(Component, held.id)
        row.name, row.supplier, row.eol_product, row.version = "Tableaux de bord", "", "", "0.41.2"
        row.cpe = "cpe:2.3:a:metabase:metabase:0.41.2:*:*:*:*:*:*:*"
        note_change(session, [product.id])
    with world.session(writing=False) as session:
        found = [m for m in matching.matches_of(session, [product.id])[product.id] if m.component_id == held.id]
    assert [(m.flaw, m.verdict) for m in found] == [("CVE-2021-44228", "exposed")]
    assert "Tableaux de bord" in _asked(world, product, "Metabase")


def test_kinds_of_packages_that_no_advisory_speaks_of_are_told(world, product, web, tmp_path):
    feed(world, tmp_path, LODASH)
    purls = (
        "vscode-extension/a/b@1",
        f"{'x' * 60}/a@1",
        "npm/lodash@9.0.0",
        "pypi/django@1.0",
        "cocoapods/AFNetworking@2.5.0",
        "rpm/fedora/a@1?distro=fedora-20",
    )
    bring(world, product, web, bom(components=[{**LIBRARY, "purl": f"pkg:{purl}"} for purl in purls]))
    page = world.visitor(world.person()).get("/produits/guichet/failles").text
    (told,) = re.findall("Aucun avis chargé ne parle de ces sortes de paquets : ([^.]*)", page)
    assert {"pypi", "cocoapods", "rpm/fedora"} <= set(told.split(", ")) and "npm" not in told.split(", ")
