"""The ranking of weak points: a System in, an Assessment out. Model and sources: docs/ranking.md."""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain

import networkx as nx

from risk_models import catalogue
from risk_models.assessment import (
    Assessment,
    AssetRisk,
    ChokePoint,
    ComponentRisk,
    PlanItem,
    SinglePointOfFailure,
    Warning,
    WeakPoint,
)
from risk_models.attack_graph import MISUSE, attack_graph, doors, effective_exposure, in_place
from risk_models.explanation import Explainer
from risk_models.propagation import Spread
from risk_models.scales import ComponentKind, Exposure, LinkKind, MeasureStatus, Need, View
from risk_models.system import Measure, System

# How many of the first weak points the plan proposes measures for; those already planned are always in it.
_PLANNED_FOR = 5
_IN_ORDER = 12


@lru_cache(maxsize=256)
def assess(system: System, view: View) -> Assessment:
    """See `risk_models.assess`, which is the door; results are kept for the systems last seen."""
    spread = Spread(attack_graph(system, view))
    loss = _loss(system, spread)
    target = Spread(attack_graph(system, View.TARGET))
    weak = _weak_points(system, view, spread, loss)
    return Assessment(
        model=catalogue.probabilities().model,
        worlds=spread.worlds,
        view=view,
        product=system.product.id,
        loss=loss,
        residual_loss=_loss(system, target),
        components=_components(system, spread),
        assets=_assets(system, spread),
        residual_assets=_assets(system, target),
        weak_points=weak,
        choke_points=_choke_points(system, spread, loss),
        single_points_of_failure=_single_points_of_failure(system),
        action_plan=_action_plan(system, spread, weak, loss),
        warnings=_warnings(system),
    )


def _assets(system: System, spread: Spread) -> tuple[AssetRisk, ...]:
    risks = []
    for asset in system.assets:
        for need in Need:
            severity = asset.severity(need)
            likelihood = spread.likelihood(("lost", asset.id, need))
            level = catalogue.likelihood_level(likelihood)
            risks.append(
                AssetRisk(
                    id=asset.id,
                    need=need,
                    severity=severity,
                    likelihood=likelihood,
                    level=level,
                    risk=catalogue.risk_level(severity, level),
                    loss=catalogue.loss_weight(severity) * likelihood,
                )
            )
    return tuple(sorted(risks, key=lambda r: (-r.loss, r.id, r.need)))


def _loss(system: System, spread: Spread, reached: list[int] | None = None) -> float:
    """Expected loss in points a year; `reached` is another spread over the same graph."""
    return sum(
        catalogue.loss_weight(asset.severity(need)) * spread.likelihood(("lost", asset.id, need), reached)
        for asset in system.assets
        for need in Need
    )


def _components(system: System, spread: Spread) -> tuple[ComponentRisk, ...]:
    links: nx.DiGraph[str] = nx.DiGraph((k.source, k.target) for k in system.links)
    risks = []
    for c in system.components:
        likelihood = spread.likelihood(("taken", c.id))
        dependents = len(nx.ancestors(links, c.id)) if c.id in links else 0
        risks.append(ComponentRisk(c.id, likelihood, catalogue.likelihood_level(likelihood), dependents))
    return tuple(sorted(risks, key=lambda r: (-r.likelihood, r.id)))


def _weak_points(system: System, view: View, spread: Spread, loss: float) -> tuple[WeakPoint, ...]:
    avoided = {c.id: loss - _loss(system, spread, spread.hardened(c.id)) for c in system.components}
    explainer = Explainer(system, view)
    order = sorted(system.components, key=lambda c: (-avoided[c.id], c.id))
    return tuple(
        WeakPoint(
            rank=rank,
            component=c.id,
            loss_avoided=avoided[c.id],
            share=avoided[c.id] / loss if loss else 0.0,
            reasons=explainer.reasons(c),
            path=explainer.path_through(c.id) if avoided[c.id] else None,
        )
        for rank, c in enumerate(order, start=1)
    )


def _choke_points(system: System, spread: Spread, loss: float) -> tuple[ChokePoint, ...]:
    avoided = {c.id: loss - _loss(system, spread, spread.unbreakable(c.id)) for c in system.components}
    return tuple(ChokePoint(c, avoided[c]) for c in sorted(avoided, key=lambda c: (-avoided[c], c)))


def _single_points_of_failure(system: System) -> tuple[SinglePointOfFailure, ...]:
    """Components whose stop takes an asset from everybody: dominators from users to the asset, and their hosts."""
    exposure = effective_exposure(system)
    stopped: dict[str, list[str]] = {c.id: [] for c in system.components}
    for asset in system.assets:
        functional: nx.DiGraph[str] = nx.DiGraph()
        functional.add_edges_from((k.source, k.target) for k in system.links if k.kind in MISUSE)
        users, goal = "\x00users", "\x00asset"
        for store in asset.lives_in:
            functional.add_edge(store, goal)
            entrances = doors(system, store, exposure)
            if exposure[store] is not Exposure.INTERNAL or not entrances:
                entrances = entrances | {store}
            functional.add_edges_from((users, door) for door in entrances)
        if goal not in functional:
            continue
        dominators = nx.immediate_dominators(functional, users)
        node, single = dominators.get(goal), set()
        while node is not None and node != users:
            single.add(node)
            node = dominators[node]
        for component in _with_hosts(system, single):
            stopped[component].append(asset.id)
    found = [SinglePointOfFailure(c, tuple(sorted(assets))) for c, assets in stopped.items() if assets]
    return tuple(sorted(found, key=lambda s: (-len(s.assets), s.component)))


