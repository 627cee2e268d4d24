"""Where a product stands: its state and since when, what it owes, what is next and by when.

The one answer of the home page, the lists, the letters, the statistics and the calendars. Sources: beta.gouv.fr's
startup cards for what starts the clock, ANSSI's homologation guide for what a decision opens and ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum

from risk_models.rules import schedule
from risk_models.scales import DeadlineKind
from risk_models.system import Phase


class DecisionState(StrEnum):
    """Where one decision of a product stands on a day."""

    CURRENT = "current"
    SOON = "soon"
    EXPIRED = "expired"
    REPLACED = "replaced"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"

    @property
    def ends_itself(self) -> bool:
        """Whether nothing but its own last day ends it."""
        return self in (DecisionState.CURRENT, DecisionState.SOON, DecisionState.EXPIRED)

    @property
    def in_force(self) -> bool:
        """Whether the product is homologated by it."""
        return self in (DecisionState.CURRENT, DecisionState.SOON)


class ProductState(IntEnum):
    """Where a product stands on a day, most urgent first."""

    EXPIRED = 1
    ANALYSIS_OVERDUE = 2
    HOMOLOGATION_OVERDUE = 3
    EXPIRES_SOON = 4
    REFUSED = 5
    WITHDRAWN = 6
    NOT_HOMOLOGATED = 7
    DISPENSED = 8
    HOMOLOGATED = 9
    INACTIVE = 10

    @property
    def is_late(self) -> bool:
        """Whether a day that a text or a decision set is past."""
        return self in (ProductState.EXPIRED, ProductState.ANALYSIS_OVERDUE, ProductState.HOMOLOGATION_OVERDUE)

    @property
    def is_homologated(self) -> bool:
        return self in (ProductState.HOMOLOGATED, ProductState.EXPIRES_SOON)


class NextAct(StrEnum):
    """What is asked next about a product."""

    ANALYSE = "analyse"
    HOMOLOGATE = "homologate"
    FINISH_DOSSIER = "draft"
    GIVE_OPINIONS = "opinions"
    TRANSMIT = "transmit"
    DECIDE = "decision"
    LIFT_RESERVATIONS = "lift"
    RENEW = "renew"
    HOMOLOGATE_AGAIN = "again"

    @property
    def is_of_others(self) -> bool:
        """Whether somebody outside the team has it in hand."""
        return self in (NextAct.GIVE_OPINIONS, NextAct.DECIDE)


class DossierInHand(StrEnum):
    """How far the dossier that is not decided yet has come; `OPINIONS_GIVEN`: all of them, and it was not transmitted."""

    DRAFT = "draft"
    OPINIONS = "opinions"
    OPINIONS_GIVEN = "opinions_given"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision; `months` and `expires_on` are None where it refused."""

    decided_on: date
    months: int | None = None
    expires_on: date | None = None
    withdrawn_on: date | None = None

    def state(self, today: date, *, next_refused: bool | None = None) -> DecisionState:
        """Where it stands on `today`; the day it ends is still covered.

        `next_refused`: whether the decision after it refused; None where it is the last one.
        """
        if self.expires_on is None or self.months is None:
            return DecisionState.REFUSED
        if self.withdrawn_on:
            return DecisionState.WITHDRAWN
        if next_refused is not None:
            return DecisionState.CLOSED if next_refused else DecisionState.REPLACED
        if self.expires_on < today:
            return DecisionState.EXPIRED
        soon = schedule.is_soon(self.expires_on, self.months, today)
        return DecisionState.SOON if soon else DecisionState.CURRENT


@dataclass(frozen=True, slots=True)
class PastDispensation:
    """An authority dispensed the product from being homologated, from `granted_on` to the end of `until`.

    `to_homologate`: it is to be homologated by then, as after an emergency. `closed_on`: the first day without it, where a later
    decision on the product, or a withdrawal, stands in its place.
    """

    granted_on: date
    until: date
    to_homologate: bool = False
    closed_on: date | None = None

    @property
    def last_day(self) -> date:
        """The last day that it covers, or covered; before `granted_on` where it covered none."""
        return min(self.until, self.closed_on - timedelta(days=1)) if self.closed_on else self.until

    def holds(self, today: date) -> bool:
        """Whether it covers `today`; the day it ends is still covered."""
        return self.granted_on <= today <= self.last_day


@dataclass(frozen=True, slots=True)
class ClosingAct:
    """A decision on a product, or its withdrawal: its day, the instant it was noted, and the last day that it homologates."""

    day: date
    noted_at: datetime
    until: date | None = None


