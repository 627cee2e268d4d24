"""The guided analysis: several people, a level that asks no more than needed, a register where nothing is lost."""

import re
from datetime import timedelta

import pytest
import time_machine
from lxml import html
from sqlalchemy import select, update

from app.analysis import guide, register, services, study
from app.analysis.kinds import StepState, StudyStep
from app.analysis.models import AnalysisVersion, EssentialAsset
from app.analysis.study_models import RiskScenario, Stakeholder
from app.identity.kinds import Role
from app.identity.models import WebSession
from app.platform import clock
from app.platform.uploads import Upload
from risk_models import product_file
from tests.factories.study import ANSWERS, BASE, colleague, finish, journal, revision, text

RATING = {"severity": "", "likelihood": "4", "why": "Déjà vu chez un voisin", "kept": "y"}


FORMS = {
    "stakeholder": (
        "composition",
        {"name": "Scalingo", "kind": "supplier", "dependency": "4", "penetration": "3", "maturity": "3", "trust": "3"},
        {"dependency": "2"},
    ),
    "source": (
        "sources",
        {
            "kind": "organised_crime",
            "aim": "lucre",
            "motivation": "3",
            "resources": "3",
            "kept": "y",
            "why": "Vise tout le monde",
        },
        {"why": "Vise surtout les hôpitaux"},
    ),
    "story": (
        "scenarios/raconte",
        {
            "story": "Un export part à la mauvaise adresse",
            "severity": "3",
            "likelihood": "2",
            "kept": "y",
            "asset": "",
            "need": "confidentiality",
        },
        {"likelihood": "3"},
    ),
}
LISTS = {"composition": "composition", "sources": "sources", "scenarios/raconte": "scenarios"}


@pytest.mark.parametrize("what", FORMS)
def test_the_second_to_save_sees_what_changed_and_keeps_what_was_typed(world, team, what):
    path, values, change = FORMS[what]
    assert team.post(f"{BASE}/{path}/nouveau", values).status_code == 302
    address = re.findall(rf'href="({BASE}/{path}/[0-9a-f]{{32}})"', text(team.get(f"{BASE}/{LISTS[path]}")))[0]
    other = colleague(world)
    mine, theirs = text(team.get(address)), text(other.get(address))
    assert revision(mine) == revision(theirs)
    field = next(iter(change))
    assert other.post(address, {**values, **change, "revision": revision(theirs)}).status_code == 302
    answer = team.post(address, {**values, "revision": revision(mine), "note": "Ce que j’ai tapé"})
    page = text(answer)
    assert answer.status_code == 200
    assert "Sacha Bernard a enregistré cette page entre-temps" in page
    shown = {"likelihood": "Très vraisemblable"}.get(field, change[field])
    assert shown in page.split('id="conflit"')[1].split("<form")[0]
    if what == "stakeholder":
        assert "Ce que j’ai tapé" in page
    assert team.post(address, {**values, "revision": revision(page)}).status_code == 302  # knowingly


@pytest.mark.parametrize("what", FORMS)
def test_sending_twice_adds_once(world, team, what):
    path, values, _ = FORMS[what]
    assert team.post(f"{BASE}/{path}/nouveau", values).status_code == 302
    again = team.post(f"{BASE}/{path}/nouveau", values)
    assert again.status_code == 200
    assert "déjà dans la liste" in text(again)


def test_a_conflict_on_an_asset_names_the_components(world, team):
    address = "/produits/exemple/analyse/dossiers"
    asset = {"name": "Dossiers", "lives_in": "base", "confidentiality": "3", "integrity": "3", "availability": "2"}
    mine = revision(text(team.get(address)))
    other = colleague(world)
    assert other.post(address, {**asset, "lives_in": ["base", "web"], "revision": mine}).status_code == 302
    page = text(team.post(address, {**asset, "name": "Dossiers sensibles", "revision": mine}))
    assert "Dans quels composants" in page.split('id="conflit"')[1].split("<form")[0]
    assert 'value="Dossiers sensibles"' in page


def test_a_conflict_on_a_measure_is_seen_too(world, team):
    page = text(team.get("/produits/exemple/mesures"))
    address = re.findall(r'href="(/produits/exemple/mesures/[0-9a-f]{32})"', page)[0]
    mine = revision(text(team.get(address)))
    form = {"status": "done", "on": ["web", "github"], "revision": mine}
    assert colleague(world).post(address, form).status_code == 302
    assert "a enregistré cette page entre-temps" in text(team.post(address, form))


def test_a_form_without_revision_never_overwrites(world, team):
    asset = {"name": "X", "lives_in": "base", "confidentiality": "1", "integrity": "1", "availability": "1"}
    assert "entre-temps" in text(team.post("/produits/exemple/analyse/dossiers", asset))
    with world.session(writing=False) as session:
        assert session.scalar(select(EssentialAsset.name).where(EssentialAsset.ref == "dossiers")) != "X"


