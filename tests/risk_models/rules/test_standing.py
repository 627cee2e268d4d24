"""Where a product stands, situation by situation: this table is the rule, for who wants to read it.

Today is 29 November 2026. Each line: what is known of a product; its state and the day it speaks of; its next act and by
when; what it owes, soonest first.
"""

from datetime import date

import pytest

from risk_models.rules.standing import (
    DecisionState,
    DossierInHand,
    NextAct,
    PastDecision,
    ProductState,
    Situation,
    where_it_stands,
)
from risk_models.scales import DeadlineKind, PhaseName
from risk_models.system import Phase

TODAY = date(2026, 11, 29)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def begun(construction: str, *later: tuple[str, str]) -> tuple[Phase, ...]:
    """Phases of a product whose construction began on a day."""
    phases = (("construction", construction), *later)
    return tuple(Phase(PhaseName(name), date.fromisoformat(start)) for name, start in phases)


def granted(decided_on: str, months: int, expires_on: str, withdrawn_on: str | None = None) -> PastDecision:
    return PastDecision(date.fromisoformat(decided_on), months, day(expires_on), day(withdrawn_on))


def refused(decided_on: str) -> PastDecision:
    return PastDecision(date.fromisoformat(decided_on))


NEW = begun("2026-07-01")  # its analysis is due on 1 January 2027, its first homologation on 1 July
LATE = begun("2026-01-29")  # since 29 July 2026; 29 January 2027
OLD = begun("2024-01-29")  # both long since
VALID = granted("2026-06-01", 24, "2028-06-01")
ENDING = granted("2025-02-01", 24, "2027-02-01")
EXPIRED = granted("2024-11-28", 24, "2026-11-28")
WITHDRAWN = granted("2026-06-01", 24, "2028-06-01", "2026-11-20")
ANALYSIS, FIRST = DeadlineKind.ANALYSIS, DeadlineKind.FIRST_HOMOLOGATION
DRAFT, OPINIONS, GIVEN, DECISION = DossierInHand


def lift(*days: str) -> dict[str, date]:
    return {f"r{n}": date.fromisoformat(one) for n, one in enumerate(days, 1)}


def put_off(kind: DeadlineKind, until: str) -> dict[DeadlineKind, date]:
    return {kind: date.fromisoformat(until)}


