"""The ranking of weak points: a System in, an Assessment out. Model and sources: docs/ranking.md."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from risk_models import catalogue
from risk_models.assessment import (
    Assessment,
    AssetRisk,
    AssumedPart,
    ChokePoint,
    ComponentRisk,
    GraveNeed,
    NeedWeakPoint,
    Outlook,
    Warning,
    WeakPoint,
)
from risk_models.ranking.action_plan import action_plan
from risk_models.ranking.assumed_parts import assumed_id, assumed_kind, assumed_kinds, reaches_of
from risk_models.ranking.attack_graph import AttackGraph, Node, attack_graph
from risk_models.ranking.chances import effective_exposure
from risk_models.ranking.explanation import Explainer
from risk_models.ranking.facts import doubtful_facts, linked_components
from risk_models.ranking.findings import find_findings
from risk_models.ranking.knowledge import held_measures
from risk_models.ranking.mending import Mending
from risk_models.ranking.propagation import Closing, Spread
from risk_models.ranking.single_points import count_dependents, single_points_of_failure
from risk_models.scales import (
    CLAIMED,
    STILL_TO_DO,
    VERSIONLESS,
    Hosting,
    MeasureStatus,
    Need,
    Severity,
    View,
)
from risk_models.system import System


@lru_cache(maxsize=256)
def assess(system: System, view: View) -> Assessment:
    """See `risk_models.assess`, which is the door; results are kept for the systems last seen."""
    graph = attack_graph(system, view)
    spread = Spread(graph, loss_weights(system))
    target = spread
    if view is not View.TARGET and any(m.status in _CHANGING[view] for m in system.measures):
        target = Spread(attack_graph(system, View.TARGET), loss_weights(system))
    mending = Mending(system, view)
    mended = measure_mended(spread, mending, (c.id for c in system.components))
    explainer = Explainer(system, graph, mending)
    weak = _weak_points(system, explainer, mended, spread.loss)
    return Assessment(
        model=catalogue.model().version,
        worlds=spread.worlds,
        view=view,
        product=system.product.id,
        loss=spread.loss,
        residual_loss=target.loss,
        components=_components(system, spread),
        assets=asset_risks(system, spread),
        residual_assets=asset_risks(system, target),
        weak_points=weak,
        choke_points=_choke_points(system, spread),
        single_points_of_failure=single_points_of_failure(system),
        action_plan=action_plan(system, spread, mending, [w.component for w in weak if w.loss_avoided]),
        findings=find_findings(system),
        warnings=_warnings(system, graph),
        grave_needs=_grave_needs(system, explainer, mended),
        assumed=_assumed(system, spread),
    )


@lru_cache(maxsize=256)
def assess_views(system: System) -> dict[View, Outlook]:
    """The three views side by side: no measure, those in place, and also those planned."""
    found: dict[View, Outlook] = {}
    by_measures: dict[tuple[tuple[tuple[str, str], float], ...], Outlook] = {}
    for view in View:
        counting = tuple(sorted(held_measures(system, view).items()))
        if counting not in by_measures:
            spread = Spread(attack_graph(system, view), loss_weights(system))
            by_measures[counting] = Outlook(spread.loss, asset_risks(system, spread))
        found[view] = by_measures[counting]
    return found


def expected_loss(system: System, view: View = View.CURRENT) -> float:
    """Points a year that `system` may expect to lose: the same figure as its assessment's, alone."""
    return Spread(attack_graph(system, view), loss_weights(system)).loss


# Measures that count in the target and not, or not fully, in a view; a shield that a link draws always counts.
_CHANGING = {
    View.RAW: CLAIMED | STILL_TO_DO,
    View.CURRENT: frozenset({MeasureStatus.PLANNED}),
}


def measure_effort(system: System) -> int:
    """How much work the ranking of `system` asks, to choose where it is made: components, times its links and the ways in
    which each place of an asset is reached.

    Time grows with it, less than in proportion: measured, 10,000 took 0.2 s of a processor, 40,000 some 0.7 s.
    """
    reached = Counter(link.target for link in system.links)
    places = sum(1 + reached[place] for asset in system.assets for place in asset.lives_in)
    return len(system.components) * (len(system.links) + places)


def loss_weights(system: System) -> dict[Node, int]:
    """By "lost" node, what its loss weighs in points."""
    return {("lost", a.id, need): catalogue.loss_weight(a.severity(need)) for a in system.assets for need in Need}


@dataclass(frozen=True, slots=True)
class Mended:
    """Loss avoided were what is known to lack on a component mended, and were all that the team has in hand there.

    `by_need`: the same two, of each need that either spares.
    """

    lacking: float
    whole: float
    by_need: Mapping[Node, tuple[float, float]]


def rank_components(mended: Mapping[str, Mended]) -> list[str]:
    """Components by what mending what is known to lack avoids, greatest first, then by the whole, then by id."""
    return sorted(mended, key=lambda c: (-mended[c].lacking, -mended[c].whole, c))


def measure_mended(spread: Spread, mending: Mending, components: Iterable[str]) -> dict[str, Mended]:
    """What mending each of `components` avoids; each question is asked of the graph once."""
    ids = list(components)
    asked: dict[frozenset[tuple[tuple[str, str], float]], int] = {}
    closings: list[Closing] = []
    places: list[tuple[int, int]] = []
    for c in ids:
        place = []
        for unsaid in (False, True):
            factors = mending.of_component(c, unsaid=unsaid)
            key = frozenset(factors.items())
            if key not in asked:
                asked[key] = len(closings)
                closings.append(spread.reduced(factors))
            place.append(asked[key])
        places.append((place[0], place[1]))
    answers, nodes = spread.without_by_need(closings), spread.weighted
    return {
        c: Mended(
            math.fsum(answers[known]),
            math.fsum(answers[whole]),
            {n: (a, b) for n, a, b in zip(nodes, answers[known], answers[whole], strict=True) if a or b},
        )
        for c, (known, whole) in zip(ids, places, strict=True)
    }


