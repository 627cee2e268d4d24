"""Calendars at secret addresses, deadlines put off, and what each person chooses to be told."""

from datetime import date, timedelta

import icalendar
import pytest
import time_machine
import vobject
from sqlalchemy import delete, select, update

from app.homologation import outside
from app.homologation.kinds import Origin, Outcome
from app.homologation.outside import Elsewhere
from app.homologation.wishes import Wish
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.platform import clock
from app.products import services as products
from app.renewals import deadlines, planning
from app.renewals.models import Digest, Reminder

START = date(2026, 1, 12)
DUE = date(2026, 7, 12)
DAY = "2026-03-02T09:00Z"


@pytest.fixture
def scene(world):
    with time_machine.travel(DAY):
        owner = world.person()
        product = world.product(owner, start=START)
        member = world.person("incubateur@exemple.test", "Maxime Garcia")
        world.give(member, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
        yield world, owner, product, member


def address(page: str) -> str:
    return page.split("<code>")[1].split("</code>", maxsplit=1)[0].partition("://")[2].partition("/")[2]


def events(world, path: str) -> dict[str, icalendar.Event]:
    answer = world.visitor().get(f"/{path}")
    assert answer.status_code == 200 and answer.mimetype == "text/calendar"
    assert vobject.readOne(answer.get_data(as_text=True)).version.value == "2.0"
    return {str(e["uid"]): e for e in icalendar.Calendar.from_ical(answer.data).walk("VEVENT")}


@pytest.mark.parametrize(
    "path", ["/compte/rappels/agendas", "/produits/exemple/echeances/agenda", "/incubateurs/dinum/agenda"]
)
def test_a_changed_deadline_moves_its_event(scene, path):
    world, _owner, product, member = scene
    feed = address(world.visitor(member).post(path).get_data(as_text=True))
    before = events(world, feed)
    assert [e.decoded("dtstart") for e in before.values()] == [DUE]
    with world.session() as session:
        from dataclasses import replace

        from risk_models.system import Phase

        row = products.load_product(session, product.slug)
        phases = (replace(products.phase_values(row.phases)[0], start=date(2026, 2, 12)),)
        assert isinstance(phases[0], Phase)
        values = products.CardValues(row.name, row.mission, "", "", "", ("dinum",), phases)
        products.change_card(session, member, row, values)
    after = events(world, feed)
    assert after.keys() == before.keys()
    (uid,) = after
    assert after[uid].decoded("dtstart") == date(2026, 8, 12)
    assert after[uid]["sequence"] > before[uid]["sequence"]


def test_an_address_that_was_revoked_or_guessed_answers_no_more(scene):
    world, owner, _product, _member = scene
    visitor = world.visitor(owner)
    page = visitor.post("/produits/exemple/echeances/agenda").get_data(as_text=True)
    feed = address(page)
    assert events(world, feed)
    assert feed not in visitor.get("/compte/rappels").get_data(as_text=True)
    feed_id = page.split("/agendas/")[1].split("/revoquer")[0]
    other = world.person("autre@exemple.test", "Sam Diallo")
    assert world.visitor(other).post(f"/compte/rappels/agendas/{feed_id}/revoquer").status_code == 409
    assert visitor.post(f"/compte/rappels/agendas/{feed_id}/revoquer").status_code == 302
    assert world.visitor().get(f"/{feed}").status_code == 404
    assert world.visitor().get("/agenda/rien.ics").status_code == 404


def test_a_calendar_shows_no_more_than_its_person_may_read_today(scene):
    world, owner, _product, member = scene
    own = address(world.visitor(owner).post("/produits/exemple/echeances/agenda").get_data(as_text=True))
    all_of = address(world.visitor(member).post("/incubateurs/dinum/agenda").get_data(as_text=True))
    mine = address(world.visitor(owner).post("/compte/rappels/agendas").get_data(as_text=True))
    with world.database.writing() as session:
        session.execute(delete(Grant))
    assert [world.visitor().get(f"/{feed}").status_code for feed in (own, all_of)] == [404, 404]
    assert events(world, mine) == {}


def test_a_stranger_opens_no_calendar_of_a_product(scene):
    world, *_ = scene
    other = world.visitor(world.person("autre@exemple.test", "Sam Diallo"))
    for path in ("/produits/exemple/echeances/agenda", "/incubateurs/dinum/agenda"):
        assert other.post(path).status_code == 404


def owed(world) -> list[deadlines.Deadline]:
    with world.session(writing=False) as session:
        return list(deadlines.deadlines_of_product(session, products.load_product(session, "exemple")))


def test_a_deadline_is_put_off_once_with_a_reason_and_a_limit(scene):
    world, owner, _product, member = scene
    path = "/produits/exemple/echeances/analysis/reporter"
    assert world.visitor(owner).post(path, {"until": "2026-09-01", "reason": "x"}).status_code == 404
    visitor = world.visitor(member)
    for given, message in (
        ({"until": "2027-02-01", "reason": "Équipe absente"}, "au plus tard"),
        ({"until": "2026-06-01", "reason": "Équipe absente"}, "au plus tard"),
        ({"until": "2026-09-01", "reason": ""}, "obligatoire"),
    ):
        assert message in visitor.post(path, given).get_data(as_text=True)
    assert owed(world)[0].due == DUE
    assert visitor.post(path, {"until": "2026-09-01", "reason": "Équipe absente"}).status_code == 302
    (found,) = owed(world)
    assert found.due == date(2026, 9, 1) and found.milestones[0].day == date(2026, 6, 1)
    page = world.visitor(owner).get("/produits/exemple/echeances").get_data(as_text=True)
    assert "reporté du 12/07/2026 au 01/09/2026 par Maxime Garcia" in page and "Équipe absente" in page
    assert "déjà été reportée" in visitor.post(path, {"until": "2026-10-01", "reason": "Encore"}).get_data(as_text=True)


def test_a_calendar_speaks_the_language_of_its_person(scene):
    world, owner, _product, _member = scene
    feed = address(world.visitor(owner).post("/produits/exemple/echeances/agenda").get_data(as_text=True))
    with world.session() as session:
        session.get_one(Person, owner.id).language = "en"
        session.commit()
    assert "Risk analysis" in str(next(iter(events(world, feed).values()))["summary"])


def test_only_what_may_move_is_put_off(scene):
    world, owner, _product, member = scene
    with world.session() as session:
        row = products.load_product(session, "exemple")
        outside._add(
            session, owner, row, Elsewhere(Origin.PAPER, "A", date(2026, 3, 1), Wish(Outcome.FAVOURABLE, 12, "")), None
        )
        session.commit()
    assert world.visitor(member).get("/produits/exemple/echeances/expiry/reporter").status_code == 404


def told(world, day: str) -> set[str]:
    """Addresses of who is told on `day`."""
    from app.identity.models import Person

    with time_machine.travel(f"{day}T09:00Z"):
        with world.database.writing() as session:
            planning.plan_today(session)
        with world.database.reading() as session:
            found = select(Person.email).join(Digest, Digest.person_id == Person.id).where(Digest.day == clock.today())
            return set(session.scalars(found))


def test_early_reminders_are_declined_and_those_of_a_duty_are_not(scene):
    world, owner, *_ = scene
    world.visitor(owner).post("/compte/rappels", {"mail": "y"})
    assert told(world, "2026-04-12") == set()
    assert told(world, "2026-06-12") == {owner.email}


def test_each_incubator_says_when_it_is_told(scene):
    world, owner, product, member = scene
    authority = world.person("autorite@exemple.test", "Andrée Laurent")
    world.give(authority, Role.AUTHORITY, product_id=product.id)
    visitor = world.visitor(member)
    path = "/incubateurs/dinum/rappels"
    assert world.visitor(owner).get(path).status_code == 404
    assert "avant l’incubateur" in visitor.edit(path, {"told": "4", "authority": "2"}).get_data(as_text=True)
    assert visitor.edit(path, {"told": "1", "authority": "3"}).status_code == 302
    assert told(world, "2026-07-12") == {owner.email}
    assert told(world, "2026-07-19") == {owner.email, member.email}
    assert told(world, "2026-08-02") == {owner.email, member.email, authority.email}
    world.jobs.run_within(world.app.test_request_context)
    with time_machine.travel("2026-08-02T09:01Z"):
        world.jobs.run_due()
    of = {
        person.email: [m for m in world.mails() if f"{person.email} |" in m or person.email in m.split("\n\n")[0]]
        for person in (owner, member)
    }
    assert all("comptez moins de deux heures" in mail for mail in of[owner.email])
    assert all("Vous êtes prévenu avec l’équipe" in mail for mail in of[member.email])


def test_one_digest_tells_all_of_a_day_and_who_else_knows(scene):
    world, owner, _product, _member = scene
    world.jobs.run_within(world.app.test_request_context)
    world.product(owner, "Autre", start=START)
    assert told(world, "2026-04-12") == {owner.email}
    with time_machine.travel("2026-04-12T09:01Z"):
        world.jobs.run_due()
    (mail,) = (m for m in world.mails() if m.startswith(owner.email))  # its incubator hears of the new product
    assert "2 échéances de vos produits" in mail and "« Autre »" in mail and "« Exemple »" in mail
    assert "/compte/rappels" in mail
    assert told(world, "2026-04-12") == {owner.email}
    with world.database.reading() as session:
        assert len(session.scalars(select(Reminder.id)).all()) == 2


def test_nothing_is_sent_before_the_morning_of_paris_in_summer_as_in_winter(scene):
    world, *_ = scene
    with world.database.writing() as session, time_machine.travel("2026-06-12T04:59Z"):
        assert planning.plan_today(session) == 0
    with world.database.writing() as session, time_machine.travel("2026-06-12T05:01Z"):
        assert planning.plan_today(session) == 1


def test_what_no_server_took_is_shown_to_the_incubator(scene, monkeypatch):
    world, _owner, _product, member = scene
    world.jobs.run_within(world.app.test_request_context)

    def refuse(mail):
        raise OSError("550 no such user")

    monkeypatch.setattr(world.app.extensions["mailer"], "send", refuse)
    told(world, "2026-04-12")
    for hours in range(0, 100, 7):
        with time_machine.travel(clock.now().replace(month=4, day=13) + timedelta(hours=hours)):
            world.jobs.run_due()
    page = world.visitor(member).get("/incubateurs/dinum/rappels").get_data(as_text=True)
    assert "550 no such user" in page
    with world.database.writing() as session:
        session.execute(update(Digest).values(failed_at=None, sent_at=clock.now()))
    assert "550" not in world.visitor(member).get("/incubateurs/dinum/rappels").get_data(as_text=True)