def _with_hosts(system: System, components: set[str]) -> set[str]:
    """`components` and what they run on, directly or not."""
    hosts: nx.DiGraph[str] = nx.DiGraph()
    hosts.add_edges_from((k.source, k.target) for k in system.links if k.kind is LinkKind.RUNS_ON)
    return components.union(*(nx.descendants(hosts, c) for c in components if c in hosts))


def _action_plan(system: System, spread: Spread, weak: tuple[WeakPoint, ...], loss: float) -> tuple[PlanItem, ...]:
    """Measures not yet in place, in the best order: each time the greatest gain for its effort.

    The first `_IN_ORDER` are looked for; measures that would avoid nothing are left out.
    """
    candidates = _candidates(system, [w.component for w in weak[:_PLANNED_FOR] if w.loss_avoided])
    factors: dict[tuple[str, str], float] = {}

    def loss_with(measure: Measure) -> float:
        return _loss(system, spread, spread.reduced(_combined(factors, _factors(system, measure))))

    alone = {m: loss - loss_with(m) for m in candidates}
    gain, reached = {m: g for m, g in alone.items() if g > 0}, loss
    plan: list[PlanItem] = []
    while gain and len(plan) < _IN_ORDER:
        best = max(gain, key=lambda m: (gain[m] / _effort(m), m.measure, m.on))
        fresh = reached - loss_with(best)
        if fresh < gain[best] and any(fresh / _effort(best) < g / _effort(m) for m, g in gain.items() if m != best):
            gain[best] = fresh  # the gain shrank since it was computed: look again at what is best
            continue
        del gain[best]
        factors, reached = _combined(factors, _factors(system, best)), reached - fresh
        plan.append(PlanItem(best.measure, best.on, alone[best], fresh, _effort(best)))
    return tuple(plan)


def _factors(system: System, measure: Measure) -> dict[tuple[str, str], float]:
    """By (component, effect), what putting `measure` fully in place multiplies; a partial one did half already."""
    kind = catalogue.measures().get(measure.measure)
    partial = {
        c for m in system.measures if m.measure == measure.measure and m.status is MeasureStatus.PARTIAL for c in m.on
    }
    found: dict[tuple[str, str], float] = {}
    for component in measure.on:
        if kind is None or not kind.applies_to(system.component(component).kind):
            continue
        for effect in kind.effects:
            done = effect.effectiveness / 2 if component in partial else 0.0
            for step in effect.steps:
                key = (component, step)
                found[key] = found.get(key, 1.0) * (1 - effect.effectiveness) / (1 - done)
    return found


def _combined(a: Mapping[tuple[str, str], float], b: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    return {key: a.get(key, 1.0) * b.get(key, 1.0) for key in {*a, *b}}


def _effort(measure: Measure) -> int:
    known = catalogue.measures().get(measure.measure)
    return known.effort if known else 3


def _candidates(system: System, weakest: list[str]) -> list[Measure]:
    """What could still be done: measures planned or to decide, and those of the catalogue for the weakest."""
    closed = {MeasureStatus.DONE, MeasureStatus.NOT_APPLICABLE}
    decided = {(m.measure, c) for m in system.measures for c in m.on}
    decided |= {(measure, c) for measure, c, _ in in_place(system, View.CURRENT)}
    wanted = [(m.measure, tuple(sorted(m.on))) for m in system.measures if m.status not in closed and m.on]
    for component in weakest:
        kind = system.component(component).kind
        wanted += [
            (m.id, (component,))
            for m in catalogue.measures().values()
            if m.applies_to(kind) and (m.id, component) not in decided
        ]
    return [Measure(measure, on, MeasureStatus.DONE) for measure, on in sorted(set(wanted))]


def _warnings(system: System) -> tuple[Warning, ...]:
    linked = Counter(chain.from_iterable((k.source, k.target) for k in system.links))
    found = []
    for c in system.components:
        if (
            not c.version
            and c.hosting.value != "saas"
            and c.kind not in {ComponentKind.HOST, ComponentKind.WORKSTATION}
        ):
            found.append(Warning("no_version", c.id))
        if len(system.components) > 1 and not linked[c.id]:
            found.append(Warning("not_linked", c.id))
    kinds = {c.id: c.kind for c in system.components}
    for m in system.measures:
        known = catalogue.measures().get(m.measure)
        if known and not known.organisational:
            found += [Warning("measure_without_effect", c) for c in m.on if not known.applies_to(kinds[c])]
    found += [Warning("asset_nowhere", a.id) for a in system.assets if not a.lives_in]
    return tuple(found)