def test_a_rating_of_people_shows_beside_that_of_the_drawing(world, team):
    page = text(team.get(f"{BASE}/scenarios"))
    key = re.findall(rf'href="{BASE}/scenarios/([\w:-]+)"', page)[0]
    refused = text(team.post(f"{BASE}/scenarios/{key}", {**RATING, "why": ""}))
    assert "Dites pourquoi votre cotation diffère" in refused
    assert team.post(f"{BASE}/scenarios/{key}", RATING).status_code == 302
    page = text(team.get(f"{BASE}/scenarios"))
    assert "Le schéma donne G" in page and "Déjà vu chez un voisin" in page
    line = journal(world, "rate_scenario")[-1]
    assert line.details["likelihood"] == 4 and line.details["computed_likelihood"] in {1, 2, 3, 4}
    assert line.details["before"]["likelihood"] is None
    before = text(team.get("/produits/exemple/points-de-faiblesse.json"))
    row = revision(text(team.get(f"{BASE}/scenarios/{key}")))
    aside = {**RATING, "kept": "", "why_not": "", "revision": row}
    assert "Dites pourquoi vous l’écartez" in text(team.post(f"{BASE}/scenarios/{key}", aside))
    team.post(f"{BASE}/scenarios/{key}", {**aside, "why_not": "Cette base n’existe plus"})
    assert "Cette base n’existe plus" in text(team.get(f"{BASE}/registre"))
    assert text(team.get("/produits/exemple/points-de-faiblesse.json")) == before  # people rate, the ranking stays
    assert team.get(f"{BASE}/scenarios/inconnu:x").status_code == 404


def test_who_decides_of_a_risk_is_not_said_to_have_rated_it(world, team):
    key = re.findall(rf'href="{BASE}/scenarios/([\w:-]+)"', text(team.get(f"{BASE}/scenarios")))[0]
    assert team.edit(f"{BASE}/scenarios/{key}", RATING).status_code == 302
    other = colleague(world)
    treated = {"treatment": "reduce", "note": "Par le plan"}
    assert other.edit(f"{BASE}/registre/{key}", treated).status_code == 302
    assert other.edit(f"{BASE}/scenarios/{key}", RATING).status_code == 302  # the same again
    with world.session(writing=False) as session:
        row = session.scalar(select(RiskScenario).where(RiskScenario.key == key))
        assert (row.rated_by, row.edited_by) == ("Camille Martin", "Sacha Bernard")


def test_a_risk_is_treated_by_somebody_until_a_day(world, team):
    page = text(team.get(f"{BASE}/registre"))
    key = re.findall(rf'href="{BASE}/registre/([\w:-]+)"', page)[0]
    address = f"{BASE}/registre/{key}"
    for form, said in (
        ({"treatment": ""}, "Choisissez une réponse"),
        ({"treatment": "accept"}, "Jusqu’à quand ?"),
        ({"treatment": "accept", "accepted_until": "2020-01-01"}, "date à venir"),
        ({"treatment": "accept", "accepted_until": "2040-01-01"}, "Trois ans au plus"),
        ({"treatment": "transfer"}, "à qui il est transféré"),
        ({"treatment": "avoid"}, "ce à quoi vous renoncez"),
    ):
        assert said in text(team.post(address, form)), form
    until = (clock.today() + timedelta(days=30)).isoformat()
    typed = {"treatment": "accept", "accepted_by": "La directrice", "accepted_until": until}
    assert team.post(address, typed).status_code == 302
    page = text(team.get(f"{BASE}/registre"))
    assert "proposé par Camille Martin" in page and "La directrice" not in page
    with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
        later = colleague(world)
        assert "Proposition finie" in text(later.get(f"{BASE}/registre"))


def test_a_step_is_taken_then_done_by_its_content_and_remarked_on(world, team):
    other = colleague(world)
    team.post("/produits/exemple/etapes/fear/prendre")
    assert "Camille Martin s’en occupe" in text(other.get(BASE))
    assert "Il reste à : raconter le pire en une phrase" in text(other.get(f"{BASE}/craindre"))
    fear = {"description": "La base est publiée", "need": "confidentiality", "severity": "4"}
    assert team.post(f"{BASE}/craindre/dossiers/nouveau", fear).status_code == 302
    page = text(other.get(f"{BASE}/craindre"))
    assert "Il reste à : raconter" not in page and "1 événement redouté" in page
    assert "Camille Martin s’en occupe" not in page
    authority = colleague(world, Role.AUTHORITY, "autorite@exemple.test", "Andrée Laurent")
    authority.post("/produits/exemple/etapes/fear/remarques", {"text": "Et si le site mentait ?"})
    page = text(team.get(f"{BASE}/craindre"))
    assert "Et si le site mentait ?" in page and "1 remarque à régler" in page
    twice = authority.post("/produits/exemple/etapes/fear/remarques", {"text": "Et si le site mentait ?"})
    assert twice.status_code == 409
    team.post(re.search(r'action="(/produits/exemple/etapes/remarques/\w+/regler)"', page)[1])
    assert "Réglée" in text(team.get(f"{BASE}/craindre"))
    assert authority.post("/produits/exemple/etapes/fear/prendre").status_code == 404
    assert team.post("/produits/exemple/etapes/inconnue/prendre").status_code == 404
    assert authority.post("/produits/exemple/etapes/fear/remarques", {"text": "x" * 3000}).status_code == 409


