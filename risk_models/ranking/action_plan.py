"""What to do first: each measure's loss avoided alone, then in the best order."""

from collections.abc import Iterable, Sequence

from risk_models import catalogue
from risk_models.assessment import PlanItem
from risk_models.ranking.knowledge import team_can_set
from risk_models.ranking.mending import Factors, Mending
from risk_models.ranking.propagation import Spread
from risk_models.scales import SETTLED, MeasureStatus, ProofState
from risk_models.system import Measure, System

# Measures are proposed for this many of the first weak points; those that a team already thinks of are always there.
_PROPOSED_FOR = 5
_MOST = 10
_UNKNOWN_EFFORT = 3
_UPDATE = "update"  # a known flaw is known to be open
_PROOF_EFFORT = 1  # what is in place already is only shown again; what is gone must be done again
_TO_SHOW = frozenset({ProofState.STALE, ProofState.ABSENT, ProofState.UNREADABLE})


def action_plan(system: System, spread: Spread, mending: Mending, weakest: Sequence[str]) -> tuple[PlanItem, ...]:
    """At most `_MOST` measures not yet in place: those known to lack, then those to finish, to show again or to confirm.

    Within each, each time the one that avoids most for its effort. `weakest`: components, weakest first. Measures that
    avoid nothing alone are left out. The order is the accelerated greedy one (Minoux, 1978): a measure's figure is looked
    at again when its turn comes.
    """
    measures = _candidates(system, mending, weakest[:_PROPOSED_FOR])
    acting = [mending.of_measure(m.measure, m.on) for m in measures]
    alone = spread.without([spread.reduced(factors) for factors in acting])
    gain = {n: avoided for n, avoided in enumerate(alone) if avoided > 0}
    done: Factors = {}
    loss = spread.loss
    plan: list[PlanItem] = []

    said = {(m.measure, c) for m in system.measures for c in m.on}
    lacking = [m.measure == _UPDATE or any(mending.lacks(m.measure, c) for c in m.on) for m in measures]
    unsaid = [
        not known and not any((m.measure, c) in said for c in m.on) for m, known in zip(measures, lacking, strict=True)
    ]

    def worth(number: int) -> tuple[bool, float, str, tuple[str, ...]]:
        measure = measures[number]
        return lacking[number], gain[number] / _effort(measure), measure.measure, measure.on

    while gain and len(plan) < _MOST:
        best = max(gain, key=worth)
        both = _combined(done, acting[best])
        left = spread.loss_once(spread.reduced(both))
        if loss - left < gain[best]:
            gain[best] = loss - left
            if max(gain, key=worth) != best:
                continue
        del gain[best]
        plan.append(
            PlanItem(
                measures[best].measure,
                measures[best].on,
                alone[best],
                loss - left,
                _effort(measures[best]),
                to_confirm=unsaid[best],
            )
        )
        done, loss = both, left
    return tuple(plan)


def _candidates(system: System, mending: Mending, weakest: Iterable[str]) -> list[Measure]:
    """What the team could still do: measures planned or to decide, proofs to renew, and the catalogue for the weakest."""
    components = {c.id: c for c in system.components}
    wanted: set[tuple[str, tuple[str, ...], ProofState | None]] = set()
    for m in system.measures:
        kind = catalogue.measures().get(m.measure)
        on = tuple(sorted({c for c in m.on if kind is None or team_can_set(kind, components[c])}))
        gone = m.status is MeasureStatus.DONE and catalogue.proof_weight(m.proof) < 1
        if on and (gone or m.status not in SETTLED):
            to_show = m.status is MeasureStatus.DONE and m.proof in _TO_SHOW
            wanted.add((m.measure, on, m.proof if to_show else None))
    spoken_of = {(m.measure, c) for m in system.measures for c in m.on}
    for component in weakest:
        wanted |= {
            (kind.id, (component,), None)
            for kind in catalogue.measures().values()
            if (kind.mends_flaws or (kind.id, component) not in spoken_of)
            and mending.to_mend(kind, component, unsaid=True)
        }
    return [
        Measure(measure, on, MeasureStatus.DONE, proof=proof)
        for measure, on, proof in sorted(wanted, key=lambda w: (w[0], w[1], w[2] or ""))
    ]


def _combined(a: Factors, b: Factors) -> Factors:
    return {key: a.get(key, 1.0) * b.get(key, 1.0) for key in {**a, **b}}


def _effort(measure: Measure) -> int:
    if measure.proof is not None:
        return _PROOF_EFFORT
    known = catalogue.measures().get(measure.measure)
    return known.effort if known else _UNKNOWN_EFFORT