def closing_day(granted_on: date, granted_at: datetime, acts: Sequence[ClosingAct]) -> date | None:
    """The first day without what was granted, which a later act on the product ended.

    Of one day, instants tell: an authority dispenses what it has just refused. An older homologation that was noted later
    counts where it still holds.
    """
    return min(
        (
            max(act.day, granted_on)
            for act in acts
            if act.day > granted_on
            or (act.noted_at > granted_at and (act.day == granted_on or (act.until and act.until >= granted_on)))
        ),
        default=None,
    )


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a product on `today`, once.

    `analysed`: its analysis was declared; `last`: its last decision, whatever became of it; `reservations`: by name, the
    day by which each that its authority set and nobody lifted is due; `put_off`: until when what it owes was postponed;
    `dispensations`: those granted.
    """

    today: date
    phases: Sequence[Phase] = ()
    archived: bool = False
    analysed: bool = False
    last: PastDecision | None = None
    in_hand: DossierInHand | None = None
    reservations: Mapping[str, date] = field(default_factory=dict)
    put_off: Mapping[DeadlineKind, date] = field(default_factory=dict)
    dispensations: Sequence[PastDispensation] = ()


@dataclass(frozen=True, slots=True)
class Duty:
    """What a text or a decision asks of a product by a day; `ref` names the reservation, `put_off`: it was postponed.

    `spared`: a dispensation covered the product until that day, or until the one it was postponed from.
    """

    kind: DeadlineKind
    due: date
    ref: str = ""
    put_off: bool = False
    spared: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """`day` is the one that `state` speaks of; `act` is asked by `act_due`, None where no day was set for it."""

    state: ProductState
    day: date | None
    owed: tuple[Duty, ...]
    act: NextAct | None
    act_due: date | None


def where_it_stands(now: Situation) -> Standing:
    """The state of a product, what it owes soonest first, and its next act; nothing is asked of what is not active."""
    if now.archived or not schedule.is_active(now.phases, now.today):
        return Standing(ProductState.INACTIVE, None, (), None, None)
    first = None if _homologates(now.last) else _first_duty(now)
    state, day = _state(now, first)
    held = holding_dispensation(now)
    if held and not state.is_homologated:
        state, day = ProductState.DISPENSED, held.last_day
    owed = tuple(sorted(_owed(now, first), key=lambda duty: (duty.due, duty.kind)))
    act, due = _next_act(now, state, day)
    return Standing(state, day, owed, act, due)


def _homologates(decision: PastDecision | None) -> bool:
    """Whether `decision` homologates, though it may have come to its end."""
    return decision is not None and decision.months is not None and decision.withdrawn_on is None


def holding_dispensation(now: Situation) -> PastDispensation | None:
    """Of the dispensations that hold today, the one that lasts longest."""
    return max((d for d in now.dispensations if d.holds(now.today)), key=lambda d: d.last_day, default=None)


def _spared_until(now: Situation) -> date | None:
    """The last day that a dispensation covers, or covered."""
    return max((d.last_day for d in now.dispensations if d.last_day >= d.granted_on), default=None)


def _to_homologate(now: Situation) -> list[PastDispensation]:
    """The dispensations after which the product is to be homologated, and that no decision followed yet."""
    given = [d for d in now.dispensations if d.to_homologate and d.closed_on is None]
    return sorted((d for d in given if d.last_day >= d.granted_on), key=lambda d: d.last_day)


def _first_duty(now: Situation) -> Duty | None:
    """The analysis, then the first homologation, postponed or not; None before the clock starts.

    Nothing was late while a dispensation ran: its end is the soonest day that counts.
    """
    start = schedule.analysis_due(now.phases)
    kind = DeadlineKind.FIRST_HOMOLOGATION if now.analysed else DeadlineKind.ANALYSIS
    if start is None and not _to_homologate(now):
        return None
    if start and now.analysed:
        start = schedule.first_homologation_due(start)
    due = max(day for day in (start, _spared_until(now)) if day)
    until, spared = now.put_off.get(kind), due != start
    if until is None or until <= due:  # the card moved past it, or a dispensation did
        return Duty(kind, due, spared=spared)
    return Duty(kind, until, put_off=True, spared=spared)


_OF_DECISIONS = {
    DecisionState.EXPIRED: ProductState.EXPIRED,
    DecisionState.SOON: ProductState.EXPIRES_SOON,
    DecisionState.CURRENT: ProductState.HOMOLOGATED,
}


def _state(now: Situation, first: Duty | None) -> tuple[ProductState, date | None]:
    last = now.last
    if last and (became := last.state(now.today)) in _OF_DECISIONS:
        return _OF_DECISIONS[became], last.expires_on
    late = first is not None and first.due < now.today
    if late and first and first.kind is DeadlineKind.ANALYSIS:
        return ProductState.ANALYSIS_OVERDUE, first.due
    if last and last.withdrawn_on:
        return ProductState.WITHDRAWN, last.withdrawn_on
    if last:
        return ProductState.REFUSED, last.decided_on
    return (ProductState.HOMOLOGATION_OVERDUE if late else ProductState.NOT_HOMOLOGATED), first.due if first else None


def _owed(now: Situation, first: Duty | None) -> list[Duty]:
    """While a dispensation holds, its end stands for all that would be due by then, but for what a decision in force asks.

    What an emergency asks is owed until a decision follows, homologated or not.
    """
    held = [d for d in now.dispensations if d.holds(now.today)]
    covered = first.due if first and not held else date.min  # the first duty comes after those that are over
    ends = {d.last_day for d in (*held, *_to_homologate(now)) if d.last_day > covered}
    duties = _owed_without_dispensation(now, first)
    if held:
        in_force = now.last is not None and now.last.state(now.today).in_force
        until = max(d.last_day for d in held)
        duties = [duty for duty in duties if in_force or duty.due > until]
    return [*duties, *(Duty(DeadlineKind.DISPENSATION, day) for day in ends)]


def _owed_without_dispensation(now: Situation, first: Duty | None) -> list[Duty]:
    if first:
        return [first]
    if not _homologates(now.last) or now.last is None or now.last.expires_on is None:
        return []
    lifted_by = [Duty(DeadlineKind.RESERVATION, due, ref) for ref, due in now.reservations.items()]
    end, spared = now.last.expires_on, _spared_until(now)
    if spared and end < spared < now.today:  # nothing was late meanwhile
        return [Duty(DeadlineKind.EXPIRY, spared, spared=True), *lifted_by]
    return [Duty(DeadlineKind.EXPIRY, end), *lifted_by]


_OF_DOSSIERS = {
    DossierInHand.DRAFT: NextAct.FINISH_DOSSIER,
    DossierInHand.OPINIONS: NextAct.GIVE_OPINIONS,
    DossierInHand.OPINIONS_GIVEN: NextAct.TRANSMIT,
    DossierInHand.DECISION: NextAct.DECIDE,
}


def _next_act(now: Situation, state: ProductState, day: date | None) -> tuple[NextAct | None, date | None]:
    """What the authority asked comes first in its last month, while its decision holds; then a dossier in hand."""
    lift_by = min(now.reservations.values(), default=None)
    if state.is_homologated and lift_by and lift_by <= schedule.add_months(now.today, schedule.LIFTING_MONTHS):
        return NextAct.LIFT_RESERVATIONS, lift_by
    asked = None if state in (ProductState.REFUSED, ProductState.WITHDRAWN) else day
    if now.in_hand:
        return _OF_DOSSIERS[now.in_hand], asked
    if state in (ProductState.DISPENSED, ProductState.HOMOLOGATED) and (after := _after_dispensation(now, state)):
        return after
    if state is ProductState.DISPENSED:
        return None, None
    return _act_asked(now, state, asked)


def _act_asked(now: Situation, state: ProductState, asked: date | None) -> tuple[NextAct | None, date | None]:
    if state in (ProductState.EXPIRED, ProductState.EXPIRES_SOON):
        return NextAct.RENEW, asked
    if state is ProductState.HOMOLOGATED:
        return (None if now.analysed else NextAct.ANALYSE), None
    if not now.analysed:
        first = _first_duty(now)
        return NextAct.ANALYSE, first.due if first else None
    return _homologate(now), asked


def _homologate(now: Situation) -> NextAct:
    return NextAct.HOMOLOGATE if now.last is None else NextAct.HOMOLOGATE_AGAIN


def _after_dispensation(now: Situation, state: ProductState) -> tuple[NextAct, date] | None:
    """What the end of a dispensation asks for and by when: once it is near, or at once where the product is to be homologated."""
    held, owed = holding_dispensation(now), _to_homologate(now)
    if owed:
        due = owed[0].last_day
    elif held and state is ProductState.DISPENSED and held.last_day <= _soon(now.today):
        due = held.last_day
    else:
        return None
    if _homologates(now.last):
        return NextAct.RENEW, due
    return (_homologate(now) if now.analysed else NextAct.ANALYSE), due


def _soon(today: date) -> date:
    return schedule.add_months(today, schedule.DISPENSATION_MONTHS[0])