SITUATIONS = [
    # Nothing is asked of what is not active.
    ("no phase yet", {}, "INACTIVE", "", ""),
    ("in investigation", {"phases": (Phase(PhaseName.INVESTIGATION, date(2026, 1, 1)),)}, "INACTIVE", "", ""),
    ("its construction begins tomorrow", {"phases": begun("2026-11-30")}, "INACTIVE", "", ""),
    ("given up", {"phases": begun("2024-01-29", ("abandon", "2025-01-01"))}, "INACTIVE", "", ""),
    ("archived", {"phases": OLD, "archived": True}, "INACTIVE", "", ""),
    ("archived, its homologation expired", {"phases": OLD, "archived": True, "last": EXPIRED}, "INACTIVE", "", ""),
    ("archived, a dossier in hand", {"phases": OLD, "archived": True, "in_hand": DECISION}, "INACTIVE", "", ""),
    # The analysis, six months after the clock starts.
    ("begun today", {"phases": begun("2026-11-29")}, "NOT_HOMOLOGATED 2027-05-29", "ANALYSE 2027-05-29", "analysis 2027-05-29"),
    ("analysis due today", {"phases": begun("2026-05-29")}, "NOT_HOMOLOGATED 2026-11-29", "ANALYSE 2026-11-29", "analysis 2026-11-29"),
    ("analysis due yesterday", {"phases": begun("2026-05-28")}, "ANALYSIS_OVERDUE 2026-11-28", "ANALYSE 2026-11-28", "analysis 2026-11-28"),
    ("begun on a 31st", {"phases": begun("2026-08-31")}, "NOT_HOMOLOGATED 2027-02-28", "ANALYSE 2027-02-28", "analysis 2027-02-28"),
    ("accelerated long since, analysis never done", {"phases": begun("2023-01-01", ("acceleration", "2024-01-01"))}, "ANALYSIS_OVERDUE 2023-07-01", "ANALYSE 2023-07-01", "analysis 2023-07-01"),
    ("transferred and still run, analysis never done", {"phases": begun("2023-01-01", ("opere", "2025-01-01"))}, "ANALYSIS_OVERDUE 2023-07-01", "ANALYSE 2023-07-01", "analysis 2023-07-01"),
    ("run without ever having been built", {"phases": (Phase(PhaseName.OPERE, date(2025, 1, 1)),)}, "NOT_HOMOLOGATED", "ANALYSE", ""),
    ("run without ever having been built, analysed", {"phases": (Phase(PhaseName.OPERE, date(2025, 1, 1)),), "analysed": True}, "NOT_HOMOLOGATED", "HOMOLOGATE", ""),
    ("analysis put off until tomorrow", {"phases": LATE, "put_off": put_off(ANALYSIS, "2026-11-30")}, "NOT_HOMOLOGATED 2026-11-30", "ANALYSE 2026-11-30", "analysis 2026-11-30 put off"),
    ("analysis put off until yesterday", {"phases": LATE, "put_off": put_off(ANALYSIS, "2026-11-28")}, "ANALYSIS_OVERDUE 2026-11-28", "ANALYSE 2026-11-28", "analysis 2026-11-28 put off"),
    ("the card moved past what was put off", {"phases": NEW, "put_off": put_off(ANALYSIS, "2026-12-01")}, "NOT_HOMOLOGATED 2027-01-01", "ANALYSE 2027-01-01", "analysis 2027-01-01"),
    ("put off until the very day", {"phases": NEW, "put_off": put_off(ANALYSIS, "2027-01-01")}, "NOT_HOMOLOGATED 2027-01-01", "ANALYSE 2027-01-01", "analysis 2027-01-01"),
    ("another duty was put off", {"phases": LATE, "put_off": put_off(FIRST, "2027-06-01")}, "ANALYSIS_OVERDUE 2026-07-29", "ANALYSE 2026-07-29", "analysis 2026-07-29"),
    # The first homologation, six months later.
    ("analysed before its day", {"phases": NEW, "analysed": True}, "NOT_HOMOLOGATED 2027-07-01", "HOMOLOGATE 2027-07-01", "first_homologation 2027-07-01"),
    ("first homologation due today", {"phases": begun("2025-11-29"), "analysed": True}, "NOT_HOMOLOGATED 2026-11-29", "HOMOLOGATE 2026-11-29", "first_homologation 2026-11-29"),
    ("first homologation due yesterday", {"phases": begun("2025-11-28"), "analysed": True}, "HOMOLOGATION_OVERDUE 2026-11-28", "HOMOLOGATE 2026-11-28", "first_homologation 2026-11-28"),
    ("first homologation put off", {"phases": OLD, "analysed": True, "put_off": put_off(FIRST, "2027-06-01")}, "NOT_HOMOLOGATED 2027-06-01", "HOMOLOGATE 2027-06-01", "first_homologation 2027-06-01 put off"),
    ("first homologation put off until yesterday", {"phases": OLD, "analysed": True, "put_off": put_off(FIRST, "2026-11-28")}, "HOMOLOGATION_OVERDUE 2026-11-28", "HOMOLOGATE 2026-11-28", "first_homologation 2026-11-28 put off"),
    # The first dossier, in hand.
    ("a first dossier begun", {"phases": NEW, "analysed": True, "in_hand": DRAFT}, "NOT_HOMOLOGATED 2027-07-01", "FINISH_DOSSIER 2027-07-01", "first_homologation 2027-07-01"),
    ("a first dossier begun, the analysis late", {"phases": LATE, "in_hand": DRAFT}, "ANALYSIS_OVERDUE 2026-07-29", "FINISH_DOSSIER 2026-07-29", "analysis 2026-07-29"),
    ("opinions awaited", {"phases": NEW, "analysed": True, "in_hand": OPINIONS}, "NOT_HOMOLOGATED 2027-07-01", "GIVE_OPINIONS 2027-07-01", "first_homologation 2027-07-01"),
    ("all opinions given", {"phases": NEW, "analysed": True, "in_hand": GIVEN}, "NOT_HOMOLOGATED 2027-07-01", "TRANSMIT 2027-07-01", "first_homologation 2027-07-01"),
    ("before the authority, late", {"phases": OLD, "analysed": True, "in_hand": DECISION}, "HOMOLOGATION_OVERDUE 2025-01-29", "DECIDE 2025-01-29", "first_homologation 2025-01-29"),
    # Homologated.
    ("decided today", {"phases": OLD, "analysed": True, "last": granted("2026-11-29", 12, "2027-11-29")}, "HOMOLOGATED 2027-11-29", "", "expiry 2027-11-29"),
    ("homologated, never analysed", {"phases": OLD, "last": VALID}, "HOMOLOGATED 2028-06-01", "ANALYSE", "expiry 2028-06-01"),
    ("homologated, a new dossier begun", {"phases": OLD, "analysed": True, "last": VALID, "in_hand": DRAFT}, "HOMOLOGATED 2028-06-01", "FINISH_DOSSIER 2028-06-01", "expiry 2028-06-01"),
    ("homologated before the clock ends", {"phases": NEW, "analysed": True, "last": VALID}, "HOMOLOGATED 2028-06-01", "", "expiry 2028-06-01"),
    ("homologated: what was put off is over", {"phases": OLD, "last": VALID, "put_off": put_off(ANALYSIS, "2026-12-24")}, "HOMOLOGATED 2028-06-01", "ANALYSE", "expiry 2028-06-01"),
    # Its last stretch: two months of six or twelve, four of 24, six of 36.
    ("6 months, two and a day before its end", {"phases": OLD, "analysed": True, "last": granted("2026-07-30", 6, "2027-01-30")}, "HOMOLOGATED 2027-01-30", "", "expiry 2027-01-30"),
    ("6 months, two before its end", {"phases": OLD, "analysed": True, "last": granted("2026-07-29", 6, "2027-01-29")}, "HOMOLOGATED 2027-01-29", "", "expiry 2027-01-29"),
    ("6 months, less than two before its end", {"phases": OLD, "analysed": True, "last": granted("2026-07-28", 6, "2027-01-28")}, "EXPIRES_SOON 2027-01-28", "RENEW 2027-01-28", "expiry 2027-01-28"),
    ("12 months, two before its end", {"phases": OLD, "analysed": True, "last": granted("2026-01-29", 12, "2027-01-29")}, "HOMOLOGATED 2027-01-29", "", "expiry 2027-01-29"),
    ("12 months, less than two before its end", {"phases": OLD, "analysed": True, "last": granted("2026-01-28", 12, "2027-01-28")}, "EXPIRES_SOON 2027-01-28", "RENEW 2027-01-28", "expiry 2027-01-28"),
    ("24 months, four before its end", {"phases": OLD, "analysed": True, "last": granted("2025-03-29", 24, "2027-03-29")}, "HOMOLOGATED 2027-03-29", "", "expiry 2027-03-29"),
    ("24 months, less than four before its end", {"phases": OLD, "analysed": True, "last": granted("2025-03-28", 24, "2027-03-28")}, "EXPIRES_SOON 2027-03-28", "RENEW 2027-03-28", "expiry 2027-03-28"),
    ("36 months, six before its end", {"phases": OLD, "analysed": True, "last": granted("2024-05-29", 36, "2027-05-29")}, "HOMOLOGATED 2027-05-29", "", "expiry 2027-05-29"),
    ("36 months, less than six before its end", {"phases": OLD, "analysed": True, "last": granted("2024-05-28", 36, "2027-05-28")}, "EXPIRES_SOON 2027-05-28", "RENEW 2027-05-28", "expiry 2027-05-28"),
    ("ends today", {"phases": OLD, "analysed": True, "last": granted("2025-11-29", 12, "2026-11-29")}, "EXPIRES_SOON 2026-11-29", "RENEW 2026-11-29", "expiry 2026-11-29"),
    ("ended yesterday", {"phases": OLD, "analysed": True, "last": EXPIRED}, "EXPIRED 2026-11-28", "RENEW 2026-11-28", "expiry 2026-11-28"),
    ("ends soon, never analysed", {"phases": OLD, "last": ENDING}, "EXPIRES_SOON 2027-02-01", "RENEW 2027-02-01", "expiry 2027-02-01"),
    ("ends soon, a new dossier begun", {"phases": OLD, "analysed": True, "last": ENDING, "in_hand": DRAFT}, "EXPIRES_SOON 2027-02-01", "FINISH_DOSSIER 2027-02-01", "expiry 2027-02-01"),
    ("expired, the new dossier before the authority", {"phases": OLD, "analysed": True, "last": EXPIRED, "in_hand": DECISION}, "EXPIRED 2026-11-28", "DECIDE 2026-11-28", "expiry 2026-11-28"),
    ("expired, all opinions given on the new dossier", {"phases": OLD, "analysed": True, "last": EXPIRED, "in_hand": GIVEN}, "EXPIRED 2026-11-28", "TRANSMIT 2026-11-28", "expiry 2026-11-28"),
    # Reservations: first in their last month, as long as the decision that set them holds.
    ("a reservation in a month and a day", {"phases": OLD, "analysed": True, "last": VALID, "reservations": lift("2026-12-30")}, "HOMOLOGATED 2028-06-01", "", "reservation 2026-12-30, expiry 2028-06-01"),
    ("a reservation in a month", {"phases": OLD, "analysed": True, "last": VALID, "reservations": lift("2026-12-29")}, "HOMOLOGATED 2028-06-01", "LIFT_RESERVATIONS 2026-12-29", "reservation 2026-12-29, expiry 2028-06-01"),
    ("a reservation late", {"phases": OLD, "analysed": True, "last": VALID, "reservations": lift("2026-09-01")}, "HOMOLOGATED 2028-06-01", "LIFT_RESERVATIONS 2026-09-01", "reservation 2026-09-01, expiry 2028-06-01"),
    ("two reservations, the second sooner", {"phases": OLD, "analysed": True, "last": VALID, "reservations": lift("2027-06-01", "2026-12-01")}, "HOMOLOGATED 2028-06-01", "LIFT_RESERVATIONS 2026-12-01", "reservation 2026-12-01, reservation 2027-06-01, expiry 2028-06-01"),
    ("a reservation near, the end too", {"phases": OLD, "analysed": True, "last": ENDING, "reservations": lift("2026-12-01")}, "EXPIRES_SOON 2027-02-01", "LIFT_RESERVATIONS 2026-12-01", "reservation 2026-12-01, expiry 2027-02-01"),
    ("a reservation near, a new dossier begun", {"phases": OLD, "analysed": True, "last": VALID, "in_hand": DRAFT, "reservations": lift("2026-12-01")}, "HOMOLOGATED 2028-06-01", "LIFT_RESERVATIONS 2026-12-01", "reservation 2026-12-01, expiry 2028-06-01"),
    ("a reservation near, a new dossier before the authority", {"phases": OLD, "analysed": True, "last": VALID, "in_hand": DECISION, "reservations": lift("2026-12-01")}, "HOMOLOGATED 2028-06-01", "LIFT_RESERVATIONS 2026-12-01", "reservation 2026-12-01, expiry 2028-06-01"),
    ("a reservation near, never analysed", {"phases": OLD, "last": VALID, "reservations": lift("2026-12-01")}, "HOMOLOGATED 2028-06-01", "LIFT_RESERVATIONS 2026-12-01", "reservation 2026-12-01, expiry 2028-06-01"),
    ("expired, a reservation never lifted", {"phases": OLD, "analysed": True, "last": EXPIRED, "reservations": lift("2025-06-01")}, "EXPIRED 2026-11-28", "RENEW 2026-11-28", "reservation 2025-06-01, expiry 2026-11-28"),
    ("archived, a reservation never lifted", {"phases": OLD, "archived": True, "last": VALID, "reservations": lift("2026-12-01")}, "INACTIVE", "", ""),
    # Refused or withdrawn: what a first homologation asks is asked again.
    ("refused", {"phases": NEW, "analysed": True, "last": refused("2026-11-01")}, "REFUSED 2026-11-01", "HOMOLOGATE_AGAIN", "first_homologation 2027-07-01"),
    ("refused, a first homologation late", {"phases": OLD, "analysed": True, "last": refused("2026-11-01")}, "REFUSED 2026-11-01", "HOMOLOGATE_AGAIN", "first_homologation 2025-01-29"),
    ("refused, never analysed", {"phases": NEW, "last": refused("2026-11-01")}, "REFUSED 2026-11-01", "ANALYSE 2027-01-01", "analysis 2027-01-01"),
    ("refused, the analysis late", {"phases": LATE, "last": refused("2026-11-01")}, "ANALYSIS_OVERDUE 2026-07-29", "ANALYSE 2026-07-29", "analysis 2026-07-29"),
    ("refused, a new dossier begun", {"phases": OLD, "analysed": True, "last": refused("2026-11-01"), "in_hand": DRAFT}, "REFUSED 2026-11-01", "FINISH_DOSSIER", "first_homologation 2025-01-29"),
    ("withdrawn", {"phases": OLD, "analysed": True, "last": WITHDRAWN}, "WITHDRAWN 2026-11-20", "HOMOLOGATE_AGAIN", "first_homologation 2025-01-29"),
    ("withdrawn, never analysed", {"phases": OLD, "last": WITHDRAWN}, "ANALYSIS_OVERDUE 2024-07-29", "ANALYSE 2024-07-29", "analysis 2024-07-29"),
    ("withdrawn before six months, never analysed", {"phases": NEW, "last": WITHDRAWN}, "WITHDRAWN 2026-11-20", "ANALYSE 2027-01-01", "analysis 2027-01-01"),
    ("withdrawn, a reservation never lifted", {"phases": OLD, "analysed": True, "last": WITHDRAWN, "reservations": lift("2026-12-01")}, "WITHDRAWN 2026-11-20", "HOMOLOGATE_AGAIN", "first_homologation 2025-01-29"),
    ("withdrawn, the new dossier before the authority", {"phases": OLD, "analysed": True, "last": WITHDRAWN, "in_hand": DECISION}, "WITHDRAWN 2026-11-20", "DECIDE", "first_homologation 2025-01-29"),
    ("withdrawn after its end", {"phases": OLD, "analysed": True, "last": granted("2024-01-01", 12, "2025-01-01", "2026-11-20")}, "WITHDRAWN 2026-11-20", "HOMOLOGATE_AGAIN", "first_homologation 2025-01-29"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "state", "act", "owed"), [row[1:] for row in SITUATIONS], ids=[r[0] for r in SITUATIONS])  # fmt: skip
