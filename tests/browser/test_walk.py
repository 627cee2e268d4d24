"""How much a team types and loads from a card to a dossier that is with its authority; run by `make bench`."""

import re
from dataclasses import dataclass, field

import pytest

from tests.browser.person import Somebody
from tests.factories.repositories import zipped

CARD = """---
title: Registre des taxis
mission: Faciliter la gestion des autorisations de stationnement
owner: fabrique-exemple
incubator: fabrique-exemple
contact: equipe@exemple.test
link: https://taxis.exemple.test
repository: https://github.com/exemple/taxis
phases:
  - name: construction
    start: 2026-01-05
---
"""
FILES = {
    "taxis/Procfile": b"web: gunicorn taxis.wsgi\nworker: celery -A taxis worker\n",
    "taxis/requirements.txt": b"django==4.2.1\ncelery==5.3.0\npsycopg==3.1\nredis==5.0\nsentry-sdk==1.30\nelasticsearch==7.17.9\n",
    "taxis/scalingo.json": b'{"addons": ["postgresql:x", "redis:y", "elasticsearch:z"]}',
    "taxis/.env.example": b"BREVO_API_KEY=\nSENTRY_DSN=\nS3_BUCKET=\nS3_SECRET_KEY=\nCRISP_WEBSITE_ID=\nMATOMO_URL=\n"
    b"FRANCECONNECT_CLIENT_SECRET=\nAPI_ENTREPRISE_TOKEN=\nMETABASE_SECRET_KEY=\n",
    "taxis/.github/workflows/ci.yml": b"on: push\njobs: {test: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}]}}\n",
    "taxis/.github/dependabot.yml": b'version: 2\nupdates: [{package-ecosystem: pip, directory: "/"}]\n',
    "taxis/docker-compose.yml": b"""services:
  web: {build: ., depends_on: [metabase, rabbitmq, keycloak, mongo]}
  metabase: {image: "metabase/metabase:v0.41.2"}
  rabbitmq: {image: "rabbitmq:3"}
  keycloak: {image: "quay.io/keycloak/keycloak:21.0.1"}
  mongo: {image: "mongo:6"}
  grafana: {image: "grafana/grafana:10.0.0"}
  prometheus: {image: "prom/prometheus:v2.45.0"}
  loki: {image: "grafana/loki:2.8.0"}
  nginx: {image: "nginx:1.24"}
  matomo: {image: "matomo:4"}
  superset: {image: "apache/superset:2.1.0"}
  kafka: {image: "bitnami/kafka:3.4"}
""",
    "taxis/Dockerfile": b"FROM python:3.11\n",
}


@pytest.fixture(autouse=True)
def only_when_asked(request):
    if not request.config.getoption("--benchmarks"):
        pytest.skip("benchmarks run with make bench")


@dataclass
class Walker(Somebody):
    """Somebody whose fields, submissions and pages are counted."""

    counts: dict[str, int] = field(default_factory=lambda: {"fields": 0, "submissions": 0, "pages": 0})

    def starts(self) -> None:
        def counted(request) -> None:
            if request.is_navigation_request() and request.frame == self.page.main_frame:
                self.counts["submissions" if request.method == "POST" else "pages"] += 1

        self.page.on("request", counted)

    def fills(self, **values: str) -> None:
        self.counts["fields"] += len(values)
        super().fills(**values)

    def chooses(self, **values: str) -> None:
        self.counts["fields"] += len(values)
        super().chooses(**values)

    def types(self, selector: str, text: str) -> None:
        self.counts["fields"] += 1
        self.page.locator(selector).first.fill(text)

    def gives(self, name: str, file_name: str, content: bytes) -> None:
        self.counts["fields"] += 1
        kind = "application/zip" if file_name.endswith(".zip") else "text/markdown"
        self.page.locator(f'[name="{name}"]').set_input_files({"name": file_name, "mimeType": kind, "buffer": content})


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_from_a_card_to_a_dossier_with_its_authority(server, chromium, javascript):
    team = Walker.arrives(chromium, server, javascript=javascript)
    team.signs_in("equipe@exemple.test")
    team.starts()
    slug = f"taxis-{'js' if javascript else 'sans'}"
    _describes(team, slug)
    _answers(team, slug)
    components = _prepares(team, slug)
    reviewer = Somebody.arrives(chromium, server, javascript=javascript)
    reviewer.signs_in("rssi@exemple.test")
    reviewer.goes(f"/produits/{slug}/dossier/1")
    reviewer.chooses(verdict="favourable")
    reviewer.fills(text="Rien à redire sur ce que j’ai lu.")
    reviewer.presses("Donner mon avis")
    team.goes(f"/produits/{slug}/dossier/1")
    team.presses("Transmettre à l’autorité")
    team.sees("Le dossier est figé")
    print(f"\n{'with' if javascript else 'without'} JavaScript, {components} components: {team.counts}")
    assert team.counts["fields"] <= 90 and team.counts["pages"] <= 100, team.counts


