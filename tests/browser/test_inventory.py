"""The inventory as a team fills it: the drawing as an editor, what a component carries, sightings, spreadsheets."""

import re
from pathlib import Path

import pytest

from tests.browser.person import Somebody, faults_of
from tests.conftest import ROOT

BOMS = ROOT / "tests" / "data" / "boms"
SCAN = ROOT / "tests" / "data" / "dashlord" / "report.json"


def team_at(server, chromium, path, **how) -> Somebody:
    team = Somebody.arrives(chromium, server, **how)
    team.signs_in("equipe@exemple.test")
    team.goes(path)
    return team


def test_a_link_is_drawn_by_choosing_two_components_with_mouse_and_keyboard(server, chromium):
    team = team_at(server, chromium, "/produits/parcours-insertion/schema")
    boxes = team.page.locator("[data-graph-editor] [data-component]")
    first, second = boxes.nth(0), boxes.nth(1)
    names = [box.get_attribute("data-component") for box in (first, second)]
    first.click()
    second.focus()
    team.page.keyboard.press("Enter")
    assert [team.page.locator(f'[name="{f}"]').input_value() for f in ("source", "target")] == names
    assert second.get_attribute("aria-pressed") == "true"
    team.chooses(kind="administers")
    assert faults_of(team.page) == []
    team.presses("Ajouter ce lien")
    team.sees("Le lien est ajouté")


def test_a_link_is_added_beside_the_drawing_without_javascript(server, chromium):
    team = team_at(server, chromium, "/produits/agrements-sport/schema", javascript=False)
    options = team.page.locator('[name="source"] option').evaluate_all("all => all.map(o => o.value).filter(Boolean)")
    team.chooses(source=options[0], target=options[0], kind="calls")
    team.presses("Ajouter ce lien")
    team.sees("ne peut pas être relié à lui-même")
    team.chooses(source=options[0], target=options[-1], kind="administers")
    team.presses("Ajouter ce lien")
    team.sees("Le lien est ajouté")


@pytest.mark.parametrize("javascript", [True, False])
def test_what_a_component_carries_is_looked_at_then_imported_and_found(server, chromium, javascript):
    slug, ref = ("agrements-sport", "java") if javascript else ("guichet-aides", "web")
    team = team_at(server, chromium, f"/produits/{slug}/composants/{ref}", javascript=javascript)
    team.follows("Importer ce qu’il embarque (SBOM)")
    team.page.locator('[name="file"]').set_input_files(BOMS / "application.cdx.json")
    team.page.locator("main form button").first.click()
    team.sees("Ajoutés : 4")
    assert not javascript or faults_of(team.page) == []  # axe is itself a script
    team.presses("Importer ces paquets")
    team.sees("4 paquets sont importés")
    incubator = Somebody.arrives(chromium, server, javascript=javascript)
    incubator.signs_in("incubateur@exemple.test")
    incubator.goes("/qui-utilise?q=log4j-core&plage=>=2.0,<2.17.1")
    incubator.sees("2.14.1")
    incubator.sees("Exposé")
    assert not javascript or faults_of(incubator.page) == []


def test_an_incubator_imports_dashlord_and_a_team_confirms(server, chromium, tmp_path):
    incubator = Somebody.arrives(chromium, server)
    incubator.signs_in("incubateur@exemple.test")
    incubator.goes("/incubateurs/dashlord")
    scan = tmp_path / "report.json"
    scan.write_text(SCAN.read_text().replace('"guichet"', '"guichet-aides"'))
    incubator.page.locator('[name="file"]').set_input_files(scan)
    incubator.presses("Voir ce qui serait proposé")
    incubator.sees("OpenSSH")
    assert faults_of(incubator.page) == []
    incubator.presses("Proposer ces indices et garder ces preuves")
    team = team_at(server, chromium, "/produits/guichet-aides/composants")
    team.follows("Confirmer ou écarter ces indices")
    assert faults_of(team.page) == []
    team.page.get_by_label("Nginx").check(force=True)
    team.presses("Ajouter ceux que j’ai cochés")
    team.sees("1 composant est ajouté, à confirmer")


def test_a_spreadsheet_goes_out_is_changed_and_comes_back(server, chromium, tmp_path):
    team = team_at(server, chromium, "/produits/parcours-insertion/fichier", javascript=False)
    with team.page.expect_download() as download:
        team.follows("tableur (CSV)")
    rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    head = rows[0].split(";")
    cells = rows[1].split(";")
    cells[head.index("owner")] = "Alix Petit"
    changed = tmp_path / "inventaire.csv"
    changed.write_text("\r\n".join([rows[0], ";".join(cells)]), encoding="utf-8-sig")
    team.page.locator('[name="file"]').set_input_files(changed)
    team.presses("Voir ce qui changerait")
    team.sees(re.sub("^'", "", cells[head.index("name")]))
    team.presses("Importer ces changements")
    team.goes(f"/produits/parcours-insertion/composants/{cells[0]}")
    assert team.page.locator('[name="owner"]').input_value() == "Alix Petit"