def test_where_a_product_stands(known, state, act, owed):
    found = where_it_stands(Situation(TODAY, **known))
    duties = [f"{d.kind} {d.due}{' put off' if d.put_off else ''}" for d in found.owed]
    assert f"{found.state.name} {found.day or ''}".strip() == state
    assert (f"{found.act.name} {found.act_due or ''}".strip() if found.act else "") == act
    assert ", ".join(duties) == owed


def test_every_state_and_every_act_is_in_the_table():
    assert {row[2].partition(" ")[0] for row in SITUATIONS} == {state.name for state in ProductState}
    assert {row[3].partition(" ")[0] for row in SITUATIONS} == {act.name for act in NextAct} | {""}
    assert len(SITUATIONS) >= 60


@pytest.mark.parametrize(
    ("decision", "next_refused", "state"),
    [
        (VALID, None, DecisionState.CURRENT),
        (ENDING, None, DecisionState.SOON),
        (granted("2025-11-29", 12, "2026-11-29"), None, DecisionState.SOON),
        (EXPIRED, None, DecisionState.EXPIRED),
        (VALID, False, DecisionState.REPLACED),
        (EXPIRED, False, DecisionState.REPLACED),
        (VALID, True, DecisionState.CLOSED),
        (WITHDRAWN, None, DecisionState.WITHDRAWN),
        (WITHDRAWN, False, DecisionState.WITHDRAWN),
        (refused("2026-11-01"), None, DecisionState.REFUSED),
        (refused("2026-11-01"), False, DecisionState.REFUSED),
    ],
)
def test_where_a_decision_stands(decision, next_refused, state):
    assert decision.state(TODAY, next_refused=next_refused) is state
