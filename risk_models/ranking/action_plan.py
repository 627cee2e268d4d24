"""What to do first: each measure's loss avoided alone, then in the best order."""

from collections.abc import Iterable, Mapping, Sequence

from risk_models import catalogue
from risk_models.assessment import PlanItem
from risk_models.ranking.attack_graph import in_place
from risk_models.ranking.propagation import Spread
from risk_models.scales import MeasureStatus, ProofState, View
from risk_models.system import Measure, System

# Measures are proposed for this many of the first weak points; those that a team already thinks of are always there.
_PROPOSED_FOR = 5
_MOST = 10
_UNKNOWN_EFFORT = 3
_PROOF_EFFORT = 1  # what is in place already is only shown again; what is gone must be done again
_TO_SHOW = frozenset({ProofState.STALE, ProofState.ABSENT, ProofState.UNREADABLE})

Factors = Mapping[tuple[str, str], float]


def action_plan(system: System, spread: Spread, weakest: Sequence[str]) -> tuple[PlanItem, ...]:
    """At most `_MOST` measures not yet in place, each time the one that avoids most for its effort.

    `weakest`: components, weakest first. Measures that avoid nothing alone are left out. The order is the
    accelerated greedy one (Minoux, 1978): a measure's figure is looked at again when its turn comes.
    """
    measures = _candidates(system, weakest[:_PROPOSED_FOR])
    acting = [_factors(system, m) for m in measures]
    alone = spread.without([spread.reduced(factors) for factors in acting])
    gain = {n: avoided for n, avoided in enumerate(alone) if avoided > 0}
    done: Factors = {}
    loss = spread.loss
    plan: list[PlanItem] = []

    def worth(number: int) -> tuple[float, str, tuple[str, ...]]:
        measure = measures[number]
        return gain[number] / _effort(measure), measure.measure, measure.on

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
            PlanItem(measures[best].measure, measures[best].on, alone[best], loss - left, _effort(measures[best]))
        )
        done, loss = both, left
    return tuple(plan)


def _candidates(system: System, weakest: Iterable[str]) -> list[Measure]:
    """What could still be done: measures planned or to decide, proofs to renew, and the catalogue for the weakest."""
    closed = {MeasureStatus.DONE, MeasureStatus.NOT_APPLICABLE}
    decided = {(m.measure, c) for m in system.measures for c in m.on}
    decided |= {(measure, c) for measure, c, _ in in_place(system, View.CURRENT)}
    kinds = {c.id: c.kind for c in system.components}
    mendable = {c.id for c in system.components if any(v.fixed_in for v in c.vulnerabilities)}
    wanted = [
        (
            m.measure,
            tuple(sorted(set(m.on))),
            m.proof if m.status is MeasureStatus.DONE and m.proof in _TO_SHOW else None,
        )
        for m in system.measures
        if m.on and (m.status not in closed or (m.status is MeasureStatus.DONE and catalogue.proof_weight(m.proof) < 1))
    ]
    for component in weakest:
        wanted += [
            (m.id, (component,), None)
            for m in catalogue.measures().values()
            if m.applies_to(kinds[component])
            and (m.id, component) not in decided
            and (component in mendable or not m.mends_flaws)
        ]
    return [
        Measure(measure, on, MeasureStatus.DONE, proof=proof)
        for measure, on, proof in sorted(set(wanted), key=lambda w: (w[0], w[1], w[2] or ""))
    ]


def _factors(system: System, measure: Measure) -> Factors:
    """By (component, effect), what putting `measure` fully in place multiplies, beside what it does there already."""
    kind = catalogue.measures().get(measure.measure)
    if kind is None:
        return {}
    effectiveness = catalogue.rates().effectiveness
    kinds = {c.id: c.kind for c in system.components}
    weights: dict[str, float] = {}
    for known, component, weight in in_place(system, View.CURRENT):
        if known == measure.measure:
            weights[component] = max(weight, weights.get(component, 0.0))
    found: dict[tuple[str, str], float] = {}
    for component in measure.on:
        for effect in kind.effects if kind.applies_to(kinds[component]) else ():
            full = effectiveness[effect.figure]
            already = weights.get(component, 0.0)
            left = 1.0 if already == 1.0 else (1 - full) / (1 - full * already)
            for step in effect.steps:
                found[component, step] = found.get((component, step), 1.0) * left
    return found


def _combined(a: Factors, b: Factors) -> Factors:
    return {key: a.get(key, 1.0) * b.get(key, 1.0) for key in {**a, **b}}


def _effort(measure: Measure) -> int:
    if measure.proof is not None:
        return _PROOF_EFFORT
    known = catalogue.measures().get(measure.measure)
    return known.effort if known else _UNKNOWN_EFFORT
