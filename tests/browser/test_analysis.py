"""The whole analysis by a team of two, with a conflict, by keyboard only, on a telephone's width and on a screen's."""

import re
from pathlib import Path

import pytest

from tests.browser.keyboard import Keyboard
from tests.browser.person import Somebody
from tests.conftest import ROOT

INVITED = "binome-{width}@exemple.test"


def _pair(chromium, server, tmp_path: Path, width: int) -> tuple[Keyboard, Keyboard, str]:
    """Two members of the team of a product described by its file."""
    file = tmp_path / "jalon.yaml"
    text = (ROOT / "examples" / "guichet.yaml").read_text()
    name = f"Analyse à deux {width}"
    text = re.sub(r"  id: guichet-aides", f"  id: analyse-a-deux-{width}", text).replace(
        "name: Guichet des aides", f"name: {name}"
    )
    file.write_text(text)
    first = Somebody.arrives(chromium, server, width=width)
    first.signs_in("equipe@exemple.test")
    first.goes("/produits/nouveau/fichier")
    first.page.locator('input[type="file"]').set_input_files(file)
    first.page.locator("main form button").first.click()
    first.page.wait_for_load_state()
    slug = f"analyse-a-deux-{width}"
    first.goes(f"/produits/{slug}/equipe")
    first.fills(**{"invite-name": "Sacha Bernard", "invite-email": INVITED.format(width=width)})
    first.chooses(**{"invite-role": "team_member"})
    first.presses("Envoyer l’invitation")
    second = Somebody.arrives(chromium, server, width=width)
    second.signs_in(INVITED.format(width=width))
    return Keyboard(first), Keyboard(second), f"/produits/{slug}"


@pytest.mark.parametrize("width", [320, 1280])
def test_a_team_of_two_does_the_whole_analysis_by_keyboard(server, chromium, tmp_path, width):
    camille, sacha, product = _pair(chromium, server, tmp_path, width)
    camille.goes(f"{product}/demarche")
    camille.sees("faites sur 11")
    camille.follows(camille.page.get_by_role("link", name="Continuer : Niveau de sécurité"))
    _level(camille)
    _protect(camille, product)
    _fear_together(camille, sacha, product)
    _made_of_and_attackers(camille, sacha, product)
    _scenarios_and_measures(camille, sacha, product)
    _remains(camille, sacha, product)


def _level(camille: Keyboard) -> None:
    for name, value in (("data", "3"), ("volume", "2"), ("outage", "2"), ("audience", "3"), ("openness", "4")):
        camille.chooses(name, value)
    camille.presses("Enregistrer et voir le niveau")
    camille.sees("Niveau : modéré")
    camille.sees("→ niveau important")


def _protect(camille: Keyboard, product: str) -> None:
    camille.goes(f"{product}/analyse")
    camille.takes_example(1)
    camille.ticks("lives_in", "base")
    camille.presses("Enregistrer")
    camille.sees("Comptes et identités est enregistré")
    camille.goes(f"{product}/analyse")
    camille.follows(camille.page.get_by_role("link", name="Continuer : Ce que l’on craint"))
    camille.sees("Rien encore. Que dirait le journal")


def _fear_together(camille: Keyboard, sacha: Keyboard, product: str) -> None:
    sacha.goes(f"{product}/demarche/craindre")
    sacha.presses("Je m’en occupe")
    sacha.sees("Sacha Bernard s’en occupe")
    sacha.takes_example(0)
    sacha.presses("Enregistrer")
    sacha.sees("L’événement redouté est enregistré")
    for person in (camille, sacha):
        person.goes(f"{product}/demarche/craindre")
        person.follows(person.page.get_by_role("link", name=re.compile("La liste des usagers et leur situation")).first)
    sacha.chooses("severity", "4")
    sacha.presses("Enregistrer")
    sacha.sees("Critique (G4)")
    camille.types("description", "La liste des usagers est vendue")
    camille.presses("Enregistrer")
    camille.sees("Sacha Bernard a enregistré cette page entre-temps")
    camille.sees("Critique")
    assert camille.page.locator('main [name="description"]').input_value() == "La liste des usagers est vendue"
    camille.chooses("severity", "4")
    camille.presses("Enregistrer")
    camille.sees("La liste des usagers est vendue")


