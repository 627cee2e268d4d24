"""Every page that a team, an authority and an incubator see: axe finds nothing, nothing scrolls sideways."""

import pytest

from tests.browser.person import Somebody, faults_of, overflow_of

TEAM = [
    "/",
    "/produits",
    "/produits/nouveau",
    "/produits/guichet-aides",
    "/produits/guichet-aides/fiche",
    "/produits/guichet-aides/equipe",
    "/produits/guichet-aides/composants",
    "/produits/guichet-aides/composants/metabase",
    "/produits/guichet-aides/composants/github/acces",
    "/produits/guichet-aides/composants/nouveau?nom=Metabase",
    "/produits/guichet-aides/schema",
    "/produits/guichet-aides/analyse",
    "/produits/guichet-aides/analyse/nouvelle",
    "/produits/guichet-aides/analyse/dossiers",
    "/produits/guichet-aides/points-de-faiblesse",
    "/produits/guichet-aides/points-de-faiblesse/solidite",
    "/produits/guichet-aides/constats",
    "/produits/guichet-aides/constats/accepter?constat=known_exploited_flaw:metabase::",
    "/produits/guichet-aides/fichier",
    "/produits/nouveau/fichier",
    "/produits/guichet-aides/indices",
    "/produits/guichet-aides/brouillon",
    "/produits/guichet-aides/failles",
    "/produits/guichet-aides/failles/vex",
    "/catalogue?q=meta",
    "/connaissances",
    "/produits/guichet-aides/mesures",
    "/produits/guichet-aides/mesures/nouvelle?mesure=waf&sur=metabase",
    "/produits/guichet-aides/demarche",
    "/produits/parcours-insertion/demarche",
    "/produits/guichet-aides/demarche/niveau",
    "/produits/parcours-insertion/demarche/niveau",
    "/produits/guichet-aides/demarche/craindre",
    "/produits/parcours-insertion/demarche/craindre",
    "/produits/guichet-aides/demarche/craindre/dossiers/nouveau?exemple=1",
    "/produits/guichet-aides/demarche/composition",
    "/produits/parcours-insertion/demarche/composition",
    "/produits/guichet-aides/demarche/composition/nouveau?exemple=0",
    "/produits/guichet-aides/demarche/sources",
    "/produits/parcours-insertion/demarche/sources",
    "/produits/guichet-aides/demarche/sources/nouveau",
    "/produits/guichet-aides/demarche/scenarios",
    "/produits/parcours-insertion/demarche/scenarios",
    "/produits/guichet-aides/demarche/scenarios/dossiers:integrity",
    "/produits/guichet-aides/demarche/scenarios/raconte/nouveau?exemple=1",
    "/produits/guichet-aides/demarche/registre",
    "/produits/guichet-aides/a-faire",
    "/produits/parcours-insertion/a-faire",
    "/produits/guichet-aides/versions",
    "/produits/parcours-insertion/demarche/registre",
    "/produits/guichet-aides/demarche/registre/dossiers:integrity",
    "/produits/parcours-insertion/demarche/versions/1",
    "/produits/guichet-aides/preuves",
    "/produits/parcours-insertion/preuves",
    "/produits/guichet-aides/outils/nouveau",
    "/produits/guichet-aides/plan",
    "/produits/parcours-insertion/plan",
    "/produits/guichet-aides/services",
    "/produits/parcours-insertion/services",
    "/produits/parcours-insertion/mesures",
    "/produits/guichet-aides/dossier",
    "/produits/agrements-sport/dossier/1",
    "/produits/agrements-sport/dossier/1/depuis",
    "/produits/guichet-aides/echeances",
    "/produits/guichet-aides/journal",
    "/produits/agrements-sport/dossier/1/pieces",
    "/produits/parcours-insertion/dossier/1",
    "/produits/parcours-insertion/dossier/1/pieces",
    "/produits/guichet-aides/dossier/ailleurs",
    "/compte/second-facteur",
    "/compte/second-facteur/codes",
    "/compte/sessions",
    "/compte/proconnect",
    "/compte/journal",
    "/homologations",
    "/registre",
    "/statistiques",
    "/modele",
    "/verifier",
    "/verifier?contenu=0",
    "/accessibilite",
    "/lexique",
    "/mentions-legales",
    "/donnees-personnelles",
    "/style",
    "/demonstration/courriels",
    "/nulle-part",
]
PEOPLE = {
    "equipe@exemple.test": TEAM,
    "autorite@exemple.test": [
        "/",
        "/produits/parcours-insertion/dossier/1",
        "/produits/parcours-insertion/dossier/delegations",
        "/produits/parcours-insertion/dossier/1/signe-ailleurs",
        "/produits/agrements-sport/dossier/1/retirer-homologation",
        "/compte/second-facteur",
    ],
    "incubateur@exemple.test": [
        "/incubateurs",
        "/incubateurs/fabrique-exemple",
        "/incubateurs/fabrique-exemple/tiers",
        "/incubateurs/fabrique-exemple/calendrier",
        "/incubateurs/fabrique-exemple/evolution",
        "/incubateurs/fabrique-exemple?tri=nom",
        "/incubateurs/fabrique-exemple/rappels",
        "/incubateurs/fabrique-exemple/autorites",
        "/incubateurs/fabrique-exemple/roles",
        "/incubateurs/fabrique-exemple/mouvements",
        "/incubateurs/fabrique-exemple/journal",
        "/incubateurs/fabrique-exemple/relancer?produit=guichet-aides",
        "/produits/guichet-aides/echeances",
        "/compte/rappels",
        "/incubateurs/fabrique-exemple/services",
        "/incubateurs/fabrique-exemple/services/nouveau",
        "/incubateurs/fabrique-exemple/outils",
        "/incubateurs/dashlord",
        "/homologations/importer",
        "/qui-utilise?q=log4j-core&plage=<2.17.1",
    ],
    "administration@exemple.test": [
        "/plateforme/roles",
        "/plateforme/comptes",
        "/plateforme/journal",
        "/fiches",
        "/incubateurs/comparaison",
        "/catalogue",
        "/catalogue/nouveau",
    ],
}


