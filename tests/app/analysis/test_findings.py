"""Findings on the page, accepted and opened again; the product file taken out and in; what an incubator shares."""

import html
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from app.analysis import services as analysis
from app.identity.kinds import Role
from app.platform import clock
from risk_models import product_file
from risk_models.product_file.schema import product_file_schema
from tests.factories.pages import text_of
from tests.world import EXAMPLES

FINDING = "known_exploited_flaw:metabase::"


@pytest.fixture
def team(world):
    product = world.filled()
    return world.visitor(world.person()), product


def accept(visitor, until, key=FINDING, reason="Remplacé en mars"):
    return visitor.post(f"/produits/exemple/constats/accepter?constat={key}", {"reason": reason, "until": str(until)})


def test_a_finding_is_accepted_for_a_reason_until_a_day_then_opens_again(team, world):
    visitor, product = team
    day = clock.today() + timedelta(days=90)
    assert accept(visitor, day).status_code == 302
    page = text_of(visitor.get("/produits/exemple/constats"))
    assert "1 laissé en l’état" in page
    assert "Laissé en l’état par Camille Martin" in page
    assert "Constat laissé en l’état" in text_of(visitor.get("/produits/exemple/journal"))
    with clock.at(clock.now() + timedelta(days=91)):
        other = world.person("autre@exemple.test", "Lou Petit")
        world.give(other, Role.TEAM_MEMBER, product_id=product.id)
        page = text_of(world.visitor(other).get("/produits/exemple/constats"))
    assert "0 laissé en l’état" in page
    assert "à revoir" in page


def test_what_somebody_accepted_is_not_accepted_over(team, world):
    visitor, product = team
    accept(visitor, clock.today() + timedelta(days=90))
    other = world.person("autre@exemple.test", "Lou Petit")
    world.give(other, Role.TEAM_MEMBER, product_id=product.id)
    answer = accept(world.visitor(other), clock.today() + timedelta(days=300), reason="Autre raison")
    assert "Camille Martin l’a déjà laissé en l’état" in text_of(answer)
    page = text_of(visitor.get("/produits/exemple/constats"))
    assert "Laissé en l’état par Camille Martin" in page and "Autre raison" not in page


def test_findings_of_one_remedy_are_one_line_that_goes_once_answered(team):
    """Nobody said how several components are updated: one line, whose button opens the measure on all of them."""
    visitor, _ = team
    page = visitor.get("/produits/exemple/constats").get_data(as_text=True)
    line = next(part for part in page.split("<li>") if "Règle de mise à jour" in part and "constats" in part)
    answer = html.unescape(re.search(r'href="([^"]*mesure=patch_policy[^"]*)"', line)[1])
    on = re.findall(r"sur=([\w.-]+)", answer)
    assert len(on) > 1
    ticked = re.findall(
        r'value="([\w.-]+)"[^>]*checked|checked[^>]*value="([\w.-]+)"', visitor.get(answer).get_data(as_text=True)
    )
    assert set(on) <= {one or other for one, other in ticked}
    assert (
        visitor.post(answer, {"status": "not_applicable", "reason": "Suivi par l’hébergeur", "on": on}).status_code
        == 302
    )
    assert "Règle de mise à jour" not in text_of(visitor.get("/produits/exemple/constats"))


def test_an_acceptance_can_be_taken_back(team):
    visitor, _ = team
    accept(visitor, clock.today() + timedelta(days=90))
    assert visitor.post(f"/produits/exemple/constats/rouvrir?constat={FINDING}").status_code == 302
    assert "0 laissé en l’état" in text_of(visitor.get("/produits/exemple/constats"))
    journal = text_of(visitor.get("/produits/exemple/journal"))
    assert "Constat rouvert" in journal and FINDING not in journal


