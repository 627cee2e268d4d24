from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_models.rules import schedule
from risk_models.scales import PhaseName
from risk_models.system import Phase

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


def test_six_months_after_the_end_of_august_is_the_end_of_february():
    phases = [Phase(PhaseName.CONSTRUCTION, date(2025, 8, 31))]
    assert schedule.analysis_due(phases) == date(2026, 2, 28)


def test_the_clock_starts_with_the_earliest_construction_acceleration_or_consolidation():
    phases = [
        Phase(PhaseName.INVESTIGATION, date(2024, 1, 1)),
        Phase(PhaseName.ACCELERATION, date(2025, 3, 1)),
        Phase(PhaseName.CONSTRUCTION, date(2024, 9, 1)),
    ]
    assert schedule.analysis_due(phases) == date(2025, 3, 1)


def test_a_product_only_investigated_owes_no_analysis():
    assert schedule.analysis_due([Phase(PhaseName.INVESTIGATION, date(2024, 1, 1))]) is None


def test_the_current_phase_is_the_latest_begun_and_ties_go_to_the_later_in_the_list():
    phases = [
        Phase(PhaseName.CONSTRUCTION, date(2024, 1, 1)),
        Phase(PhaseName.ACCELERATION, date(2024, 1, 1)),
        Phase(PhaseName.ABANDON, date(2030, 1, 1)),
    ]
    assert schedule.current_phase(phases, date(2025, 1, 1)).name is PhaseName.ACCELERATION
    assert schedule.current_phase(phases, date(2023, 1, 1)) is None


@pytest.mark.parametrize(
    ("months", "before"), [(6, (3, 1)), (12, (6, 3, 1)), (24, (12, 6, 3, 1)), (36, (24, 12, 6, 3, 1))]
)
def test_renewal_milestones_are_those_of_the_guide(months, before):
    expires = schedule.expiry_day(date(2026, 1, 15), months)
    found = schedule.reminder_days(expires, schedule.RENEWAL_MILESTONES[months])
    assert [m.months_before for m in found] == [*before, 0]
    assert found[-1].day == expires


@given(DAYS, st.integers(-60, 60))
def test_adding_months_keeps_the_day_or_the_last_of_the_month(day, months):
    moved = schedule.add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved.day < day.day and schedule.add_months(moved, 0) == moved)


@given(DAYS, st.sampled_from(schedule.DURATIONS))
def test_milestones_come_in_order_and_never_after_the_deadline(day, months):
    due = schedule.expiry_day(day, months)
    days = [m.day for m in schedule.reminder_days(due, schedule.RENEWAL_MILESTONES[months])]
    assert days == sorted(days)
    assert days[-1] == due


@given(DAYS, st.integers(-400, 4000), st.integers(0, 100))
def test_a_certificate_is_due_before_its_end_later_the_shorter_it_is_known(ends_on, known_for, less):
    due = schedule.certificate_due(ends_on - timedelta(days=known_for), ends_on)
    assert ends_on - timedelta(days=14) <= due <= ends_on
    assert due <= schedule.certificate_due(ends_on - timedelta(days=known_for - less), ends_on)
    renewed_in_time = ends_on - timedelta(days=known_for / 3)
    assert known_for < 2 or renewed_in_time <= due