def _faults_at_each_width(somebody: Somebody, language: str) -> list[str]:
    """English has the same elements as French, and other lengths: of it only the width is looked at."""
    look = faults_of if language == "fr-FR" else overflow_of
    faults = look(somebody.page)
    somebody.page.set_viewport_size({"width": 320, "height": 900})
    faults += look(somebody.page)
    somebody.page.set_viewport_size({"width": 1280, "height": 900})
    return faults


@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
def test_pages_are_accessible(server, chromium, language):
    faults = []
    for address, paths in PEOPLE.items():
        somebody = Somebody.arrives(chromium, server, language=language)
        somebody.goes("/connexion")
        faults += _faults_at_each_width(somebody, language)
        somebody.signs_in(address)
        for path in paths:
            somebody.goes(path)
            faults += _faults_at_each_width(somebody, language)
        somebody.page.context.close()
    assert faults == []


def test_errors_of_a_form_are_listed_linked_and_accessible(server, chromium):
    team = Somebody.arrives(chromium, server)
    team.signs_in("equipe@exemple.test")
    team.goes("/produits/nouveau")
    team.fills(name="", mission="Ce que j’ai tapé")
    team.presses("Créer le produit")
    team.sees("réponses sont à corriger")
    assert team.page.locator('[name="mission"]').input_value() == "Ce que j’ai tapé"
    assert faults_of(team.page) == []
    team.page.locator("#erreurs a").first.click()
    assert team.page.url.endswith("#name")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_team_accepts_a_finding_and_imports_its_file(server, chromium, javascript, tmp_path):
    team = Somebody.arrives(chromium, server, javascript=javascript)
    team.signs_in("equipe@exemple.test")
    team.goes("/produits/parcours-insertion/points-de-faiblesse")
    team.sees("Ce classement est-il sûr ?" if not javascript else "premier dans")
    team.goes("/produits/parcours-insertion/constats")
    team.page.get_by_role("link", name="Laisser ce constat en l’état").last.click()
    team.page.get_by_label("Pourquoi le laisser en l’état ?").fill("Surveillé par l’hébergeur")
    team.page.get_by_label("Jusqu’au").fill("2028-01-01")
    team.presses("Laisser en l’état jusqu’à cette date")
    team.sees("Le constat est laissé en l’état")
    team.presses("Rouvrir ce constat")
    team.goes("/produits/parcours-insertion/fichier")
    with team.page.expect_download() as download:
        team.page.get_by_role("link", name="Télécharger le fichier").click()
    file = tmp_path / "jalon.yaml"
    file.write_text(download.value.path().read_text().replace("name: Site Next.js", "name: Site public"))
    team.page.get_by_label("Fichier produit (jalon.yaml)").set_input_files(file)
    team.presses("Voir ce qui changerait")
    team.sees("Site public")
    assert not javascript or faults_of(team.page) == []  # axe is a script
    team.presses("Importer ces changements")
    team.sees("Le fichier est importé")
    # The demonstration is shared with the other tests: put it back.
    file.write_text(download.value.path().read_text())
    team.goes("/produits/parcours-insertion/fichier")
    team.page.get_by_label("Fichier produit (jalon.yaml)").set_input_files(file)
    team.presses("Voir ce qui changerait")
    team.presses("Importer ces changements")
    team.sees("Le fichier est importé")


def test_the_menu_opens_by_keyboard_on_a_telephone(server, chromium):
    team = Somebody.arrives(chromium, server, width=320, javascript=False)
    team.signs_in("equipe@exemple.test")
    assert not team.page.locator("#menu").is_visible()
    team.page.locator("a.jalon-menu-open").focus()
    team.page.keyboard.press("Enter")
    assert team.page.locator("#menu").is_visible()


def test_a_word_of_the_field_is_explained_by_keyboard_without_javascript(server, chromium):
    team = Somebody.arrives(chromium, server, width=320, javascript=False)
    team.signs_in("equipe@exemple.test")
    team.goes("/produits/guichet-aides/failles")
    button = team.page.locator("button.jalon-term").first
    said = team.page.locator(f"#{button.get_attribute('popovertarget')}")
    assert not said.is_visible()
    button.focus()
    team.page.keyboard.press("Enter")
    assert said.is_visible() and team.page.evaluate("document.documentElement.scrollWidth") <= 320
    team.page.keyboard.press("Escape")
    assert not said.is_visible()
    team.page.locator("button.jalon-term").first.click()
    said.get_by_role("link").click()
    assert "/lexique#" in team.page.url


def test_a_page_says_when_the_pdf_is_ready_without_reloading(server, chromium):
    team = Somebody.arrives(chromium, server)
    team.signs_in("equipe@exemple.test")
    team.goes("/produits/agrements-sport/dossier/1")
    team.page.get_by_role("link", name="Télécharger le PDF").wait_for(timeout=60_000)


@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
def test_the_language_follows_the_browser_then_the_choice(server, chromium, language):
    somebody = Somebody.arrives(chromium, server, language=language)
    somebody.goes("/")
    assert somebody.page.locator("html").get_attribute("lang") == language[:2]
    other = {"fr": "English", "en": "Français"}[language[:2]]
    somebody.page.get_by_role("button", name=other).click()
    assert somebody.page.locator("html").get_attribute("lang") != language[:2]
