from datetime import date, timedelta

import icalendar
import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import select

from app.cli.bounce import bounce
from app.identity.kinds import Role
from app.platform import clock
from app.renewals.models import Digest
from risk_models import catalogue
from risk_models.scales import DeadlineKind
from tests.factories.renewals import pass_day

pytestmark = pytest.mark.usefixtures("glances_kept")

START = date(2026, 1, 10)  # analysis due on 2026-07-10, reminders on 04-10, 06-10 and the day itself


@pytest.fixture
def product(world):
    with time_machine.travel("2026-01-10T09:00Z"):
        return world.product(start=START)


def test_each_milestone_is_told_once_when_its_day_comes(world, product):
    days = ["2026-04-09", "2026-04-10", "2026-04-10", "2026-05-01", "2026-06-10", "2026-07-10", "2026-09-01"]
    assert [pass_day(world, d) for d in days] == [0, 1, 1, 1, 2, 3, 4]
    assert len(world.mails()) == 4
    assert "est attendue le 10 juillet 2026" in world.mails()[0].partition("\n")[2]


def test_a_day_is_planned_once_and_what_comes_after_waits_for_the_next(world, product):
    assert pass_day(world, "2026-04-10") == 1
    with time_machine.travel("2026-04-10T10:00Z"):
        world.product(name="Autre", start=START)
    assert pass_day(world, "2026-04-10") == 1
    assert pass_day(world, "2026-04-11") == 2


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_kind_of_deadline_is_told_in_words_of_its_own(language):
    holes = {"name": "Exemple", "day": "demain", "when": "dans 1 jour"}
    said = {catalogue.sentence("reminders_said", kind, language, **holes) for kind in DeadlineKind}
    assert len(said) == len(DeadlineKind) and all("Exemple" in one and "demain" in one for one in said)
    assert all(catalogue.sentence("reminders_asked", kind, language) for kind in DeadlineKind)


def test_a_long_outage_loses_nothing_and_floods_nobody(world, product):
    assert pass_day(world, "2026-07-20") == 1
    assert "dépassé de 10 jours" in world.mails()[0]


def test_a_deadline_that_moves_is_told_again(world, product):
    pass_day(world, "2026-04-10")
    with world.database.writing() as session:
        row = world.reload()
        session.add(row)
        row.phases[0].start = date(2026, 2, 10)
    assert pass_day(world, "2026-05-10") == 2


def test_the_incubator_is_told_of_a_product_without_team(world):
    with time_machine.travel("2026-01-10T09:00Z"):
        product = world.product(start=START)
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    with world.database.writing() as session:
        from app.identity.models import Grant

        session.delete(session.scalar(select(Grant).where(Grant.role == Role.TEAM_MEMBER)))
    pass_day(world, "2026-04-10")
    assert "incubateur@exemple.test" in world.mails()[0]


def test_a_failed_mail_is_tried_again_later(world, product, monkeypatch):
    def refuse(mail):
        raise OSError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(world.app.extensions["mailer"], "send", refuse)
        assert pass_day(world, "2026-04-10") == 0
    assert pass_day(world, "2026-04-11") == 1


def test_the_page_lists_the_reminders_to_come(world, product):
    with time_machine.travel("2026-03-01T09:00Z"):
        page = world.visitor(world.person()).get("/produits/exemple/echeances").get_data(as_text=True)
    for day in ("10 juillet 2026", "10 avril 2026", "10 juin 2026", "six mois après le début de la phase"):
        assert day in page


def test_the_calendar_file_holds_the_deadline_and_its_alarms(world, product):
    with time_machine.travel("2026-03-01T09:00Z"):
        answer = world.visitor(world.person()).get("/produits/exemple/echeances/agenda.ics")
    event = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")[0]
    assert event.decoded("dtstart") == date(2026, 7, 10)
    assert event["uid"].endswith("-analysis@jalon")
    assert len(event.walk("VALARM")) == 3
    assert timedelta(days=-91, hours=9) in [a.decoded("trigger") for a in event.walk("VALARM")]


def test_an_abandoned_product_owes_nothing(world):
    from risk_models.scales import PhaseName
    from risk_models.system import Phase

    phases = (Phase(PhaseName.CONSTRUCTION, START), Phase(PhaseName.ABANDON, date(2026, 3, 1)))
    world.product(phases=phases)
    assert pass_day(world, "2026-08-01") == 0
    assert clock.today()


NOTICE = """From: MAILER-DAEMON@exemple.test
To: jalon@exemple.test
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain

Sorry.
--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.exemple.test

Final-Recipient: rfc822; camille@exemple.test
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 unknown user

--=b
Content-Type: {kind}

Subject: x
Message-ID: <{identifier}>

--=b--
"""


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_mail_that_comes_back_is_shown_to_the_incubator(world, product, kind, monkeypatch, database_url, tmp_path):
    pass_day(world, "2026-04-10")
    with world.database.reading() as session:
        identifier = session.scalar(select(Digest.message_id))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("JALON_INSTANCE", str(tmp_path))

    def piped(**said: str) -> str:
        notice = NOTICE.format(**({"action": "failed", "kind": kind, "identifier": identifier} | said))
        return CliRunner().invoke(bounce, input=notice.encode()).output

    assert piped(action="delayed").startswith("not about")
    assert piped(identifier="autre@jalon").startswith("not about")
    assert CliRunner().invoke(bounce, input=b"\xff\x00 hello").output.startswith("not about")
    assert piped() == "noted\n"
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    page = world.visitor(member).get("/incubateurs/dinum/rappels").get_data(as_text=True)
    assert "550 5.1.1 unknown user" in page and "camille@exemple.test" in page