def test_two_versions_tell_what_is_new_changed_and_gone(world, team):
    finish(world, team)
    path, values, _ = FORMS["stakeholder"]
    team.post(f"{BASE}/{path}/nouveau", values)
    team.submits(f"{BASE}/niveau", f"{BASE}/niveau/retenu", {"level": "3"})
    team.post(
        "/produits/exemple/composants/nouveau",
        {"name": "Valkey", "kind": "cache", "hosting": "paas", "exposure": "internal"},
    )
    finish(world, team)
    page = text(team.get(f"{BASE}/versions/2"))
    assert "Valkey" in page and "Scalingo" in page and "Niveau de sécurité" in page
    assert "première version" in text(team.get(f"{BASE}/versions/1"))
    assert team.get(f"{BASE}/versions/9").status_code == 404
    with world.session(writing=False) as session:
        frozen = session.scalars(select(AnalysisVersion).order_by(AnalysisVersion.number)).all()
    assert frozen[0].study["stakeholders"] == [] and frozen[1].study["stakeholders"][0]["name"] == "Scalingo"
    asked = {step.step for step in read_guide(world).steps if step.state is StepState.TODO}
    assert asked <= {StudyStep.FEAR, StudyStep.ATTACKERS}


def read_guide(world):
    with world.session(writing=False) as session:
        return guide.read_guide(session, world.reload().id)


def test_what_was_typed_when_the_session_ended_comes_back(world, team):
    """The form of an ended session is kept a day for that person alone."""
    with world.database.writing() as session:
        session.execute(update(WebSession).values(expires_at=clock.now() - timedelta(minutes=1)))
    address = f"{BASE}/composition/nouveau"
    typed = {**FORMS["stakeholder"][1], "name": "Un nom long à retaper", "note": "Trois lignes de réflexion"}
    answer = team.post(address, typed, headers={"Referer": f"http://localhost{address}"})
    assert answer.status_code == 302
    assert answer.location == f"/connexion?next={address}"
    with world.session(writing=False) as session:
        assert session.scalar(select(Stakeholder)) is None
    team.post(f"/connexion?next={address}", {"email": "camille@exemple.test"})
    with world.app.test_request_context():
        world.jobs.run_due()
    link = re.findall(r"http://\S+(/connexion/[\w-]{20,})", "\n".join(world.mails()))[-1]
    back = team.post(link)
    assert back.location == address
    page = text(team.get(address))
    assert "Votre session avait expiré" in page
    assert 'value="Un nom long à retaper"' in page and "Trois lignes de réflexion</textarea>" in page
    assert team.post(address, typed).status_code == 302
    assert "Votre session avait expiré" not in text(team.get(address))


def test_a_stranger_sends_no_form_to_keep(world):
    world.product()
    nobody = world.visitor()
    nobody.post("/produits/exemple/demarche/niveau", ANSWERS)
    with world.session(writing=False) as session:
        assert session.scalar(select(Upload)) is None


@pytest.mark.parametrize(
    "address",
    [
        BASE,
        f"{BASE}/niveau",
        f"{BASE}/craindre",
        f"{BASE}/composition",
        f"{BASE}/sources",
        f"{BASE}/scenarios",
        f"{BASE}/registre",
    ],
)
def test_an_empty_analysis_teaches(world, address):
    owner = world.person()
    world.product(owner)
    answer = world.visitor(owner).get(address)
    assert answer.status_code == 200
    reader = colleague(world, Role.AUTHORITY, "autorite@exemple.test", "Andrée Laurent")
    assert reader.get(address).status_code == 200


def test_an_empty_analysis_cannot_be_finished(world):
    owner = world.person()
    world.product(owner)
    assert world.visitor(owner).post("/produits/exemple/analyse-terminee").status_code == 409


