"""Where a product stands, situation by situation: this table is the rule, for who wants to read it.

Today is 29 November 2026. Each line: what is known of a product; its state and the day it speaks of; its next act and by
when; what it owes, soonest first.
"""

import pytest

from risk_models.rules.standing import DecisionState, NextAct, ProductState, Situation, where_it_stands
from tests.risk_models.rules.situation_parts import ENDING, EXPIRED, TODAY, VALID, WITHDRAWN, granted, refused
from tests.risk_models.rules.situations_after import AFTER_DECISION
from tests.risk_models.rules.situations_before import BEFORE_HOMOLOGATION
from tests.risk_models.rules.situations_dispensed import DISPENSED

SITUATIONS = BEFORE_HOMOLOGATION + AFTER_DECISION + DISPENSED


@pytest.mark.parametrize(
    ("known", "state", "act", "owed"), [row[1:] for row in SITUATIONS], ids=[r[0] for r in SITUATIONS]
)
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
