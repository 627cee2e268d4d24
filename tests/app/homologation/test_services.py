import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.homologation import services
from app.homologation.kinds import DossierState, Outcome
from app.homologation.models import Decision, Dossier
from app.identity.kinds import Role
from app.platform import clock
from app.platform.refusals import Refusal
from reports import dossier as content
from risk_models.rules import schedule
from tests.factories.homologation import run_jobs


def decision_form(dossier, **changes):
    form = {
        "outcome": "with_reservations",
        "exploited_reason": "Coupé d’internet",
        "months": "12",
        "reservations": "Second facteur",
        "shown_sha256": dossier.content_sha256,
    }
    return form | changes


def test_a_decision_begins_today_and_lasts_what_was_chosen(scene):
    world, _, people, dossier = scene
    authority = world.visitor(people["authority"])
    signed = world.signs(people["authority"], "/produits/exemple/dossier/1", **decision_form(dossier))
    assert signed.status_code == 302
    with world.database.reading() as session:
        decision = session.scalar(select(Decision))
    assert decision.decided_on == clock.today()
    assert decision.expires_on == schedule.add_months(clock.today(), 12)
    assert "Homologué jusqu" in authority.get("/produits/exemple").get_data(as_text=True)


def test_a_decision_is_taken_once(scene):
    world, _, people, dossier = scene
    authority = world.visitor(people["authority"])
    world.signs(people["authority"], "/produits/exemple/dossier/1", **decision_form(dossier))
    again = authority.post("/produits/exemple/dossier/1/decision", decision_form(dossier, outcome="refused"))
    assert again.status_code == 409
    with world.database.reading() as session:
        assert session.scalars(select(Decision.outcome)).all() == [Outcome.WITH_RESERVATIONS]


def test_only_the_named_authority_decides(scene):
    world, _, _, dossier = scene
    other = world.person("autre@exemple.test", "Autre autorité")
    world.give(other, Role.AUTHORITY, product_id=dossier.product_id)
    assert world.visitor(other).post("/produits/exemple/dossier/1/decision", decision_form(dossier)).status_code == 409


def test_an_authority_never_signs_what_it_was_not_shown(scene):
    world, _, people, dossier = scene
    answer = world.visitor(people["authority"]).post(
        "/produits/exemple/dossier/1/decision", decision_form(dossier, shown_sha256="0" * 64)
    )
    assert answer.status_code == 409
    assert "a changé depuis" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"months": ""}, "Choisissez une durée"),
        ({"months": "7"}, "Choisissez"),
        ({"reservations": ""}, "Écrivez les réserves"),
        ({"outcome": ""}, "Choisissez une réponse"),
    ],
)
def test_an_incomplete_decision_is_refused_at_its_field(scene, changes, message):
    world, _, people, dossier = scene
    page = world.visitor(people["authority"]).post(
        "/produits/exemple/dossier/1/decision", decision_form(dossier, **changes)
    )
    assert message in page.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(Decision)) is None


def test_what_is_frozen_does_not_follow_the_product(scene):
    world, owner, people, dossier = scene
    team = world.visitor(owner)
    team.post("/produits/exemple/composants/metabase/retirer")
    page = world.visitor(people["authority"]).get("/produits/exemple/dossier/1").get_data(as_text=True)
    assert "Metabase" in page
    with world.database.reading() as session:
        assert session.scalar(select(Dossier.content_sha256)) == dossier.content_sha256


def test_the_page_and_the_frozen_content_show_the_same_figures(scene):
    world, owner, _, dossier = scene
    frozen = content.loads(dossier.content)
    page = world.visitor(owner).get("/produits/exemple/points-de-faiblesse").get_data(as_text=True)
    shown = []
    for weak in frozen.assessment.costing_weak_points:
        if weak.share >= 0.005:
            shown += [weak.lacking_share] if weak.lacking_share >= 0.005 else []
            rest = weak.lacking_share < 0.005 or weak.share - weak.lacking_share >= 0.005
            shown += [weak.share] if rest else []
    assert re.findall(r"−(\d+)\xa0%", page) == [str(round(share * 100)) for share in shown]


STEPS = ["demander-les-avis", "transmettre", "decision", "reprendre"]


@pytest.mark.parametrize(
    ("state", "legal"),
    [("draft", set()), ("opinions", {"reprendre"}), ("decision", {"reprendre"}), ("decided", set())],
)
def test_steps_out_of_order_are_refused_with_a_reason(world, state, legal):
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    team = world.visitor(owner)
    if state == "draft":
        team.post("/produits/exemple/dossier/nouveau")
    else:
        dossier = world.before_authority(owner, product, people, reviewed=state != "opinions")
        if state == "decided":
            world.signs(people["authority"], "/produits/exemple/dossier/1", **decision_form(dossier))
    for step in ("demander-les-avis", "transmettre"):
        answer = team.post(f"/produits/exemple/dossier/1/{step}")
        assert answer.status_code == 409, step
        assert "Rien n’a été enregistré" in answer.get_data(as_text=True)
    again = team.post("/produits/exemple/dossier/1/reprendre")
    assert (again.status_code == 302) == ("reprendre" in legal)