@pytest.mark.parametrize(
    ("days", "reason", "message"),
    [(0, "x", "Choisissez une date à venir"), (1200, "x", "Trois ans au plus"), (90, "", "Ce champ est obligatoire")],
)
def test_an_acceptance_without_reason_or_with_a_wrong_day_is_refused(team, days, reason, message):
    visitor, _ = team
    assert message in text_of(accept(visitor, clock.today() + timedelta(days=days), reason=reason))
    assert "0 laissé en l’état" in text_of(visitor.get("/produits/exemple/constats"))


def test_what_is_not_found_cannot_be_accepted(team):
    assert accept(team[0], clock.today() + timedelta(days=9), key="exposed_store:base::").status_code == 404


def test_the_page_shows_three_views_and_how_sure_the_ranking_is(team):
    visitor, _ = team
    page = text_of(visitor.get("/produits/exemple/points-de-faiblesse"))
    for words in ("Sans mesure", "Aujourd’hui", "Plan tenu", "Ce qui l’affaiblirait", "28 constats"):
        assert words in page
    sure = text_of(visitor.get("/produits/exemple/points-de-faiblesse/solidite"))
    assert "premier dans 100 tirages sur 100" in sure
    fragment = visitor.get("/produits/exemple/points-de-faiblesse/solidite", headers={"HX-Request": "true"})
    assert "<html" not in fragment.get_data(as_text=True)
    beside = re.search(r'id="solidite-1"[^>]*hx-swap-oob="true">([^<]*)<', fragment.get_data(as_text=True))
    assert beside[1].strip() == "premier dans 100 tirages sur 100"
    assert 'id="solidite-1"' in visitor.get("/produits/exemple/points-de-faiblesse").get_data(as_text=True)


def test_the_json_of_the_page_is_that_of_the_command(team, world):
    visitor, _ = team
    found = visitor.get("/produits/exemple/points-de-faiblesse.json").get_json()
    assert found["weak_points"][0]["component"] == "metabase"
    assert found["views"]["raw"]["loss"] >= found["views"]["current"]["loss"] >= found["views"]["target"]["loss"]
    with world.session(writing=False) as session:
        system = analysis.read_system(session, world.reload())
    assert found == analysis.assessment_json(system, "fr")


def upload(visitor, text: str, path: str = "/produits/exemple/fichier"):
    return visitor.post(path, {"file": (io.BytesIO(text.encode()), "jalon.yaml")}, content_type="multipart/form-data")


def agree(visitor, text: str, looked_at):
    """Imports `text`, as somebody who saw that page does."""
    compared_with = re.search(r'name="compared_with"[^>]*value="(\w+)"', text_of(looked_at))[1]
    return visitor.post("/produits/exemple/fichier/importer", {"file": text, "compared_with": compared_with})


def exported(visitor) -> str:
    return visitor.get("/produits/exemple/fichier.yaml").get_data(as_text=True)


def test_what_is_exported_and_imported_again_changes_nothing(team):
    visitor, _ = team
    before = exported(visitor)
    assert "rien à changer" in text_of(upload(visitor, before))
    assert agree(visitor, before, upload(visitor, SMALL)).status_code == 302
    assert exported(visitor) == before


def test_a_file_replaces_the_product_once_agreed_and_keeps_what_others_wrote(team, world):
    visitor, _ = team
    text = (EXAMPLES / "parcours.yaml").read_text().replace("jalon: 1", "jalon: 1\nx-note: {a: [1, 2]}")
    page = upload(visitor, text)
    assert "Metabase" in text_of(page)
    assert "metabase" in exported(visitor), "looking changes nothing"
    assert agree(visitor, text, page).status_code == 302
    now, wanted = product_file.loads(exported(visitor)), product_file.loads(text)
    assert now.extra == wanted.extra == (("x-note", '{"a": [1, 2]}'),)
    for part in ("components", "links", "assets", "measures"):
        assert unordered(getattr(now, part)) == unordered(getattr(wanted, part))
    assert "Fichier produit importé" in text_of(visitor.get("/produits/exemple/journal"))


