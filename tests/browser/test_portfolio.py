"""An incubator member finds the most overdue product, relaunches its team, takes the view away."""

import csv
import io
import zipfile

import pytest

from tests.browser.person import Somebody, faults_of
from tests.conftest import ROOT


@pytest.mark.parametrize("javascript", [True, False])
def test_an_incubator_relaunches_the_most_overdue(server, chromium, javascript):
    member = Somebody.arrives(chromium, server, javascript=javascript)
    member.signs_in("incubateur@exemple.test")
    member.goes("/incubateurs/fabrique-exemple")
    page = member.page
    assert not javascript or faults_of(page) == []
    page.select_option("#tri", "urgence")
    page.select_option("#phase", "acceleration")
    page.get_by_role("button", name="Filtrer").click()
    assert "phase=acceleration" in page.url
    first = page.locator("tbody tr").first
    name = first.locator("th a").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert rows[0]["Produit"] == name
    if javascript:
        first.locator("input[type=checkbox]").check(force=True)
        page.get_by_role("button", name="Relancer les équipes cochées").click()
        member.sees("Le courriel, tel que le lira")
        assert faults_of(page) == []
        page.get_by_role("button", name="Envoyer ces relances").click()
        member.sees("1 équipe est relancée")
    member.goes("/incubateurs/fabrique-exemple/rappels")
    assert not javascript or faults_of(page) == []


def test_an_administrator_imports_cards(server, chromium, tmp_path):
    archive = tmp_path / "fiches.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for file in (ROOT / "tests" / "data" / "cards").rglob("*.md"):
            out.write(file, f"content/_{file.parent.name}/{file.name.replace('entraide-numerique', 'entraide-bis')}")
        out.writestr("content/_startups/illisible.md", "---\ntitle: [\n---\n")
    admin = Somebody.arrives(chromium, server)
    admin.signs_in("administration@exemple.test")
    admin.goes("/fiches")
    admin.page.set_input_files('input[type="file"]', archive)
    admin.presses("Lire ce fichier")
    admin.sees("Ce qui changerait")
    admin.sees("startups/illisible")
    assert faults_of(admin.page) == []
    admin.presses("Importer ces fiches")
    admin.sees("Ce qui a changé")
    admin.page.get_by_text("Nouveaux produits (1)").click()
    admin.follows("entraide-bis")
    admin.sees("Entraide numérique")