def _describes(team: Walker, slug: str) -> None:
    """The card, the level, whom to call, the components from the repository, their versions."""
    team.goes("/produits/nouveau")
    team.gives("card", f"{slug}.md", CARD.encode())
    team.presses("Importer la fiche")
    team.presses("Enregistrer et continuer")
    team.chooses(data="3", volume="2", outage="2", audience="3", openness="4")
    team.presses("Enregistrer et voir le niveau")
    team.follows("Continuer : Qui appeler")
    team.fills(name="Sacha Bernard", phone="+33 1 23 45 67 89")
    team.page.locator('[name="can_suspend"]').check(force=True)
    team.presses("Ajouter ce contact")
    for name, address, role in (
        ("Dominique Leroy", "rssi@exemple.test", "reviewer"),
        ("Andrée Laurent", "autorite@exemple.test", "authority"),
    ):
        team.fills(**{"invite-name": name, "invite-email": address})
        team.chooses(**{"invite-role": role})
        team.presses("Envoyer l’invitation")
    team.follows("Continuer : De quoi il est fait")
    team.follows("Partir du dépôt")
    team.gives("archive", "taxis.zip", zipped(FILES).getvalue())
    team.presses("Lire le dépôt")
    team.presses("Reprendre ce qui est coché")
    team.goes(f"/produits/{slug}/versions")
    unknown = team.page.locator('table input[name$="-version"]')
    for number in range(unknown.count()):
        if not unknown.nth(number).input_value():
            team.counts["fields"] += 1
            unknown.nth(number).fill("1.2.3")
    team.presses("Enregistrer les versions")
    team.goes(f"/produits/{slug}/analyse/nouvelle")
    team.fills(name="Dossiers des conducteurs")
    team.chooses(confidentiality="4", integrity="3", availability="2")
    team.counts["fields"] += 1
    team.page.get_by_label("PostgreSQL").first.check(force=True)
    team.presses("Enregistrer")
    team.fills(description="La liste des conducteurs est publiée")
    team.chooses(need="confidentiality", severity="4")
    team.presses("Ajouter cet événement")


def _answers(team: Walker, slug: str) -> None:
    """What is to do, line by line in place, until no measure is asked."""
    team.goes(f"/produits/{slug}/a-faire")
    for _line in range(40):
        done = team.page.locator('button[name="status"][value="done"]')
        if not done.count():
            break
        done.first.click()
        team.page.wait_for_load_state()
        if "a-faire" not in team.page.url:  # a common service brings it: say how one has it
            team.fills(reason="En propre, par l’équipe")
            team.presses("Enregistrer la mesure")
    team.goes(f"/produits/{slug}/demarche/registre")
    reduced = team.page.locator('input[name="key"]')
    for number in range(reduced.count()):
        team.counts["fields"] += 1
        reduced.nth(number).check(force=True)
    if reduced.count():
        team.presses("Enregistrer ces décisions")
    strong = team.page.locator("tr", has=team.page.get_by_text("Fort", exact=True))
    while (undecided := strong.get_by_role("link", name=re.compile("^Décider"))).count():
        undecided.first.click()
        team.chooses(treatment="reduce")
        team.presses("Enregistrer la décision")
    team.presses("Terminer l’analyse")


def _prepares(team: Walker, slug: str) -> int:
    """The dossier, its pieces, the request for an opinion; gives how many components it has."""
    team.goes(f"/produits/{slug}/composants")
    components = team.page.locator('input[name="ref"]').count()
    team.goes(f"/produits/{slug}/dossier")
    team.presses("Ouvrir un dossier")
    team.fills(perimeter="Le site et ses données")
    team.counts["fields"] += 2
    team.page.locator('select[name="authority"]').select_option(index=1)
    team.chooses(months="24")
    team.presses("Enregistrer cette partie")
    team.page.locator('select[name="reviewer"]').select_option(label="Dominique Leroy")
    team.chooses(role="rssi")
    team.presses("Ajouter cette personne")
    team.goes(f"/produits/{slug}/dossier/1/pieces")
    missing = team.page.locator("tr", has_text="Manquante").locator("th a").evaluate_all("e => e.map(a => a.pathname)")
    for path in missing:
        team.goes(path)
        if path.endswith(("/audits", "/aipd")):
            team.chooses(answer="not_applicable")
            team.types('[name="text"]', "Prévu au premier trimestre : la commande est passée.")
        else:
            begun = team.page.locator('[name="text"]').input_value()
            if not begun:
                team.chooses(answer="written")
            team.types(
                '[name="text"]',
                begun.replace("[à compléter]", "voir") or "Décrit dans le dépôt du produit, relu chaque année.",
            )
        team.presses("Enregistrer cette réponse")
    team.goes(f"/produits/{slug}/dossier/1/composer")
    team.types('form[action$="/conditions"] [name="text"]', "Comptes nominatifs")
    team.types('form[action$="/conditions"] [name="check"]', "Revue trimestrielle")
    team.presses("Ajouter cette condition")
    team.presses("Demander les avis")
    return components