def asset_risks(system: System, spread: Spread) -> tuple[AssetRisk, ...]:
    """The risk on each need of each asset, heaviest first."""
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


def _components(system: System, spread: Spread) -> tuple[ComponentRisk, ...]:
    reaching = count_dependents(system)
    risks = []
    for c in system.components:
        likelihood = spread.likelihood(("taken", c.id))
        risks.append(ComponentRisk(c.id, likelihood, catalogue.likelihood_level(likelihood), reaching[c.id]))
    return tuple(sorted(risks, key=lambda r: (-r.likelihood, r.id)))


def _choke_points(system: System, spread: Spread) -> tuple[ChokePoint, ...]:
    """Greatest loss avoided first, then by id."""
    ids = [c.id for c in system.components]
    avoided = spread.without([spread.unbreakable(c) for c in ids])
    found = [ChokePoint(c, loss) for c, loss in zip(ids, avoided, strict=True)]
    return tuple(sorted(found, key=lambda p: (-p.loss_avoided, p.component)))


def _assumed(system: System, spread: Spread) -> tuple[AssumedPart, ...]:
    """What weighs most first, then in the order of the kinds; those that reach nothing are left out."""
    exposure, rates = effective_exposure(system), catalogue.rates()
    reached = {
        kind: tuple(r.target for r in reaches_of(system, kind, exposure, rates) if assumed_kind(r.target) is None)
        for kind in assumed_kinds(system)
    }
    losses = spread.without([spread.unbreakable(assumed_id(kind)) for kind in reached])
    found = [AssumedPart(k, there, loss) for (k, there), loss in zip(reached.items(), losses, strict=True)]
    return tuple(sorted((p for p in found if p.reaches or p.loss), key=lambda p: -p.loss))


def harden_each(system: System, view: View) -> dict[str, float]:
    """By component, the loss avoided were all its own weaknesses closed, whoever has them in hand."""
    spread = Spread(attack_graph(system, view), loss_weights(system))
    ids = [c.id for c in system.components]
    return dict(zip(ids, spread.without([spread.hardened(c) for c in ids]), strict=True))


def _weak_points(
    system: System, explainer: Explainer, mended: Mapping[str, Mended], loss: float
) -> tuple[WeakPoint, ...]:
    components = {c.id: c for c in system.components}
    return tuple(
        WeakPoint(
            rank=rank,
            component=c,
            loss_avoided=mended[c].whole,
            share=mended[c].whole / loss if loss else 0.0,
            reasons=explainer.reasons(components[c]),
            path=explainer.path_through(c) if mended[c].whole else None,
            lacking=mended[c].lacking,
        )
        for rank, c in enumerate(rank_components(mended), start=1)
    )


# How many weak points are told of each feared event, and how many ways.
_WEAKEST, _WAYS = 3, 2


def _grave_needs(system: System, explainer: Explainer, mended: Mapping[str, Mended]) -> tuple[GraveNeed, ...]:
    """The needs of G3 and G4, gravest first, then in their order."""
    found = []
    for asset in system.assets:
        for need in Need:
            if asset.severity(need) >= Severity.SERIOUS:
                node = ("lost", asset.id, need)
                of = {c: m.by_need[node] for c, m in mended.items() if node in m.by_need}
                weakest = sorted(of, key=lambda c: (-of[c][0], -of[c][1], c))[:_WEAKEST]
                weak = tuple(NeedWeakPoint(c, of[c][1], of[c][0]) for c in weakest)
                paths = explainer.paths_to(asset.id, need, _WAYS)
                found.append(GraveNeed(asset.id, need, asset.severity(need), weak, paths))
    return tuple(sorted(found, key=lambda e: -e.severity))


def _warnings(system: System, graph: AttackGraph) -> tuple[Warning, ...]:
    """What makes the figures less sure than they look: facts assumed or missing, measures that do nothing."""
    linked = linked_components(system)
    acted_on = {key for step in graph.steps for key in step.reduced_by}
    found = []
    for c in system.components:
        found += [Warning(f"{f}_assumed", c.id, getattr(c, f).value) for f in c.assumed if f != "name"]
        if not c.version and c.hosting is not Hosting.SAAS and c.kind not in VERSIONLESS:
            found.append(Warning("no_version", c.id))
        if len(system.components) > 1 and c.id not in linked:
            found.append(Warning("not_linked", c.id))
        if c.sbom and c.libraries is None:
            found.append(Warning("sbom_not_read", c.id))
    components = {c.id: c for c in system.components}
    for m in system.measures:
        known = catalogue.measures().get(m.measure)
        if known is None:
            found += [Warning("unknown_measure", c, m.measure) for c in m.on or (m.measure,)]
        elif not known.organisational:
            found += [
                Warning("measure_without_effect", c, m.measure)
                for c in m.on
                if not known.applies_to(components[c].kind)
                and acted_on.isdisjoint((c, step) for effect in known.effects for step in effect.steps)
            ]
            found += [Warning("measure_nowhere", m.measure, m.measure)] if not m.on and m.status in _COUNTED else []
        if m.status in _COUNTED and catalogue.proof_weight(m.proof) < 1:
            found += [Warning("proof_lost", c, m.measure) for c in m.on]
    found += [Warning(code, c.id, measure) for code, c, measure in doubtful_facts(system)]
    found += [Warning("asset_nowhere", a.id) for a in system.assets if not a.lives_in]
    return tuple(found)


_COUNTED = CLAIMED | STILL_TO_DO
