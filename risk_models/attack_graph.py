"""From a System to the graph of attack steps: `u → v` means "who controls u can try v".

Nodes are tuples: ("source", threat), ("taken", component), ("down", component), ("lost", asset, need).
Each edge is one Step with its own probability; nodes add nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import networkx as nx

from risk_models import catalogue
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, MeasureStatus, Need, View
from risk_models.system import Component, Link, System

Node = tuple[str, ...]

THREATS = ("internet", "credentials", "phishing", "supply", "insider", "physical", "flood")
# What a hardened component no longer allows: entry from a threat, and misuse through these links.
MISUSE = frozenset({"calls", "reads", "writes"})
_OPENNESS = {Exposure.INTERNAL: 0, Exposure.AUTHENTICATED: 1, Exposure.INTERNET: 2}


@dataclass(frozen=True, slots=True)
class Step:
    """One try. `kind` is "entry", "down", "loss" or a link kind; `probability` is for one year.

    `reduced_by` names what lowers it: measures placed on this component that act on this effect.
    """

    source: Node
    target: Node
    kind: str
    probability: float
    reduced_by: tuple[str, str] | None = None

    @property
    def identity(self) -> str:
        return "|".join((*self.source, self.kind, *self.target))

    @property
    def exploits(self) -> bool:
        """Whether the step exploits its target's own weakness (see docs/ranking.md, "hardened")."""
        return self.kind == "entry" or self.kind in MISUSE


def attack_graph(system: System, view: View) -> "nx.DiGraph[Node]":
    """The graph of `system` with the measures that count in `view`; each edge has its `Step` as "step".

    Two steps between the same nodes are both kept: their probabilities are those of independent tries.
    """
    graph: nx.DiGraph[Node] = nx.DiGraph()
    graph.add_nodes_from(("source", t) for t in THREATS)
    graph.add_nodes_from(("taken", c.id) for c in system.components)
    reductions = _Reductions(system, view)
    for step in _steps(system, reductions):
        if step.probability <= 0:
            continue
        if graph.has_edge(step.source, step.target):
            graph.edges[step.source, step.target]["steps"].append(step)
        else:
            graph.add_edge(step.source, step.target, steps=[step])
    return graph


def _steps(system: System, reductions: "_Reductions") -> Iterator[Step]:
    components = {c.id: c for c in system.components}
    exposure = effective_exposure(system)
    for c in system.components:
        yield from _entries(system, c, exposure[c.id], reductions)
    for link in sorted(set(system.links), key=lambda k: (k.source, k.target, k.kind)):
        yield from _moves(link, components, reductions)
    yield from _losses(system, exposure, reductions)


def effective_exposure(system: System) -> dict[str, Exposure]:
    """Each component's exposure; a library is as exposed as the most exposed of what embeds it."""
    exposure = {c.id: c.exposure for c in system.components}
    libraries = {c.id for c in system.components if c.kind is ComponentKind.LIBRARY}
    embeds = [k for k in system.links if k.kind is LinkKind.EMBEDS and k.target in libraries]
    changed = True
    while changed:
        changed = False
        for link in embeds:
            if _OPENNESS[exposure[link.source]] > _OPENNESS[exposure[link.target]]:
                exposure[link.target] = exposure[link.source]
                changed = True
    return exposure


def _tier(c: Component) -> str:
    return {Hosting.SAAS: "saas", Hosting.PAAS: "paas"}.get(c.hosting, "self_hosted")


def flaw_probability(c: Component) -> float:
    """Probability that a known flaw of `c` is exploited in a year: 1 − ∏(1 − EPSS), with KEV's floor."""
    rates = catalogue.probabilities().internet
    none = 1.0
    for v in c.vulnerabilities:
        epss = v.epss if v.epss is not None else rates.epss_unknown
        none *= 1 - max(epss, rates.kev_floor if v.kev else 0.0)
    return 1 - none


def past_end_of_life(system: System, c: Component) -> bool:
    return bool(c.eol and c.eol.date and system.as_of and c.eol.date < system.as_of)


def _entries(system: System, c: Component, exposure: Exposure, reductions: "_Reductions") -> Iterator[Step]:
    p = catalogue.probabilities()
    taken = ("taken", c.id)
    rates: dict[str, float] = {
        "internet": _internet(system, c, exposure),
        "credentials": p.credentials.get(c.kind, 0.0) if exposure is not Exposure.INTERNAL else 0.0,
        "phishing": p.phishing.get(c.kind, 0.0),
        "supply": max(p.supply.get(c.kind, 0.0), p.supply_saas if c.hosting is Hosting.SAAS else 0.0),
        "insider": p.insider.get(c.kind, 0.0),
        "physical": max(p.physical.get(c.kind, 0.0), p.physical_on_premise if c.hosting is Hosting.ON_PREMISE else 0.0),
    }
    for threat, rate in rates.items():
        yield Step(("source", threat), taken, "entry", rate * reductions.kept(c.id, threat), (c.id, threat))
    if exposure is not Exposure.INTERNAL and c.kind is not ComponentKind.LIBRARY:
        flood = p.flood[_tier(c)] * reductions.kept(c.id, "flood")
        yield Step(("source", "flood"), ("down", c.id), "entry", flood, (c.id, "flood"))


