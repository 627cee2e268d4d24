"""Neither homologated nor refused: dispensed for a while, from the team's request to the end, through HTTP."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text

from app.homologation.dispensation_models import Dispensation
from app.homologation.kinds import Act, Outcome
from app.identity.kinds import Role
from app.platform import clock
from app.portfolio import statistics
from app.portfolio.glances import refresh_glances
from app.portfolio.models import Glance
from app.renewals import deadlines, planning, standings
from reports import verification
from reports.verification import Status
from risk_models.catalogue.dispensations import dispensation_cases
from risk_models.rules.standing import ProductState
from risk_models.scales import DeadlineKind
from tests.conftest import on_sqlite
from tests.factories.dispensations import (
    PAGE,
    REASON,
    answer_dispensation,
    ask_dispensation,
    grant_dispensation,
    in_months,
    sealed_page,
)
from tests.factories.homologation import is_sealed, run_jobs
from tests.factories.study import text as shown_text


def state_of(world, slug: str = "exemple") -> ProductState:
    with world.database.reading() as session:
        return standings.standing_of_product(session, world.reload(slug)).standing.state


def said_by_verifier(world, data: bytes, on=None) -> str:
    trust = world.app.extensions["sealer"].trust
    verdict = verification.verify_document(data, trust, today=on or clock.today())
    assert verdict.status is Status.GENUINE and verdict.doubts == ()
    return " ".join(fact.in_language("fr") for fact in verdict.facts)


def dropped_here(world, data: bytes) -> str:
    return shown_text(world.visitor().post("/verifier", {"file": (io.BytesIO(data), "dispense.pdf")}))


@pytest.mark.parametrize("case", dispensation_cases(), ids=lambda case: case.id)
def test_each_case_from_act_to_register_to_its_end(decided, case):
    """Of a homologated product, which every case may speak of."""
    world, owner, people, _ = decided
    ends_on = in_months(12 if case.homologated else case.months)
    assert ask_dispensation(world, owner, people, case.id, ends_on=ends_on).status_code == 302
    assert grant_dispensation(world, people["authority"]).status_code == 302
    run_jobs(world)
    visitor = world.visitor(owner)
    listed = shown_text(visitor.get("/dispenses"))
    assert case.name.fr in listed and "En cours" in listed and "Andrée Laurent" in listed
    page = json.loads(verification.read_document(sealed_page(world, Act.DISPENSATION))[0])
    assert (page["case"], page["source"], page["reason"]) == (case.name.fr, case.source.fr, REASON)
    assert page["to_homologate"] is case.to_homologate and page["by"]["vouched"]["deed"] == "Arrêté du 3 mars 2025"
    said = said_by_verifier(world, sealed_page(world, Act.DISPENSATION))
    assert f"Dispensé d’homologation par Andrée Laurent. Cas : {case.name.fr}" in said
    assert f"court jusqu’au {ends_on:%d/%m/%Y}" in said
    assert "court jusqu’au" in dropped_here(world, sealed_page(world, Act.DISPENSATION))
    with world.database.reading() as session:
        owed = deadlines.deadlines_of_product(session, world.reload())
    assert (ends_on, "dispensations.index") in {(d.due, deadlines.PAGES.get(d.kind)) for d in owed}
    with time_machine.travel(f"{ends_on + timedelta(days=1)}T12:00:00+01:00", tick=False):
        lead = world.person("cheffe@exemple.test", "Cheffe Durand")
        world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
        assert "Venue à son terme" in shown_text(world.visitor(lead).get("/dispenses"))
        assert "a pris fin le" in said_by_verifier(world, sealed_page(world, Act.DISPENSATION))


def test_a_dispensed_product_is_late_nowhere(late):
    world, owner, people = late
    refresh_glances(world.database)
    assert state_of(world) is ProductState.ANALYSIS_OVERDUE
    ask_dispensation(world, owner, people, "negligible_impact", ends_on=in_months(24))
    assert state_of(world) is ProductState.ANALYSIS_OVERDUE  # asked is not granted
    assert grant_dispensation(world, people["authority"]).status_code == 302
    assert state_of(world) is ProductState.DISPENSED
    world.check_glances()
    lead = world.person("cheffe@exemple.test", "Cheffe Durand")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    with world.database.reading() as session:
        glance = session.scalars(select(Glance)).one()
        assert (glance.state, glance.without_analysis, glance.due) == (ProductState.DISPENSED, False, in_months(24))
        assert statistics.read_statistics(session).homologated == 0
        owed = deadlines.deadlines_of_product(session, world.reload())
    assert [d.due for d in owed] == [in_months(24)]
    for page in ("/", "/produits", "/incubateurs/dinum", "/produits/exemple"):
        shown = shown_text(world.visitor(lead).get(page)).lower()
        assert "en retard" not in shown.replace("en retard (0)", ""), page  # filters name every state
    assert "Fin de la dispense" in shown_text(world.visitor(lead).get("/incubateurs/dinum/calendrier"))
    home = shown_text(world.visitor(owner).get("/produits/exemple"))
    assert "Dispensé d’homologation jusqu’au" in home
    with world.database.writing() as session:
        assert planning.plan_day(session, clock.today()) == 0


def test_after_its_end_a_product_is_late_since_that_day(late):
    world, owner, people = late
    ends_on = in_months(6)
    ask_dispensation(world, owner, people, "urgent_creation", ends_on=ends_on)
    grant_dispensation(world, people["authority"])
    with time_machine.travel(f"{ends_on}T12:00:00+01:00", tick=False):
        assert state_of(world) is ProductState.DISPENSED
    with time_machine.travel(f"{ends_on + timedelta(days=9)}T12:00:00+01:00", tick=False):
        assert state_of(world) is ProductState.ANALYSIS_OVERDUE
        with world.app.test_request_context(), world.database.reading() as session:
            owed = deadlines.deadlines_of_product(session, world.reload())
            assert [(d.due, str(d.rule)) for d in owed] == [(ends_on, "fin de la dispense d’homologation")]
        with world.database.writing() as session:
            assert planning.plan_day(session, clock.today()) > 0


def test_the_authority_is_told_and_finds_it_among_its_acts(late):
    world, owner, people = late
    assert ask_dispensation(world, owner, people, file="qualification.txt").status_code == 302
    run_jobs(world)
    mail = next(m for m in world.mails() if "demande une dispense" in m)
    assert mail.startswith(people["authority"].email) and REASON in mail
    authority = world.visitor(people["authority"])
    assert "Dispenses à décider" in shown_text(authority.get("/"))
    shown = shown_text(authority.get(f"{PAGE}/1"))
    assert REASON in shown and "Accorder la dispense" in shown and "résumé publié" in shown
    assert authority.get(f"{PAGE}/1/document").data == b"Qualification 12"
    assert "Dispenses à décider" not in shown_text(world.visitor(owner).get("/"))
    assert grant_dispensation(world, people["authority"]).status_code == 302
    run_jobs(world)
    told = {m.split(" | ")[0] for m in world.mails() if "est dispensé d’homologation" in m}
    assert told == {owner.email}
    assert "Dispenses à décider" not in shown_text(authority.get("/"))


def test_a_refusal_is_sealed_and_dispenses_nothing(late):
    world, owner, people = late
    ask_dispensation(world, owner, people)
    nothing = answer_dispensation(world, people["authority"], "refuser", "")
    assert "obligatoire" in shown_text(nothing)
    assert answer_dispensation(world, people["authority"], "refuser", "Des données de santé.").status_code == 302
    run_jobs(world)
    assert state_of(world) is ProductState.ANALYSIS_OVERDUE
    said = said_by_verifier(world, sealed_page(world, Act.DISPENSATION))
    assert "Dispense refusée par Andrée Laurent : Des données de santé." in said
    assert "Des données de santé." in shown_text(world.visitor(owner).get(f"{PAGE}/1"))
    assert any("est refusée" in m and "Des données de santé." in m for m in world.mails())
    assert ask_dispensation(world, owner, people).status_code == 302  # another one may be asked


def test_the_authority_ends_it_before_its_day(late):
    world, owner, people = late
    ask_dispensation(world, owner, people)
    grant_dispensation(world, people["authority"])
    run_jobs(world)
    first = sealed_page(world, Act.DISPENSATION)
    assert answer_dispensation(world, people["authority"], "terminer", "Ouverte à tous.").status_code == 302
    run_jobs(world)
    assert state_of(world) is ProductState.ANALYSIS_OVERDUE
    assert sealed_page(world, Act.DISPENSATION) == first
    assert "Terminée par Andrée Laurent : Ouverte à tous." in said_by_verifier(
        world, sealed_page(world, Act.DISPENSATION_END)
    )
    assert "L’autorité a mis fin à cette dispense depuis." in dropped_here(world, first)
    assert "Terminée par l’autorité" in shown_text(world.visitor(owner).get("/dispenses"))
    assert any("n’est plus dispensé" in m for m in world.mails())
    assert answer_dispensation(world, people["authority"], "terminer", "Encore.").status_code == 409


@on_sqlite
@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.FAVOURABLE])
def test_a_later_decision_closes_what_was_dispensed_everywhere(scene, outcome):
    world, owner, people, dossier = scene
    ask_dispensation(world, owner, people, "urgent_creation")
    grant_dispensation(world, people["authority"])
    run_jobs(world)
    assert state_of(world) is ProductState.DISPENSED
    page = sealed_page(world, Act.DISPENSATION)
    with time_machine.travel(clock.now() + timedelta(days=1), tick=True):
        refused = outcome is Outcome.REFUSED
        world.decide(dossier, people["authority"], outcome, None if refused else 12, "Exposé" if refused else "")
        assert state_of(world) is (ProductState.REFUSED if refused else ProductState.HOMOLOGATED)
        lead = world.person("cheffe@exemple.test", "Cheffe Durand")
        world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
        for address in ("/dispenses", f"{PAGE}/1"):
            assert "Close par une décision" in shown_text(world.visitor(lead).get(address))
        told = dropped_here(world, page)
        assert "a mis fin à cette dispense le" in told and "La dispense court jusqu’au" not in told
        with world.database.reading() as session:
            owed = {d.kind for d in deadlines.deadlines_of_product(session, world.reload())}
        assert DeadlineKind.DISPENSATION not in owed
        assert "Dispensé d’homologation jusqu’au" not in shown_text(world.visitor(lead).get("/produits/exemple"))


SEALED = [
    "UPDATE dispensation SET ends_on = '2040-01-01'",
    "UPDATE dispensation SET granted = NULL",
    "UPDATE dispensation SET content = '{}'",
    "UPDATE dispensation SET \"case\" = 'experiment2'",
    "UPDATE dispensation SET factor_proof = '{}'",
    "DELETE FROM dispensation",
    "INSERT INTO dispensation_end (dispensation_id, ended_on, ended_by_id, ended_by, reason, content, content_sha256)"
    " SELECT id, ended_on, ended_by_id, ended_by, e.reason, e.content, e.content_sha256"
    " FROM dispensation JOIN dispensation_end e ON e.dispensation_id = id",
    "UPDATE dispensation_end SET reason = 'autre'",
    "DELETE FROM dispensation_end",
    "UPDATE issued_file SET sha256 = '0'",
    "DELETE FROM issued_file",
    "INSERT INTO issued_file (id, dispensation_id, act, sha256, content_sha256, issued_at, timestamped)"
    " SELECT 'x', dispensation_id, act, 'x', 'x', issued_at, timestamped FROM issued_file",
]


def test_nothing_of_an_answered_dispensation_changes(late):
    world, owner, people = late
    ask_dispensation(world, owner, people)
    with world.database.writing() as session:
        session.execute(text("UPDATE dispensation SET seal_fault = ''"))  # what is asked is no decision yet
    forged = "UPDATE dispensation SET granted = NULL, reason = 'autre'"
    assert not is_sealed(world, forged)
    grant_dispensation(world, people["authority"])
    answer_dispensation(world, people["authority"], "terminer", "Ouverte à tous.")
    run_jobs(world)
    assert [s for s in SEALED if not is_sealed(world, s)] == []


@on_sqlite
def test_the_badge_and_the_public_register_say_it(late):
    world, owner, people = late
    world.visitor(owner).post("/produits/exemple/dossier/registre-public", {"shown": "1"})
    ask_dispensation(world, owner, people)
    anybody = world.visitor()
    assert anybody.get("/registre/exemple.json").get_json()["dispensed_until"] is None
    grant_dispensation(world, people["authority"])
    assert anybody.get("/registre/exemple.json").get_json()["dispensed_until"] == in_months(6).isoformat()
    assert anybody.get("/registre/exemple.json").get_json()["homologated_until"] is None
    assert "dispensé jusqu’au" in anybody.get("/registre/exemple.svg").get_data(as_text=True)
    assert "Produits dispensés d’homologation" in shown_text(anybody.get("/registre"))
    with world.database.reading() as session:
        digest = session.scalar(select(Dispensation.content_sha256))
    assert "Dispensé d’homologation par Andrée Laurent" in shown_text(anybody.get(f"/verifier?contenu={digest}"))


@on_sqlite
def test_an_administrator_adds_a_case_and_retires_it(late):
    world, owner, people = late
    admin = world.person("admin@exemple.test", "Admin Un")
    world.give(admin, Role.ADMINISTRATOR)
    new = {
        "name_fr": "Exercice de crise",
        "name_en": "Crisis exercise",
        "asks_fr": "quel exercice",
        "asks_en": "which exercise",
        "source": "Arrêté du 31 juillet 2025, article 9",
        "months": "2",
    }
    assert world.visitor(owner).post("/dispenses/cas/nouveau", new).status_code == 404
    assert "1 à 36 mois" in shown_text(world.visitor(admin).post("/dispenses/cas/nouveau", new | {"months": "99"}))
    assert world.visitor(admin).post("/dispenses/cas/nouveau", new).status_code == 302
    assert "existe déjà" in shown_text(world.visitor(admin).post("/dispenses/cas/nouveau", new))
    page = world.visitor(owner).get(f"{PAGE}/demander").get_data(as_text=True)
    case = page.split("Exercice de crise")[0].rsplit('for="case-', 1)[1].split('"')[0]
    assert "2 mois au plus" in shown_text(ask_dispensation(world, owner, people, case, ends_on=in_months(3)))
    assert ask_dispensation(world, owner, people, case, ends_on=in_months(2)).status_code == 302
    assert world.visitor(admin).post(f"/dispenses/cas/{case}/retirer").status_code == 302
    assert "Exercice de crise" not in world.visitor(owner).get(f"{PAGE}/demander").get_data(as_text=True)
    assert grant_dispensation(world, people["authority"]).status_code == 302  # what was asked still holds
    assert "Exercice de crise" in shown_text(world.visitor(owner).get("/dispenses"))


SAME_DAY = {
    "dispensed, then homologated": ("urgent_creation", Outcome.FAVOURABLE, ProductState.HOMOLOGATED),
    "dispensed, then refused": ("experiment", Outcome.REFUSED, ProductState.REFUSED),
}


@pytest.mark.parametrize("order", SAME_DAY)
def test_of_one_day_the_last_act_stands(scene, order):
    world, owner, people, dossier = scene
    case, outcome, state = SAME_DAY[order]
    assert ask_dispensation(world, owner, people, case, ends_on=in_months(3)).status_code == 302
    assert grant_dispensation(world, people["authority"]).status_code == 302
    refused = outcome is Outcome.REFUSED
    world.decide(dossier, people["authority"], outcome, None if refused else 12, "Trop tôt" if refused else "")
    with world.database.reading() as session:
        standing = standings.standing_of_product(session, world.reload()).standing
    assert standing.state is state
    assert DeadlineKind.DISPENSATION not in {duty.kind for duty in standing.owed}


def test_a_dispensation_does_not_outlive_the_withdrawal_of_its_day(decided):
    world, owner, people, _ = decided
    assert ask_dispensation(world, owner, people, "minor_change", ends_on=in_months(3)).status_code == 302
    assert grant_dispensation(world, people["authority"]).status_code == 302
    given = {"reason": "Faille ouverte", "code": world.code(people["authority"])}
    page = "/produits/exemple/dossier/1/retirer-homologation"
    assert "ne dit rien" in shown_text(world.visitor(people["authority"]).post(page, given | {"reason": "."}))
    given["code"] = world.code(people["authority"])
    assert world.visitor(people["authority"]).post(page, given).status_code == 302
    assert state_of(world) is ProductState.WITHDRAWN
