"""What an authority asks to be lifted: by a date or not, owed until it is lifted, told at the renewal."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from babel.dates import format_date
from sqlalchemy import select

from app.homologation import outside
from app.homologation.kinds import Origin, Outcome
from app.homologation.models import Dossier, Reservation
from app.homologation.outside import Elsewhere
from app.homologation.wishes import Wish
from app.identity.kinds import Role
from app.platform import clock
from app.renewals import deadlines
from reports import dossier as content
from reports.frozen import FrozenReservation
from risk_models.scales import DeadlineKind
from tests.conftest import on_sqlite
from tests.factories.homologation import PAGE, SHOWN, ask_lifting, choices, lift, run_jobs
from tests.factories.renewals import pass_day


def test_a_reservation_is_lifted_once_and_shown_at_the_renewal(scene):
    world, owner, people, dossier = scene
    world.decide(dossier, people["authority"], Outcome.WITH_RESERVATIONS, 12, "Mettre à jour Metabase")
    with world.database.reading() as session:
        reservation = session.scalar(select(Reservation))
    team = world.visitor(owner)
    assert ask_lifting(world, owner, reservation.id, "").status_code == 200
    assert ask_lifting(world, owner, reservation.id).status_code == 302
    assert lift(world, people["authority"], reservation.id).status_code == 302
    assert ask_lifting(world, owner, reservation.id, "Encore").status_code == 409
    assert "Version 0.50" in team.get(PAGE).get_data(as_text=True)
    team.post("/produits/exemple/composants/metabase/retirer")
    renewed = world.before_authority(owner, world.reload(), people)
    renewal = content.loads(renewed.content).renewal
    assert renewal.reservations == (
        FrozenReservation(
            "Mettre à jour Metabase", clock.today(), people["authority"].name, "Version 0.50", lift_by=None
        ),
    )
    assert any("Metabase" in gone for change in renewal.changes for gone in change.gone)


def test_no_reservation_is_lifted_after_the_withdrawal(decided):
    world, owner, people, _ = decided
    with world.database.reading() as session:
        reservation = session.scalar(select(Reservation))
    given = {"reason": "Intrusion", "code": world.code(people["authority"])}
    assert world.visitor(people["authority"]).post(f"{PAGE}/retirer-homologation", given).status_code == 302
    answer = ask_lifting(world, owner, reservation.id, "Trop tard")
    assert "est retirée" in answer.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(Reservation.lifted_on)) is None


def test_reservations_by_a_date_are_deadlines_until_each_is_lifted(scene):
    world, owner, people, dossier = scene
    last_day = clock.today() + timedelta(days=60)
    wished = choices(dossier, lift_by=last_day.isoformat())
    world.code(people["authority"])
    shown = world.visitor(people["authority"]).post(f"{PAGE}/decision", wished).get_data(as_text=True)
    assert f"au plus tard le {format_date(last_day, 'd MMMM yyyy', locale='fr')}" in shown
    assert world.signs(people["authority"], PAGE, **wished).status_code == 302
    run_jobs(world)
    with world.database.reading() as session:
        kept = content.loads(session.scalar(select(Dossier.content)))
        first, second = session.scalars(select(Reservation).order_by(Reservation.position)).all()
    assert kept.decision.lift_by == last_day
    assert {first.lift_by, second.lift_by} == {last_day}

    def owed() -> set[tuple[date, str]]:
        with world.session(writing=False) as session, world.app.test_request_context():
            found = deadlines.deadlines_of_product(session, world.reload())
        return {(d.due, d.ref) for d in found if d.kind is DeadlineKind.RESERVATION}

    assert owed() == {(last_day, first.id), (last_day, second.id)}
    team = world.visitor(owner)
    page = team.get("/produits/exemple/echeances").get_data(as_text=True)
    assert "Réserve à lever" in page and "Second facteur" in page
    assert ask_lifting(world, owner, first.id).status_code == 302
    assert owed() == {(last_day, first.id), (last_day, second.id)}  # asked is not lifted
    assert lift(world, people["authority"], first.id).status_code == 302
    assert owed() == {(last_day, second.id)}
    code = world.code(people["authority"])
    world.visitor(people["authority"]).post(f"{PAGE}/retirer-homologation", {"reason": "Intrusion", "code": code})
    assert owed() == set()
    page = team.get(PAGE).get_data(as_text=True)
    assert "non levée" in page and "Demander la levée" not in page and "au plus tard" not in page


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lift_by": "today"}, "après la décision"),
        ({"lift_by": "after"}, "avant la fin de l’homologation"),
        ({"lift_by": "day", "outcome": "favourable", "reservations": ""}, "effacez cette date"),
        ({"lift_by": "day", "outcome": "refused"}, "effacez cette date"),
    ],
)
def test_reservations_are_lifted_while_the_homologation_runs(scene, changes, message):
    world, _, people, dossier = scene
    days = {"today": 0, "day": 1, "after": 400}
    changes = changes | {"lift_by": (clock.today() + timedelta(days=days[changes["lift_by"]])).isoformat()}
    page = world.visitor(people["authority"]).post(f"{PAGE}/decision", choices(dossier, **changes))
    assert re.search(rf'id="lift_by-erreur"[^>]*>[^<]*{message}', page.get_data(as_text=True))
    with world.database.reading() as session:
        assert session.scalar(select(Dossier.content_sha256)) == dossier.content_sha256


def test_the_team_is_told_a_month_ahead_then_the_incubator_when_late(world):
    with time_machine.travel("2026-02-01T09:00Z"):
        owner = world.person()
        product = world.product(owner)
        lead = world.person("incubateur@exemple.test", "Maxime Garcia")
        world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
        decided = Wish(
            Outcome.WITH_RESERVATIONS, 12, "Metabase\nKeycloak", date(2026, 9, 10), exploited_reason="Coupé d’internet"
        )
        values = Elsewhere(Origin.PAPER, "Andrée Laurent", clock.today(), decided)
        with world.app.test_request_context(), world.session() as session:
            outside.record_elsewhere(session, owner, world.reload(), values, SHOWN)
    pass_day(world, "2026-08-01")
    pass_day(world, "2026-08-10")
    subject = f"{owner.email} | Des réserves de l’homologation de « Exemple » sont à lever au plus tard le 10 septembre"
    assert [m for m in world.mails() if m.startswith(subject) and "/produits/exemple/dossier" in m]
    with time_machine.travel("2026-08-10T09:00Z"):
        assert "Lever les réserves" in world.visitor(owner).get("/produits/exemple").get_data(as_text=True)
    pass_day(world, "2026-09-24")
    assert [m for m in world.mails() if m.startswith(lead.email) and "dépassé de 14 jours" in m]