def _internet(system: System, c: Component, exposure: Exposure) -> float:
    if exposure is Exposure.INTERNAL:
        return 0.0
    p = catalogue.probabilities().internet
    base = 0.0 if c.kind is ComponentKind.LIBRARY else p.rates[_tier(c)]
    if c.kind in p.targeted_kinds:
        base *= p.targeted_factor
    aged = p.end_of_life if past_end_of_life(system, c) else 0.0
    rate = 1 - (1 - base) * (1 - aged) * (1 - flaw_probability(c))
    return rate * (p.authenticated_factor if exposure is Exposure.AUTHENTICATED else 1.0)


def _moves(link: Link, components: dict[str, Component], reductions: "_Reductions") -> Iterator[Step]:
    rate = catalogue.probabilities().steps[link.kind]
    source, target = ("taken", link.source), ("taken", link.target)

    def with_flaws(rate: float, of: str) -> float:
        flaw = flaw_probability(components[of]) if link.kind in MISUSE else 0.0
        return 1 - (1 - rate) * (1 - flaw)

    into_target, into_source = (link.target, link.kind.value), (link.source, link.kind.value)
    forward = with_flaws(rate.forward, link.target) * reductions.kept(*into_target)
    yield Step(source, target, link.kind, forward, into_target)
    yield Step(target, source, link.kind, rate.back * reductions.kept(*into_source), into_source)


def _losses(system: System, exposure: dict[str, Exposure], reductions: "_Reductions") -> Iterator[Step]:
    """Data is reached without control of its store: whoever reads it loses its confidentiality, and so on."""
    p = catalogue.probabilities().steps
    touching: dict[str, list[Link]] = defaultdict(list)
    for link in system.links:
        touching[link.target].append(link)
    for c in system.components:
        yield Step(("taken", c.id), ("down", c.id), "down", 1.0)
    for link in sorted(set(system.links), key=lambda k: (k.source, k.target)):
        if link.kind is LinkKind.RUNS_ON:
            yield Step(("down", link.target), ("down", link.source), "down", p["down"].forward)
    for asset in system.assets:
        for store in asset.lives_in:
            kept = reductions.kept(store, "data")
            for link in touching[store]:
                taken = ("taken", link.source)
                if link.kind in {LinkKind.READS, LinkKind.WRITES, LinkKind.ADMINISTERS}:
                    yield Step(taken, ("lost", asset.id, Need.CONFIDENTIALITY), f"loss:{store}:{link.kind}", 1.0)
                if link.kind in {LinkKind.WRITES, LinkKind.ADMINISTERS}:
                    yield Step(
                        taken, ("lost", asset.id, Need.INTEGRITY), f"loss:{store}:{link.kind}", kept, (store, "data")
                    )
            yield Step(("taken", store), ("lost", asset.id, Need.CONFIDENTIALITY), f"loss:{store}", 1.0)
            yield Step(("taken", store), ("lost", asset.id, Need.INTEGRITY), f"loss:{store}", kept, (store, "data"))
            yield Step(("down", store), ("lost", asset.id, Need.AVAILABILITY), f"loss:{store}", kept, (store, "data"))
            for door in sorted(doors(system, store, exposure)):
                yield Step(
                    ("down", door), ("lost", asset.id, Need.AVAILABILITY), f"loss:{store}:door", p["door_down"].forward
                )


def doors(system: System, store: str, exposure: dict[str, Exposure]) -> set[str]:
    """Exposed components from which people reach `store` over calls, reads and writes."""
    uses: dict[str, list[str]] = defaultdict(list)
    for link in system.links:
        if link.kind in MISUSE:
            uses[link.target].append(link.source)
    found, pending = set(), [store]
    while pending:
        node = pending.pop()
        for source in uses[node]:
            if source not in found:
                found.add(source)
                pending.append(source)
    return {c for c in found if exposure[c] is not Exposure.INTERNAL and c != store}


class _Reductions:
    """What is left of a step's probability once the measures of a view act on it."""

    def __init__(self, system: System, view: View) -> None:
        self._kept: dict[tuple[str, str], float] = {}
        strongest: dict[tuple[str, str], float] = {}
        for measure, component, weight in in_place(system, view):
            key = (measure, component)
            strongest[key] = max(weight, strongest.get(key, 0.0))
        kinds = {c.id: c.kind for c in system.components}
        for (measure_id, component), weight in sorted(strongest.items()):
            kind = catalogue.measures().get(measure_id)
            if kind is None or not kind.applies_to(kinds[component]):
                continue
            for effect in kind.effects:
                for step in effect.steps:
                    kept = self._kept.get((component, step), 1.0)
                    self._kept[component, step] = kept * (1 - effect.effectiveness * weight)

    def kept(self, component: str, step: str) -> float:
        return self._kept.get((component, step), 1.0)


def in_place(system: System, view: View) -> Iterable[tuple[str, str, float]]:
    """(measure, component, weight) that count in `view`; a partial measure counts for half."""
    if view is View.RAW:
        return []
    weights = {MeasureStatus.DONE: 1.0, MeasureStatus.PARTIAL: 0.5}
    if view is View.TARGET:
        weights[MeasureStatus.PLANNED] = 1.0
    found = [(m.measure, c, weights[m.status]) for m in system.measures if m.status in weights for c in m.on]
    shields = {c.id for c in system.components if c.kind in {ComponentKind.WAF, ComponentKind.CDN}}
    found += [("waf", k.source, 1.0) for k in system.links if k.kind is LinkKind.PROTECTED_BY and k.target in shields]
    return found


def probability(steps: list[Step]) -> float:
    """Probability that at least one of several independent steps between two nodes is open."""
    return 1 - reduce(lambda none, s: none * (1 - s.probability), steps, 1.0)
