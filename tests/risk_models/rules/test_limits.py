"""Bounds that texts or Jalon set, on both sides of their edge."""

from datetime import date

import pytest

from risk_models.rules import limits, schedule
from risk_models.rules.schedule import Escalation, Milestone

LATE = date(2026, 11, 29)


def test_the_longest_of_each_in_months():
    assert schedule.LONGEST_MONTHS == limits.LONGEST_DELEGATION_MONTHS == 36  # three years: ANSSI's guide
    assert limits.LONGEST_PROVISIONAL_MONTHS == 12
    assert schedule.latest_acceptance(date(2026, 2, 28)) == date(2029, 2, 28)


@pytest.mark.parametrize(
    ("weeks", "incubator", "authority"), [(1, False, False), (2, True, False), (5, True, False), (6, True, True)]
)
def test_who_is_told_of_what_is_late_where_no_incubator_says_otherwise(weeks, incubator, authority):
    milestone = Milestone(LATE, weeks_late=weeks)
    told = Escalation().tells_incubator(milestone), Escalation().tells_authority(milestone)
    assert told == (incubator, authority)
