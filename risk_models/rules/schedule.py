"""When things are due: pure calendar rules, dates in and dates out.

Sources: beta.gouv.fr startup cards for the six-month rule; ANSSI's homologation guide as
MonServiceSécurisé practises it for durations and the milestones of renewal.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from risk_models.scales import PhaseName
from risk_models.system import Phase

CLOCK_PHASES = (PhaseName.CONSTRUCTION, PhaseName.ACCELERATION, PhaseName.CONSOLIDATION)
ACTIVE_PHASES = frozenset({*CLOCK_PHASES, PhaseName.OPERE})
ANALYSIS_DELAY_MONTHS = 6

# Months before expiry at which people are reminded, by duration of the homologation in months.
RENEWAL_MILESTONES: dict[int, tuple[int, ...]] = {
    6: (3, 1),
    12: (6, 3, 1),
    24: (12, 6, 3, 1),
    36: (24, 12, 6, 3, 1),
}
DURATIONS = tuple(RENEWAL_MILESTONES)
LONGEST_MONTHS = max(DURATIONS)  # three years at most: ANSSI's homologation guide
# "Soon to expire": the last months of each duration.
SOON_MONTHS = {6: 2, 12: 2, 24: 4, 36: 6}
ANALYSIS_MILESTONES = (3, 1)
DISPENSATION_MONTHS = (3, 1)  # its end is told that long before: Jalon's own
LIFTING_MONTHS = 1  # the last stretch of what an authority asked, which then comes before the rest: Jalon's own


def latest_acceptance(today: date) -> date:
    """The last day until which a risk may be accepted `today`: what the longest homologation would last (ANSSI)."""
    return add_months(today, LONGEST_MONTHS)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it has none."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def current_phase(phases: Sequence[Phase], today: date) -> Phase | None:
    """The phase with the latest start not in the future; ties go to the later in the list."""
    begun = [p for p in phases if p.start <= today]
    return max(enumerate(begun), key=lambda pair: (pair[1].start, pair[0]))[1] if begun else None


def is_active(phases: Sequence[Phase], today: date) -> bool:
    phase = current_phase(phases, today)
    return phase is not None and phase.name in ACTIVE_PHASES


def clock_start(phases: Sequence[Phase]) -> Phase | None:
    """The phase that starts the six-month clock: the first construction, acceleration or consolidation."""
    return min((p for p in phases if p.name in CLOCK_PHASES), key=lambda p: p.start, default=None)


def analysis_due(phases: Sequence[Phase]) -> date | None:
    """The day by which the risk analysis is due: six calendar months after the clock starts."""
    start = clock_start(phases)
    return add_months(start.start, ANALYSIS_DELAY_MONTHS) if start else None


def expiry_day(decided_on: date, months: int) -> date:
    """The day a homologation ends: the same day of the month as its decision, on which it begins."""
    return add_months(decided_on, months)


def is_soon(expires_on: date, months: int, today: date) -> bool:
    """Whether a homologation of `months` is in its last stretch on `today`."""
    return today <= expires_on and add_months(today, SOON_MONTHS[months]) > expires_on


def certificate_due(known_since: date, ends_on: date) -> date:
    """The day by which a certificate, met since a day, is renewed: in the last quarter of that time, at most two weeks
    before its end.

    What renews by itself does so when a third of its life remains, half of a life of six days: Let's Encrypt's advice.
    """
    return ends_on - min(timedelta(weeks=2), timedelta(days=max(0, (ends_on - known_since).days // 4)))


@dataclass(frozen=True, slots=True)
class Milestone:
    """A day on which people are reminded of a deadline: months before it, the day itself (0 and 0), or weeks late."""

    day: date
    months_before: int = 0
    weeks_late: int = 0

    @property
    def number(self) -> int:
        """What tells it from the other milestones of its deadline: months before, or minus the weeks late."""
        return self.months_before or -self.weeks_late


# Weekly relaunches once late: of what a text or a decision asks, of what a team set itself.
DUTY_RELAUNCHES, OWN_RELAUNCHES = 8, 4


def reminder_days_once_late(due: date, months_before: Sequence[int], weeks: int) -> tuple[Milestone, ...]:
    """The milestones of `due`, then weekly for `weeks` weeks once late."""
    weekly = (Milestone(due + timedelta(weeks=n), weeks_late=n) for n in range(1, weeks + 1))
    return (*reminder_days(due, months_before), *weekly)


# Weeks late after which others are told, unless an incubator says otherwise: Jalon's own.
INCUBATOR_WEEKS, AUTHORITY_WEEKS = 2, 6


@dataclass(frozen=True, slots=True)
class Escalation:
    """How many weeks late a deadline is when its incubator is told too, then its authority; each incubator sets its own."""

    incubator: int = INCUBATOR_WEEKS
    authority: int = AUTHORITY_WEEKS

    def tells_incubator(self, milestone: Milestone) -> bool:
        return milestone.weeks_late >= self.incubator

    def tells_authority(self, milestone: Milestone) -> bool:
        return milestone.weeks_late >= self.authority


def is_comfort(milestone: Milestone) -> bool:
    """Whether a reminder may be declined: those that come more than a month ahead. The last ones are a duty."""
    return milestone.months_before > 1


POSTPONED_MONTHS = 6


def latest_postponement(due: date) -> date:
    """How far a deadline may be put off, by whoever answers for it: Jalon's own limit, no text sets one."""
    return add_months(due, POSTPONED_MONTHS)


def reminder_days(due: date, months_before: Sequence[int]) -> tuple[Milestone, ...]:
    """Days to remind of `due`, oldest first, the deadline itself included."""
    return tuple(Milestone(add_months(due, -m), m) for m in (*months_before, 0))


def first_homologation_due(analysis_due_on: date) -> date:
    """Six more months after the analysis is due: time to act on it and to compose the first dossier.

    No text sets this day; it is Jalon's advice, so that no product stays between analysis and homologation.
    """
    return add_months(analysis_due_on, 6)
