"""From an empty product to a ranked analysis, by its repository and three answers; with JavaScript and without."""

import pytest
from playwright.sync_api import expect

from tests.browser.person import Somebody, faults_of
from tests.factories.repositories import zipped

FILES = {
    "produit/Procfile": b"web: bin/start\njobs: bundle exec sidekiq\n",
    "produit/Gemfile": b'gem "rails", "7.1.4"\ngem "pg"\ngem "sidekiq"\ngem "sentry-rails"\n',
    "produit/scalingo.json": b'{"addons": ["postgresql:x", "redis:y"]}',
    "produit/.env.example": b"BREVO_API_KEY=\nDATABASE_URL=\nTRUC_API_URL=\nTRUC_API_TOKEN=\n",
    "produit/.github/dependabot.yml": b"version: 2\nupdates:\n- package-ecosystem: bundler\n",
    "produit/docker-compose.yml": b"services:\n  mail:\n    image: maildev/maildev\n",
}


@pytest.mark.parametrize("javascript", [True, False])
def test_a_repository_becomes_a_ranked_analysis(server, chromium, tmp_path, javascript):
    archive = tmp_path / "produit.zip"
    archive.write_bytes(zipped(FILES).getvalue())
    team = Somebody.arrives(chromium, server, javascript=javascript)
    team.signs_in("equipe@exemple.test")
    team.goes("/produits/nouveau")
    name = f"Brouillon {'avec' if javascript else 'sans'}"
    team.fills(name=name)
    team.page.locator('[name="incubators"][value="fabrique-exemple"]').check(force=True)
    team.page.locator('[name="phases-0-name"]').select_option("construction")
    team.page.locator('[name="phases-0-start"]').fill("2026-01-05")
    team.presses("Créer le produit")
    slug = team.page.url.split("/")[4]
    team.goes(f"/produits/{slug}/composants")

    team.follows("Partir du dépôt")
    assert not javascript or faults_of(team.page) == []
    team.presses("Lire le dépôt")
    team.sees("Donnez une archive, ou l’adresse d’un dépôt public.")
    team.page.locator('[name="archive"]').set_input_files(archive)
    team.presses("Lire le dépôt")
    team.sees("Ce que dit le dépôt")
    team.sees("Gemfile:1")
    team.sees("1 chose mise de côté")
    assert not javascript or faults_of(team.page) == []
    drawing = team.page.locator("#brouillon-schema")
    assert drawing.locator('[data-component="postgresql"]').count() == 1
    assert drawing.locator('[data-component="brevo"]').count() == 0
    team.page.get_by_label("Brevo").check(force=True)
    if javascript:
        drawing.locator('[data-component="brevo"]').wait_for(timeout=5000, state="attached")
    else:
        team.presses("Voir le schéma avec ces choix")
        expect(team.page.locator('#brouillon-schema [data-component="brevo"]')).to_have_count(1)
    team.presses("Reprendre ce qui est coché")
    team.sees("choses sont reprises")
    team.sees("Application Rails")

    team.goes(f"/produits/{slug}/analyse")
    team.follows("Ajouter une valeur métier")
    team.fills(name="Dossiers des usagers")
    team.chooses(confidentiality="4", integrity="3", availability="2")
    team.page.get_by_label("PostgreSQL").check(force=True)
    team.page.locator("main form button").first.click()
    team.goes(f"/produits/{slug}/points-de-faiblesse")
    team.sees("Si vous ne faites qu’une chose")
    assert not javascript or faults_of(team.page) == []