def test_two_hundred_scenarios_fit_a_page(world, team):
    with world.database.writing() as session:
        product = world.reload()
        for number in range(200):
            row = register.new_told(f"Scénario {number}")
            row.product_id, row.severity, row.likelihood, row.asset, row.need = product.id, 2, 2, "", None
            row.deliberate, row.why_not = True, ""
            session.add(row)
    page = text(team.get(f"{BASE}/scenarios"))
    assert page.count("Scénario 1") >= 100 and team.get(f"{BASE}/registre").status_code == 200


def test_what_people_said_of_a_scenario_that_is_gone_stays(world, team):
    key = re.findall(rf'href="{BASE}/scenarios/(dossiers:[\w-]+)"', text(team.get(f"{BASE}/scenarios")))[0]
    team.post(f"{BASE}/scenarios/{key}", RATING)
    team.post("/produits/exemple/analyse/dossiers/retirer")
    page = text(team.get(f"{BASE}/scenarios"))
    assert "Le schéma ne donne plus ce scénario" in page
    with world.session(writing=False) as session:
        assert session.scalar(select(RiskScenario.key)) == key


def test_the_rows_of_another_product_are_out_of_reach(world, team):
    path, values, _ = FORMS["stakeholder"]
    team.post(f"{BASE}/{path}/nouveau", values)
    with world.session(writing=False) as session:
        row = session.scalar(select(Stakeholder))
    stranger = world.person("autre@exemple.test", "Autre")
    world.product(stranger, "Autre")
    visitor = world.visitor(stranger)
    assert visitor.get(f"/produits/autre/demarche/composition/{row.id}").status_code == 404
    assert visitor.post(f"/produits/autre/demarche/composition/{row.id}/retirer").status_code == 404


def test_a_version_reads_back_what_it_froze(world, team):
    finish(world, team)
    with world.session(writing=False) as session:
        version = services.version_of(session, world.reload().id, 1)
        assert product_file.loads(version.content).components
        assert study.profile_of(session, world.reload().id).level == version.study["level"]["level"]


def test_the_level_says_at_once_what_it_will_ask(world, team):
    team.submits(f"{BASE}/niveau", f"{BASE}/niveau", ANSWERS)
    page = text(team.get(f"{BASE}/niveau"))
    assert "À ce niveau, 6 documents à écrire, dont un test d’intrusion : comptez 2 mois." in page
    light = dict.fromkeys(ANSWERS, "1")
    tried = text(team.submits(f"{BASE}/niveau", f"{BASE}/niveau", {**light, "try": "1"}))
    assert "À ce niveau, 2 documents à écrire : comptez 2 jours." in tried


def test_risks_are_reduced_at_once_by_the_measures_that_act_on_them(world, team):
    page = html.fromstring(text(team.get(f"{BASE}/registre")))
    keys = page.xpath("//input[@name='key']/@value")
    assert len(keys) >= 2 and "réduire" in page.get_element_by_id("proposes").getparent().text_content()
    assert team.post(f"{BASE}/reduire", {"key": keys[:2]}).status_code == 302
    with world.session(writing=False) as session:
        rows = {r.key: r for r in session.scalars(select(RiskScenario))}
    assert set(rows) == set(keys[:2])
    assert all(r.treatment.value == "reduce" and r.treatment_note.startswith("Par : ") for r in rows.values())
    again = team.post(f"{BASE}/reduire", {"key": keys})
    assert again.status_code == 409 and "a changé entre-temps" in text(again)
    with world.session(writing=False) as session:
        assert len(session.scalars(select(RiskScenario)).all()) == 2
    assert team.post(f"{BASE}/reduire", {}).status_code == 409
    reader = colleague(world, Role.AUTHORITY, "autorite@exemple.test", "Andrée Laurent")
    assert "Enregistrer ces décisions" not in text(reader.get(f"{BASE}/registre"))


def test_only_a_step_that_the_level_does_not_ask_is_passed(world, team):
    team.submits(f"{BASE}/niveau", f"{BASE}/niveau", ANSWERS)
    assert "Passer cette étape" in text(team.get(f"{BASE}/sources"))
    assert team.post("/produits/exemple/etapes/attackers/passer").status_code == 302
    assert "Passée" in text(team.get(BASE))
    assert "Ne plus passer cette étape" in text(team.get(f"{BASE}/sources"))
    assert team.post("/produits/exemple/etapes/attackers/passer").status_code == 302
    assert "Passée" not in text(team.get(BASE))
    for step in StudyStep:
        if step is not StudyStep.ATTACKERS:
            refused = team.post(f"/produits/exemple/etapes/{step.value}/passer")
            assert refused.status_code == 409 and "ne se passe pas" in text(refused), step
    team.submits(f"{BASE}/niveau", f"{BASE}/niveau/retenu", {"level": "3"})
    assert team.post("/produits/exemple/etapes/attackers/passer").status_code == 409
    assert "Passer cette étape" not in text(team.get(f"{BASE}/sources"))
