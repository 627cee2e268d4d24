"""A reservation is lifted by the authority or the RSSI of the dossier, on what the team shows, on a sealed page."""

import io
import json

import pytest
from sqlalchemy import select, update

from app.homologation.kinds import Act, Outcome
from app.homologation.models import IssuedFile, Lifting, Reservation
from app.identity.kinds import Role
from app.identity.models import Grant
from app.platform import clock
from reports import verification
from reports.verification import Status
from tests.conftest import on_sqlite
from tests.factories.homologation import PAGE, ask_lifting, lift, run_jobs
from tests.factories.study import text


@pytest.fixture
def owed(decided):
    """A homologation with one reservation to lift."""
    world, owner, people, _ = decided
    with world.database.reading() as session:
        found = session.scalars(select(Reservation).order_by(Reservation.position)).first()
    return world, owner, people, found.id


def lifted_on(world, reservation_id: str):
    with world.database.reading() as session:
        return session.get_one(Reservation, reservation_id).lifted_on


def test_the_team_asks_and_shows_and_lifts_nothing(owed):
    world, owner, people, reservation = owed
    assert "Choisissez un fichier" in text(ask_lifting(world, owner, reservation, shown=False))
    assert ask_lifting(world, owner, reservation).status_code == 302
    assert lifted_on(world, reservation) is None
    assert lift(world, owner, reservation).status_code == 404
    run_jobs(world)
    told = {m.split(" | ")[0] for m in world.mails() if "demande la levée d’une réserve" in m}
    assert told == {people["authority"].email, people["reviewer"].email}
    shown = text(world.visitor(people["authority"]).get(PAGE))
    assert "levée demandée le" in shown and "Lire et lever" in shown
    for judge in (people["authority"], people["reviewer"]):
        assert "Réserves dont la levée est demandée" in text(world.visitor(judge).get("/"))
    assert "Réserves dont la levée" not in text(world.visitor(owner).get("/"))
    assert (
        world.visitor(people["authority"]).get(f"{PAGE}/reserves/{reservation}/preuve").data
        == b"Journal de mise a jour"
    )


@pytest.mark.parametrize("who", ["authority", "reviewer"])
def test_the_authority_or_the_rssi_lifts_it_on_a_sealed_page(owed, who):
    world, owner, people, reservation = owed
    assert lift(world, people[who], reservation).status_code == 404  # nothing is shown yet
    ask_lifting(world, owner, reservation, "Version 0.50 installée")
    without = world.visitor(people[who]).post(f"{PAGE}/reserves/{reservation}/lever", {"code": "000000"})
    assert "n’est pas bon" in text(without) and lifted_on(world, reservation) is None
    assert lift(world, people[who], reservation).status_code == 302
    assert lifted_on(world, reservation) == clock.today()
    run_jobs(world)
    assert any("une réserve de « exemple » est levée" in m.lower() for m in world.mails())
    with world.database.reading() as session:
        page = session.scalar(select(Lifting))
        file = session.scalar(select(IssuedFile).where(IssuedFile.act == Act.LIFTING))
    kept = json.loads(page.content)
    assert (kept["quality"], kept["how"]) == ("rssi" if who == "reviewer" else "authority", "Version 0.50 installée")
    assert file.content_sha256 == page.content_sha256 and len(kept["proof_sha256"]) == 64
    pdf = world.visitor(owner).get(f"{PAGE}/reserves/{reservation}/levee.pdf").data
    verdict = verification.verify_document(pdf, world.app.extensions["sealer"].trust, today=clock.today())
    said = " ".join(fact.in_language("fr") for fact in verdict.facts)
    assert verdict.status is Status.GENUINE and f"Levée par {people[who].name}" in said
    assert "Page scellée de la levée" in text(world.visitor(owner).get(PAGE))


@on_sqlite
def test_nobody_else_lifts_it(owed):
    world, owner, people, reservation = owed
    ask_lifting(world, owner, reservation)
    lead = world.person("cheffe@exemple.test", "Cheffe Durand")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    dpo = world.person("dpo@exemple.test", "Claude Simon")
    world.give(dpo, Role.REVIEWER, product_id=world.reload().id)
    other = world.person("autre@exemple.test", "Alix Petit")
    world.give(other, Role.AUTHORITY, product_id=world.reload().id)
    for person in (lead, dpo, other):
        assert lift(world, person, reservation).status_code == 404
    world.give(people["reviewer"], Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    assert "ne dit pas lui-même" in text(lift(world, people["reviewer"], reservation))
    assert lifted_on(world, reservation) is None


@on_sqlite
def test_two_liftings_have_each_their_page(scene):
    world, owner, people, dossier = scene
    world.decide(dossier, people["authority"], Outcome.WITH_RESERVATIONS, 12, "Metabase\nKeycloak")
    run_jobs(world)
    with world.database.reading() as session:
        ids = list(session.scalars(select(Reservation.id).order_by(Reservation.position)))
    for one in ids:
        ask_lifting(world, owner, one)
        assert lift(world, people["authority"], one).status_code == 302
    run_jobs(world)
    team = world.visitor(owner)
    pages = {team.get(f"{PAGE}/reserves/{one}/levee.pdf").data for one in ids}
    assert len(pages) == 2 and all(page.startswith(b"%PDF") for page in pages)


@on_sqlite
def test_who_asked_does_not_lift_whatever_their_role_became(owed):
    world, _, people, reservation = owed
    judge = people["reviewer"]
    with world.database.writing() as session:
        session.execute(update(Grant).where(Grant.person_id == judge.id).values(role=Role.TEAM_MEMBER))
    assert ask_lifting(world, judge, reservation).status_code == 302
    with world.database.writing() as session:
        session.execute(update(Grant).where(Grant.person_id == judge.id).values(role=Role.REVIEWER))
    assert "Personne ne fait cet acte pour soi-même" in text(lift(world, judge, reservation))
    assert lifted_on(world, reservation) is None


@on_sqlite
def test_the_code_of_its_page_tells_of_the_lifting(owed):
    world, owner, people, reservation = owed
    ask_lifting(world, owner, reservation)
    lift(world, people["authority"], reservation)
    run_jobs(world)
    with world.database.reading() as session:
        digest = session.scalar(select(Lifting.content_sha256))
    shown = text(world.visitor().get(f"/verifier?contenu={digest}"))
    assert "levée" in shown.lower() and "Andrée Laurent" in shown


@on_sqlite
def test_an_empty_file_or_a_dot_shows_nothing(owed):
    world, owner, _, reservation = owed
    assert "ne dit rien" in text(ask_lifting(world, owner, reservation, "."))
    empty = {"how": "Version 0.50", "file": (io.BytesIO(b" \n"), "preuve.txt")}
    assert "Ce fichier est vide" in text(world.visitor(owner).post(f"{PAGE}/reserves/{reservation}", empty))