def test_who_writes_while_the_team_takes_back_finds_the_text_again(scene):
    world, owner, people, dossier = scene
    world.visitor(owner).post("/produits/exemple/dossier/1/reprendre")
    typed = decision_form(dossier, outcome="with_reservations", reservations="Dix minutes de réflexion")
    for step in ("decision", "signer"):
        answer = world.visitor(people["authority"]).post(f"/produits/exemple/dossier/1/{step}", typed)
        assert answer.status_code == 409
        page = answer.get_data(as_text=True)
        assert "vient de le reprendre" in page and "Dix minutes de réflexion" in page


def test_a_dossier_taken_back_asks_for_opinions_anew(scene):
    world, owner, _, _ = scene
    world.visitor(owner).post("/produits/exemple/dossier/1/reprendre")
    with world.database.reading() as session:
        dossier = services.latest_dossier(session, session.scalar(select(Dossier.product_id)))
        assert dossier.state is DossierState.DRAFT
        assert dossier.content is None
        assert [o.given_at for o in dossier.opinions] == [None]


def test_a_reviewer_speaks_only_for_themselves(world):
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    dossier = world.before_authority(owner, product, people, reviewed=False)
    other = world.person("dpo@exemple.test", "Claude Simon")
    world.give(other, Role.REVIEWER, product_id=product.id)
    path = f"/produits/exemple/dossier/1/avis/{dossier.opinions[0].id}"
    given = {"verdict": "favourable", "shown_sha256": dossier.content_sha256}
    assert world.visitor(other).post(path, given).status_code == 409
    assert world.visitor(people["reviewer"]).post(path, given).status_code == 302


def test_one_dossier_at_a_time_and_a_renewal_takes_up_the_last(scene):
    world, owner, people, dossier = scene
    team = world.visitor(owner)
    assert team.post("/produits/exemple/dossier/nouveau").status_code == 409
    world.signs(people["authority"], "/produits/exemple/dossier/1", **decision_form(dossier))
    assert team.post("/produits/exemple/dossier/nouveau").location.endswith("/dossier/2/composer")
    page = team.get("/produits/exemple/dossier/2/composer").get_data(as_text=True)
    assert "Le site et son API" in page
    assert "Comptes nominatifs" in page


def test_an_empty_product_cannot_be_sent(world):
    owner = world.person()
    world.product(owner)
    team = world.visitor(owner)
    assert team.post("/produits/exemple/analyse-terminee").status_code == 409
    team.post("/produits/exemple/dossier/nouveau")
    page = team.get("/produits/exemple/dossier/1/composer").get_data(as_text=True)
    assert "une analyse de risques terminée" in page
    assert team.post("/produits/exemple/dossier/1/demander-les-avis").status_code == 409


def test_home_says_whom_the_dossier_waits_for_and_since_when(scene):
    world, owner, people, _ = scene
    with time_machine.travel(clock.now() + timedelta(days=12)):
        visitor = world.visitor(owner)
        assert "attend Andrée Laurent depuis 12 jours" in visitor.get("/produits/exemple").get_data(as_text=True)
        run_jobs(world)
        assert "À décider" in world.visitor(people["authority"]).get("/").get_data(as_text=True)


def test_an_acceptance_in_the_past_is_refused(world):
    owner = world.person()
    product = world.product(owner)
    with world.session() as session:
        dossier = services.open_new(session, owner, product)
        dossier = services.dossier_of(session, product.id, dossier.number)
        with pytest.raises(Refusal):
            services.propose_acceptance(session, owner, product, dossier, "x", clock.today())


def test_what_changed_since_the_signature_is_shown_beside_it(scene):
    world, owner, people, dossier = scene
    team, page = world.visitor(owner), "/produits/exemple/dossier/1/depuis"
    assert team.get(page).status_code == 404  # nothing is signed yet
    world.signs(people["authority"], "/produits/exemple/dossier/1", **decision_form(dossier))
    assert "toujours exact" in team.get(page).get_data(as_text=True)
    losses = r"Perte attendue : ([\d,]+) points par an à la signature, ([\d,]+) aujourd’hui"
    then, now = re.search(losses, team.get(page).get_data(as_text=True)).groups()
    assert then == now
    new = {"name": "Grafana", "kind": "monitoring", "hosting": "iaas", "exposure": "internet", "version": "8.3.0"}
    assert team.post("/produits/exemple/composants/nouveau", new).status_code == 302
    link = {"source": "grafana", "kind": "administers", "target": "base"}
    assert team.post("/produits/exemple/liens", link).status_code == 302
    shown = team.get(page).get_data(as_text=True)
    then, now = (float(v.replace(",", ".")) for v in re.search(losses, shown).groups())
    assert now > then and "En hausse" in shown
    assert "Grafana" in shown and "toujours exact" not in shown
    assert world.visitor(world.person("autre@exemple.test", "Autre")).get(page).status_code == 404
