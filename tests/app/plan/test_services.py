"""The action plan: what it lists, how it travels, how the loss goes down, and who is told when it is late."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy import select

from app.identity.kinds import Role
from app.mitigations.models import LossPoint
from app.plan.services import note_losses
from app.platform import clock
from reports.figures.burn_down import draw_burn_down
from risk_models import assess
from risk_models.ranking.burn_down import LossOn, project_losses
from risk_models.rules import schedule
from risk_models.scales import MeasureStatus
from tests.factories.evidence import give, with_measure
from tests.factories.study import revision, text
from tests.risk_models.systems import systems

PLAN = "/produits/exemple/plan"


@pytest.fixture
def team(world):
    owner = world.person()
    world.filled(owner)  # its file plans a second factor for 2027-01-31 and an offline backup for 2027-02-28
    return world.visitor(owner)


def rows(team) -> list[dict[str, str]]:
    answer = team.get(f"{PLAN}/plan.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))


def test_the_plan_is_ordered_by_what_it_avoids_for_the_effort(world, team):
    page = text(team.get(PLAN))
    assert "Passer à la version corrigée" in page and "Second facteur" in page
    found = rows(team)
    assert found[0]["Quoi"] == "proposée"
    assert {"prévue", "proposée"} == {r["Quoi"] for r in found}
    assert [r["Échéance"] for r in found if r["Quoi"] == "prévue"] == ["2027-01-31", "2027-02-28"]


def test_a_lost_proof_enters_the_plan_at_once(world):
    visitor, path = with_measure(world, "waf", "metabase")
    give(visitor, path, clock.today() - timedelta(days=800), file=("regle.pdf", b"%PDF-1.7 regle"))
    found = {r["Sur"]: r["Quoi"] for r in rows(visitor) if r["Mesure"].startswith("Pare-feu")}
    assert found["Metabase"] == "preuve à renouveler"
    assert "Voir les preuves" in text(visitor.get(PLAN))


def test_the_calendar_moves_an_event_rather_than_adding_one(world, team):
    def events():
        calendar = Calendar.from_ical(team.get(f"{PLAN}/plan.ics").get_data())
        return {str(e["UID"]): e["DTSTART"].dt for e in calendar.walk("VEVENT")}

    before = events()
    assert sorted(before.values()) == [date(2027, 1, 31), date(2027, 2, 28)]
    address = re.findall(
        r'href="(/produits/exemple/mesures/\w{32})">Sauvegarde hors ligne', text(team.get("/produits/exemple/mesures"))
    )[0]
    changed = {
        "status": "planned",
        "on": "base",
        "due": "2027-05-01",
        "owner": "Sacha",
        "revision": revision(text(team.get(address))),
    }
    assert team.post(address, changed).status_code == 302
    after = events()
    assert before.keys() == after.keys()
    assert date(2027, 5, 1) in after.values() and date(2027, 2, 28) not in after.values()


def test_the_issue_is_a_list_of_tasks_where_no_name_makes_markup(world, team):
    address = "/produits/exemple/composants/metabase"
    page = text(team.get(address))
    assert "Metabase" in page
    form = {
        "name": "Metabase `@tous` [x](javascript:1)",
        "kind": "bi",
        "hosting": "iaas",
        "exposure": "internet",
        "version": "0.41.3",
    }
    team.edit(address, form)
    issue = text(team.get(f"{PLAN}/plan.md"))
    assert all(line.startswith("- [ ] **") for line in issue.splitlines())
    assert "](javascript" not in issue and "`@tous`" not in issue
    assert "\\[x\\]" in issue


def test_a_formula_or_markup_in_a_name_stays_a_text(world, team):
    address = re.findall(
        r'href="(/produits/exemple/mesures/\w{32})">Sauvegarde hors ligne', text(team.get("/produits/exemple/mesures"))
    )[0]
    form = {
        "status": "planned",
        "on": "base",
        "due": "2027-05-01",
        "owner": "=cmd|'<b>calc'!A1",
        "revision": revision(text(team.get(address))),
    }
    team.post(address, form)
    assert [r["Par qui"] for r in rows(team) if r["Par qui"].startswith("'")] == ["'=cmd|'<b>calc'!A1"]
    for page in ("/", "/produits/exemple", "/produits/exemple/echeances", PLAN):
        assert "<b>calc" not in text(team.get(page)), page
    assert "&lt;b&gt;calc" in text(team.get("/produits/exemple/echeances"))


def test_the_loss_is_noted_once_a_day_and_drawn(world, team):
    for day in (date(2026, 11, 1), date(2026, 11, 2)):
        with time_machine.travel(day, tick=False):
            note_losses(world.database)
            note_losses(world.database)
    with world.session(writing=False) as session:
        points = session.scalars(select(LossPoint).order_by(LossPoint.day)).all()
    assert [p.day for p in points] == [date(2026, 11, 1), date(2026, 11, 2)]
    assert all(p.residual_loss <= p.loss for p in points)
    page = text(team.get(PLAN))
    assert "<svg" in page and "1er novembre 2026" in page
    assert "promise par le plan" in page


def test_an_empty_product_has_an_empty_plan(world):
    owner = world.person()
    world.product(owner)
    visitor = world.visitor(owner)
    assert "Rien à faire" in text(visitor.get(PLAN))
    note_losses(world.database)
    with world.session(writing=False) as session:
        assert session.scalar(select(LossPoint)) is None
    assert text(visitor.get(f"{PLAN}/plan.md")).strip() == ""


@given(systems(), st.dates(date(2026, 1, 1), date(2028, 1, 1)))
def test_the_promise_goes_down_to_the_loss_of_the_kept_plan(system, today):
    found = project_losses(system, today)
    losses = [assess(system).loss, *(p.loss for p in found)]
    assert losses == sorted(losses, reverse=True)
    assert [p.day for p in found] == sorted({p.day for p in found})
    planned = [m for m in system.measures if m.status is MeasureStatus.PLANNED]
    if planned and all(m.due for m in planned):
        assert found[-1].loss == pytest.approx(assess(system).residual_loss)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.floats(0, 60)), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(500, 900), st.floats(0, 60)), max_size=12),
)
def test_the_curve_is_always_drawn_within_its_frame(past, future):
    start = date(2026, 1, 1)
    days = [[LossOn(start + timedelta(days=n), loss) for n, loss in sorted(points)] for points in (past, future)]
    svg = str(draw_burn_down(days[0], days[1], "fr"))
    for x in re.findall(r'c[xy]="([\d.-]+)"', svg):
        assert 0 <= float(x) <= 640


def test_relaunches_are_weekly_and_end():
    found = schedule.reminder_days_once_late(date(2027, 3, 31), (1,), schedule.OWN_RELAUNCHES)
    assert [(m.day, m.number) for m in found] == [
        (date(2027, 2, 28), 1),
        (date(2027, 3, 31), 0),
        (date(2027, 4, 7), -1),
        (date(2027, 4, 14), -2),
        (date(2027, 4, 21), -3),
        (date(2027, 4, 28), -4),
    ]


def sweep(world) -> list[str]:
    world.jobs.sweep()
    with world.app.test_request_context():
        world.jobs.run_due()
    return [m for m in world.mails() if "prévues pour le" in m or "ne valent que" in m]


def test_late_measures_are_relaunched_and_those_done_are_not(world, team):
    world.jobs.run_within(world.app.app_context)  # as the worker does: no request, no language
    with time_machine.travel("2027-02-01T09:00Z", tick=False):
        (mail,) = sweep(world)
        assert "31 janvier 2027" in mail and "28 février 2027" in mail  # the other one is due within a month
        assert "\nhttp://127.0.0.1:8000/produits/exemple/plan\n" in mail
        assert len(sweep(world)) == 1  # told once
    with time_machine.travel("2027-02-08T09:00Z", tick=False):
        assert len(sweep(world)) == 2
    with time_machine.travel("2027-02-09T09:00Z", tick=False):
        colleague = world.person("sacha@exemple.test", "Sacha Bernard")
        world.give(colleague, Role.TEAM_MEMBER, product_id=world.reload().id)
        visitor = world.visitor(colleague)
        page = text(visitor.get("/produits/exemple/mesures"))
        for address in re.findall(r'href="(/produits/exemple/mesures/\w{32})">(?:Second|Sauvegarde)', page):
            form = text(visitor.get(address))
            on = re.findall(r'name="on" value="([\w-]+)" checked', form)
            assert visitor.post(address, {"status": "done", "on": on, "revision": revision(form)}).status_code == 302
        told = len(sweep(world))
    with time_machine.travel("2027-03-15T09:00Z", tick=False):
        assert len(sweep(world)) == told


def test_the_end_of_a_proof_is_a_deadline(world):
    visitor, path = with_measure(world, "backup_restore_test", "base")
    give(visitor, path, date(2026, 11, 1), file=("regle.pdf", b"%PDF-1.7 regle"))
    page = text(visitor.get("/produits/exemple/echeances"))
    assert "Fin d’une preuve" in page and "1er novembre 2027" in page and "relance" in page