def test_a_file_looked_at_before_somebody_else_s_change_is_looked_at_again(team):
    visitor, _ = team
    text = exported(visitor).replace("name: Metabase", "name: Tableaux")
    page = upload(visitor, text)
    visitor.post(
        "/produits/exemple/composants/nouveau",
        {
            "name": "Keycloak",
            "kind": "identity_provider",
            "hosting": "paas",
            "exposure": "internal",
            "patched_by": "team",
        },
    )
    assert "Keycloak" in exported(visitor)
    again = agree(visitor, text, page)
    assert again.status_code == 200 and "Quelqu’un a changé le produit" in text_of(again)
    assert "Keycloak" in text_of(again) and "Keycloak" in exported(visitor)
    assert agree(visitor, text, again).status_code == 302
    assert "Keycloak" not in exported(visitor)


def unordered(values) -> list[str]:
    """Elements whose order, and the order of whose components, says nothing."""
    return sorted(
        repr(replace(v, **{f: tuple(sorted(getattr(v, f))) for f in ("on", "lives_in") if hasattr(v, f)}))
        for v in values
    )


def test_a_product_is_created_from_its_file(world):
    world.incubator("lab-exemple")
    visitor = world.visitor(world.person())
    world.give(world.person(), Role.INCUBATOR_MEMBER, incubator_id=world.incubator("lab-exemple").id)
    text = (EXAMPLES / "agrements.yaml").read_text().replace("fabrique-exemple", "lab-exemple")
    assert upload(visitor, text, "/produits/nouveau/fichier").status_code == 302
    slug = product_file.loads(text).product.id
    assert "log4j-core" in text_of(visitor.get(f"/produits/{slug}/points-de-faiblesse"))
    assert "porte déjà ce nom" in text_of(upload(visitor, text, "/produits/nouveau/fichier"))


SMALL = "jalon: 1\nproduct: {name: P}\ncomponents:\n  - {id: web, kind: web}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ligne 1, colonne 1"),
        (SMALL + "  - {id: a, kind: wbe}\n", "ligne 5, colonne 19"),
        (SMALL + "links: [{from: web, to: base, kind: reads}]\n", "composant inconnu"),
        (SMALL + f"  - {{id: a, kind: api, supplier: {'x' * 201}}}\n", "trop long"),
        (SMALL + "  - {id: a, name: web, kind: api}\n", "décrit deux fois"),
        (SMALL + "x-long: " + "y" * 500_000, "trop grand"),
        (SMALL + f"  - {{id: a, kind: api, x-owner: {'x' * 201}}}\n", "trop long"),
        (SMALL + f"  - {{id: a, kind: api, x-emergency: {'x' * 201}}}\n", "trop long"),
        (SMALL + f"  - {{id: a, kind: api, x-patched-by-reason: {'x' * 501}}}\n", "trop long"),
        (SMALL + f"  - {{id: a, kind: api, x-owner: {{a: [{'x' * 2_001}]}}}}\n", "trop long"),
        (SMALL + f"  - {{id: a, kind: api, x-owner: {{a: [{', '.join(['x' * 2_000] * 6)}]}}}}\n", "dépasse 10"),
        (SMALL + f"x-note: {'x' * 2_001}\n", "trop long"),
    ],
)
@pytest.mark.parametrize("path", ["/produits/exemple/fichier", "/produits/exemple/fichier/importer"])
def test_a_wrong_file_says_what_where_and_changes_nothing(team, text, message, path):
    visitor, _ = team
    before = exported(visitor)
    page = upload(visitor, text) if path.endswith("fichier") else visitor.post(path, {"file": text})
    assert message in text_of(page)
    assert exported(visitor) == before


def test_the_schema_is_that_of_the_command():
    assert product_file_schema()["required"] == ["jalon", "product", "components"]


def test_an_incubator_sees_which_third_parties_its_products_share(world):
    owner = world.person()
    world.filled(owner, "guichet", "Guichet")
    world.filled(owner, "parcours", "Parcours")
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    page = text_of(world.visitor(member).get("/incubateurs/dinum/tiers"))
    assert re.search(r"GitHub</th>.*Guichet, Parcours", page)
    assert world.visitor(owner).get("/incubateurs/dinum/tiers").status_code == 404
