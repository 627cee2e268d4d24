"""What may not be asked of a dispensation, and who may not answer it: each says why, and changes nothing."""

import io
import json

import pytest
from sqlalchemy import select, text

from app.homologation.dispensation_models import Dispensation
from app.homologation.kinds import Act
from app.homologation.models import Delegation
from app.identity.kinds import Role
from app.platform import clock
from reports import verification
from tests.conftest import on_sqlite
from tests.factories.dispensations import (
    PAGE,
    answer_dispensation,
    ask_dispensation,
    grant_dispensation,
    in_months,
    sealed_page,
)
from tests.factories.homologation import run_jobs
from tests.factories.study import text as shown_text

REFUSED = {
    "case": ({"case": "inconnu"}, "Choisissez un cas."),
    "past": ({"ends_on": -1}, "La fin d’une dispense est à venir."),
    "too long for its case": ({"case": "urgent_change", "ends_on": 7}, "6 mois au plus"),
    "too long for any": ({"ends_on": 37}, "36 mois au plus"),
    "too short": ({"reason": "Urgent."}, "trop court"),
    "of a homologated product": ({"case": "minor_change"}, "suppose une homologation en cours"),
}


@pytest.mark.parametrize(("changed", "why"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_asked_says_why(late, changed, why):
    world, owner, people = late
    if "ends_on" in changed:
        changed = changed | {"ends_on": in_months(changed["ends_on"])}
    assert why in shown_text(ask_dispensation(world, owner, people, **changed))
    with world.database.reading() as session:
        assert session.scalar(select(Dispensation)) is None


@on_sqlite
def test_the_team_asks_once_at_a_time_and_may_take_it_back(late):
    world, owner, people = late
    ask_dispensation(world, owner, people)
    assert "déjà devant l’autorité" in shown_text(ask_dispensation(world, owner, people))
    assert world.visitor(owner).post(f"{PAGE}/1/retirer").status_code == 302
    assert "Demande retirée" in shown_text(world.visitor(owner).get(f"{PAGE}/1"))
    assert "a retiré cette demande" in shown_text(answer_dispensation(world, people["authority"], "refuser", "Non."))
    run_jobs(world)
    told = [m for m in world.mails() if m.startswith(people["authority"].email) and "dispense" in m]
    assert len(told) == 1 and "retire sa demande" in told[0]  # the letter that asked had not left
    ask_dispensation(world, owner, people)
    grant_dispensation(world, people["authority"], 2)
    assert world.visitor(owner).post(f"{PAGE}/2/retirer").status_code == 409


@on_sqlite
def test_only_its_authority_answers(late):
    world, owner, people = late
    ask_dispensation(world, owner, people)
    other = world.person("autre@exemple.test", "Alix Petit")
    world.give(other, Role.AUTHORITY, product_id=world.reload().id)
    admin = world.person("admin@exemple.test", "Admin Un")
    world.give(admin, Role.ADMINISTRATOR)
    for person in (owner, people["reviewer"], other, admin):
        assert grant_dispensation(world, person).status_code in (403, 404, 409)
        assert answer_dispensation(world, person, "refuser", "Non.").status_code in (403, 404, 409)
    without = grant_dispensation(world, people["authority"], code="000000")
    assert "n’est pas bon" in shown_text(without)
    other_page = grant_dispensation(world, people["authority"], signed_sha256="0" * 64)
    assert "a changé" in shown_text(other_page)
    world.give(people["authority"], Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    assert "qui prépare une dispense ne l’accorde pas" in shown_text(grant_dispensation(world, people["authority"]))
    with world.database.reading() as session:
        assert session.scalar(select(Dispensation.granted)) is None


@on_sqlite
def test_who_nobody_vouches_for_is_not_asked(late):
    world, owner, _ = late
    unknown = world.person("inconnue@exemple.test", "Claude Simon")
    world.give(unknown, Role.AUTHORITY, product_id=world.reload().id, vouched=False)
    assert "se porte encore garant" in shown_text(ask_dispensation(world, owner, {"authority": unknown}))


@on_sqlite
def test_who_asked_does_not_answer_nor_who_signs_for_one_that_may_not(late):
    world, owner, people = late
    ask_dispensation(world, owner, people)
    world.vouch(owner)
    with world.database.writing() as session:
        session.execute(text("UPDATE dispensation SET authority_id = :id"), {"id": owner.id})
        session.execute(text('DELETE FROM "grant"'))
    world.give(owner, Role.AUTHORITY, product_id=world.reload().id)
    assert "Vous avez demandé cette dispense" in shown_text(grant_dispensation(world, owner))
    with world.database.writing() as session:
        session.execute(text("UPDATE dispensation SET authority_id = :id"), {"id": people["authority"].id})
        session.execute(text("UPDATE dispensation SET asked_by_id = :id"), {"id": people["reviewer"].id})
        session.execute(text('DELETE FROM "grant"'))
        # Both are authorities; the one asked has meanwhile become one of the incubator, and had lent its signature before.
        session.add(
            Delegation(
                product_id=world.reload().id,
                authority_id=people["authority"].id,
                delegate_id=people["reviewer"].id,
                starts_on=clock.today(),
                ends_on=in_months(6),
                deed="Arrêté",
                given_at=clock.now(),
            )
        )
    delegate = world.person("delegue@exemple.test", "Alix Petit")
    with world.database.writing() as session:
        session.execute(text("UPDATE delegation SET delegate_id = :id"), {"id": delegate.id})
    for person in (people["authority"], delegate):
        world.give(person, Role.AUTHORITY, product_id=world.reload().id)
    world.give(people["authority"], Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    assert "Andrée Laurent a aussi un rôle qui prépare" in shown_text(grant_dispensation(world, delegate))


@on_sqlite
def test_an_emergency_is_not_asked_twice(late):
    world, owner, people = late
    ask_dispensation(world, owner, people, "urgent_creation")
    grant_dispensation(world, people["authority"])
    again = ask_dispensation(world, owner, people, "urgent_change")
    assert "déjà été dispensé en urgence" in shown_text(again)
    assert ask_dispensation(world, owner, people, "experiment").status_code == 302


@on_sqlite
def test_a_homologation_that_nobody_confirmed_is_none(late):
    world, owner, people = late
    elsewhere = {
        "origin": "paper",
        "authority": "Jeanne Roy",
        "outcome": "favourable",
        "months": "24",
        "decided_on": clock.today().isoformat(),
        "file": (io.BytesIO(b"%PDF-1.4 decision"), "decision.pdf"),
    }
    assert world.visitor(owner).post("/produits/exemple/dossier/ailleurs", elsewhere).status_code == 302
    asked = shown_text(ask_dispensation(world, owner, people, "minor_change", ends_on=in_months(6)))
    assert "Jalon n’en connaît aucune" in asked
    ask_dispensation(world, owner, people, "experiment")
    grant_dispensation(world, people["authority"])
    run_jobs(world)
    assert json.loads(verification.read_document(sealed_page(world, Act.DISPENSATION))[0])["homologated_until"] is None


@on_sqlite
def test_a_minor_change_lasts_no_longer_than_what_it_changes(decided):
    world, owner, people, _ = decided
    longer = ask_dispensation(world, owner, people, "minor_change", ends_on=in_months(30))
    assert "dure autant que l’homologation en cours" in shown_text(longer)