def _made_of_and_attackers(camille: Keyboard, sacha: Keyboard, product: str) -> None:
    camille.goes(f"{product}/demarche/composition")
    camille.sees("De quoi il est fait")
    camille.takes_example(0)
    camille.presses("Enregistrer")
    camille.sees("Zone de contrôle")
    camille.goes(f"{product}/demarche/sources")
    camille.sees("Facultative à votre niveau")
    camille.presses("Passer cette étape")
    camille.sees("Ne plus passer cette étape")
    sacha.goes(f"{product}/demarche/sources")
    sacha.takes_example(6)
    sacha.presses("Enregistrer")
    sacha.sees("Écartée")


def _scenarios_and_measures(camille: Keyboard, sacha: Keyboard, product: str) -> None:
    camille.goes(f"{product}/demarche/scenarios")
    camille.follows(camille.page.get_by_role("link", name=re.compile("Corriger ou écarter")).first)
    camille.chooses("likelihood", "2")
    camille.presses("Enregistrer ma lecture")
    camille.sees("Dites pourquoi votre cotation diffère")
    camille.types("why", "Le pare-feu de l’incubateur l’arrête déjà")
    camille.presses("Enregistrer ma lecture")
    camille.sees("Le schéma donne G")
    camille.takes_example(3)
    camille.presses("Enregistrer")
    camille.sees("Une migration efface une table en production")
    sacha.goes(f"{product}/a-faire")
    sacha.follows(sacha.page.get_by_role("link", name=re.compile("^Répondre en détail : Filtrage réseau")).first)
    sacha.sees("Ce qui la prouve")
    sacha.chooses("status", "done")
    sacha.presses("Enregistrer la mesure")
    sacha.sees("est enregistrée")
    sacha.follows(sacha.page.get_by_role("link", name="Voir et joindre les preuves"))
    sacha.follows(sacha.page.get_by_role("link", name=re.compile("Joindre une preuve : Filtrage réseau")))
    rule = {"name": "regle.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 regle"}
    sacha.page.locator('[name="file"]').set_input_files(rule)
    sacha.types("link", "https://exemple.test/regle-de-filtrage")
    sacha.reaches(sacha.page.locator('[name="observed_on"]'))
    sacha.page.keyboard.type("11112026")  # the same in every order of day and month
    sacha.presses("Garder cette preuve")
    sacha.sees("Elle vaut jusqu’au 11/05/2027")


def _remains(camille: Keyboard, sacha: Keyboard, product: str) -> None:
    camille.goes(f"{product}/demarche/registre")
    camille.sees("risques sans décision")
    strong = camille.page.locator("tr", has=camille.page.get_by_text("Fort", exact=True))
    while (undecided := strong.get_by_role("link", name=re.compile("^Décider"))).count():
        camille.follows(undecided.first)
        camille.chooses("treatment", "reduce")
        camille.types("note", "Par le filtrage, fait en novembre")
        camille.presses("Enregistrer la décision")
        camille.sees("Par le filtrage, fait en novembre")
    sacha.goes(f"{product}/demarche/registre")
    sacha.reaches(sacha.page.get_by_text("Remarques", exact=True))
    sacha.page.keyboard.press("Enter")
    sacha.reaches(sacha.page.locator("#remarque"))
    sacha.page.keyboard.type("Qui accepte les autres ?")
    sacha.presses("Ajouter cette remarque")
    sacha.sees("1 remarque à régler")
    camille.goes(f"{product}/demarche/registre")
    camille.presses("C’est réglé")
    camille.sees("Réglée")
    camille.presses("Terminer l’analyse")
    camille.sees("L’analyse, version 1, est faite")
    camille.goes(f"{product}/demarche")
    camille.sees("Version 1")
    camille.goes(f"{product}/plan")
    camille.sees("Le risque au fil du temps")
