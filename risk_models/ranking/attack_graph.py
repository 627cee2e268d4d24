"""From a System to the graph of attack steps: `u → v` means "who controls u can try v".

Nodes are tuples: ("source", threat), ("source", "leak", component) for the secrets it holds, ("heard", component) when what strangers send reaches it, ("taken", component),
("down", component), ("shut", component) when a front door that stopped keeps its users out, ("cut", component) when
what they reached behind it is lost to them, and ("lost", asset, need).
Each edge is one Step with its own probability; nodes add nothing.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from risk_models import catalogue
from risk_models.catalogue import Rates
from risk_models.ranking.assumed_parts import assumed_kinds, reaches_of, usual_part
from risk_models.ranking.chances import (
    SCRIPTS,
    access_share,
    effective_exposure,
    entry_chances,
    flaw_probability,
    hosting_tier,
    past_end_of_life,
    state_factor,
    way_ahead,
    way_back,
)
from risk_models.ranking.keys import key_steps
from risk_models.ranking.knowledge import acts_on, change_by, held_measures, share_held
from risk_models.scales import LIBRARIES, Exposure, LinkKind, Need, View
from risk_models.system import Component, System

Node = tuple[str, ...]

# A state leads only to itself and to those after it.
STATES = ("heard", "taken", "down", "shut", "cut", "lost")
THREATS = ("internet", "credentials", "phishing", "supply", "insider", "physical", "leak", "flood")
# What a hardened component no longer allows: entry from a threat, and misuse through these links.
MISUSE = frozenset({"calls", "reads", "writes"})
_SEES = frozenset({"reads", "writes", "administers"})
_CHANGES = frozenset({"writes", "administers"})


@dataclass(frozen=True, slots=True)
class AttackStep:
    """One try. `kind` is "entry", "flaw", "relay", "scripts", "called_scripts", "builds_from", "resets", "diverts",
    "secrets", "said_resets", "down", "loss" or a link kind; "assumed_…" from a part that nobody described.

    `chance` is for one year, and above 1 where so much lacks that mending a part of it leaves the step sure.
    `reduced_by` names what lowers it: measures placed on each component that act on its effect. `through`: the
    component between its ends, where there is one.
    """

    source: Node
    target: Node
    kind: str
    chance: float
    reduced_by: tuple[tuple[str, str], ...] = ()
    through: str | None = None

    @property
    def probability(self) -> float:
        return min(1.0, self.chance)

    @property
    def exploits(self) -> bool:
        """Whether the step exploits its target's own weakness (see docs/ranking.md, "hardened")."""
        return self.kind in {"entry", "flaw", "leak"} or self.kind in MISUSE


@dataclass(frozen=True, slots=True)
class AttackGraph:
    """Nodes, and the steps between them whose probability is above 0; threats are sources, reached everywhere."""

    nodes: tuple[Node, ...]
    steps: tuple[AttackStep, ...]


def attack_graph(system: System, view: View, rates: Rates | None = None) -> AttackGraph:
    """The graph of `system` with the measures that count in `view`; `rates` are the catalogue's unless given.

    Steps between the same nodes stand for independent tries.
    """
    rates = rates or catalogue.rates()
    links = sorted({(k.source, k.target, k.kind) for k in system.links})
    cuts = _Cuts(system, links)
    reductions = _Reductions(system, view, rates)
    steps = tuple(s for s in _steps(system, links, cuts, reductions, rates) if s.chance > 0)
    nodes: dict[Node, None] = dict.fromkeys(("source", t) for t in THREATS)
    nodes |= dict.fromkeys(("taken", c.id) for c in system.components)
    nodes |= dict.fromkeys(cuts.nodes())
    nodes |= dict.fromkeys(end for step in steps for end in (step.source, step.target))
    return AttackGraph(tuple(nodes), steps)


def _steps(
    system: System,
    links: Sequence[tuple[str, str, LinkKind]],
    cuts: "_Cuts",
    reductions: "_Reductions",
    rates: Rates,
) -> Iterator[AttackStep]:
    components = {c.id: c for c in system.components}
    exposure = effective_exposure(system)
    for c in system.components:
        yield from _entries(system, c, exposure[c.id], reductions, rates)
    flaws = {c.id: flaw_probability(c, rates) for c in system.components if c.vulnerabilities}
    for source, target, kind in links:
        yield from _moves(components[source], components[target], kind, flaws, reductions, rates)
    for step in key_steps(system, components, exposure, rates):
        yield _reduced(step.source, step.target, step.kind, step.chance, step.by, reductions, step.through)
    yield from _assumed(system, exposure, reductions, rates)
    yield from _heard(components, links, exposure, flaws, reductions, rates)
    yield from _through_libraries(components, links, flaws, reductions)
    yield from cuts.steps(exposure, rates)
    yield from _losses(system, links, cuts, reductions, rates)


def _entries(
    system: System, c: Component, exposure: Exposure, reductions: "_Reductions", p: Rates
) -> Iterator[AttackStep]:
    taken = ("taken", c.id)
    for threat, chance in entry_chances(c, exposure, p).items():
        if chance:
            yield _reduced(("source", threat), taken, "entry", chance, ((c.id, threat),), reductions)
    if past_end_of_life(system, c) and exposure is not Exposure.INTERNAL:
        by, old = ((c.id, "internet"), (c.id, "end_of_life")), p.internet.end_of_life
        yield _reduced(
            ("source", "internet"), taken, "entry", old * access_share(exposure, p) * state_factor(c, p), by, reductions
        )
    if exposure is not Exposure.INTERNAL and c.kind not in LIBRARIES:
        flood = p.flood[hosting_tier(c)]
        yield _reduced(("source", "flood"), ("down", c.id), "entry", flood, ((c.id, "flood"),), reductions)


def _reduced(
    source: Node,
    target: Node,
    kind: str,
    chance: float,
    by: tuple[tuple[str, str], ...],
    reductions: "_Reductions",
    through: str | None = None,
) -> AttackStep:
    """A step whose chance is what the measures that act on it leave."""
    for component, effect in by:
        chance *= reductions.kept(component, effect)
    return AttackStep(source, target, kind, chance, by, through)


def _moves(
    source: Component,
    target: Component,
    kind: LinkKind,
    flaws: Mapping[str, float],
    reductions: "_Reductions",
    rates: Rates,
) -> Iterator[AttackStep]:
    forward = rates.steps[way_ahead(source, kind)].forward
    here, there, ahead = ("taken", source.id), ("taken", target.id), (target.id, kind.value)
    yield _reduced(here, there, kind, forward, (ahead,), reductions)
    if kind in MISUSE and target.id in flaws:
        yield _reduced(here, there, kind, flaws[target.id], (ahead, (target.id, "flaws")), reductions)
    back = way_back(source, target, kind)
    by: tuple[tuple[str, str], ...] = ((source.id, back),)
    if back in SCRIPTS:  # what lacks on a page is the weakness of each script there, of its own step alone
        by += (target.id, back), (target.id, f"{back}:{source.id}")
    yield _reduced(there, here, back, rates.steps[back].back, by, reductions)


def _assumed(
    system: System, exposure: Mapping[str, Exposure], reductions: "_Reductions", rates: Rates
) -> Iterator[AttackStep]:
    """Usual parts that nobody described are entered as others of their kind; what is described never tries them."""
    for kind in assumed_kinds(system):
        part = usual_part(kind)
        taken = ("taken", part.id)
        for threat, chance in entry_chances(part, part.exposure, rates).items():
            if chance:
                yield AttackStep(("source", threat), taken, "entry", chance)
        for reach in reaches_of(system, kind, exposure, rates):
            there = ("taken", reach.target)
            yield _reduced(
                taken, there, f"assumed_{reach.step}", reach.chance, ((reach.target, reach.step),), reductions
            )


def _heard(
    components: Mapping[str, Component],
    links: Sequence[tuple[str, str, LinkKind]],
    exposure: Mapping[str, Exposure],
    flaws: Mapping[str, float],
    reductions: "_Reductions",
    rates: Rates,
) -> Iterator[AttackStep]:
    """What strangers send tries the known flaws of what receives it: an exposed component, the libraries within it,
    and what it calls, for a front that holds passes requests on (log4shell was exploited so behind intact fronts).
    """
    embedded = _libraries_in(components, links)
    holding = {c: [f for f in sorted({c, *_below(embedded, c)}) if f in flaws] for c in components if c in embedded}
    holding |= {c: [c] for c in flaws if c not in holding and components[c].kind not in LIBRARIES}
    callers: dict[str, list[str]] = defaultdict(list)
    for source, target, kind in links:
        if kind is LinkKind.CALLS:
            callers[target].append(source)
    relaying = {c for c, flawed in holding.items() if flawed}
    relaying |= _below(callers, *sorted(relaying))
    for c in sorted(relaying):
        if exposure[c] is not Exposure.INTERNAL:
            access = access_share(exposure[c], rates)
            yield _reduced(("source", "internet"), ("heard", c), "heard", access, ((c, "internet"),), reductions)
        for caller in callers[c]:
            if caller in relaying:
                passed = ((c, LinkKind.CALLS.value),)
                yield _reduced(("heard", caller), ("heard", c), "relay", rates.internet.relay, passed, reductions)
    for holder in sorted(holding):
        for flawed in holding[holder]:
            by = [(flawed, "flaws")]
            if flawed != holder or exposure[holder] is Exposure.INTERNAL:
                by.append((flawed, "internet"))
            yield _reduced(("heard", holder), ("taken", flawed), "flaw", flaws[flawed], tuple(by), reductions)


def _libraries_in(
    components: Mapping[str, Component], links: Sequence[tuple[str, str, LinkKind]]
) -> dict[str, list[str]]:
    embedded: dict[str, list[str]] = defaultdict(list)
    for source, target, kind in links:
        if kind is LinkKind.EMBEDS and components[target].kind in LIBRARIES:
            embedded[source].append(target)
    return embedded


def _through_libraries(
    components: Mapping[str, Component],
    links: Sequence[tuple[str, str, LinkKind]],
    flaws: Mapping[str, float],
    reductions: "_Reductions",
) -> Iterator[AttackStep]:
    """Who can call a component can try the known flaws of the libraries within it, exposed or not."""
    embedded = _libraries_in(components, links)
    for source, target, kind in links:
        if kind in MISUSE and target in embedded:
            for library in sorted(_below(embedded, target)):
                if library in flaws and library != source:
                    by = ((library, kind.value), (library, "flaws"))
                    ends = ("taken", source), ("taken", library)
                    yield _reduced(*ends, kind, flaws[library], by, reductions, target)


def _below(children: Mapping[str, Sequence[str]], *tops: str) -> set[str]:
    found: set[str] = set()
    pending = [c for top in tops for c in children.get(top, ())]
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending += children.get(node, ())
    return found


def _losses(
    system: System,
    links: Sequence[tuple[str, str, LinkKind]],
    cuts: "_Cuts",
    reductions: "_Reductions",
    rates: Rates,
) -> Iterator[AttackStep]:
    """Data is reached without control of its store: whoever reads it loses its confidentiality, and so on."""
    touching: dict[str, list[tuple[str, LinkKind]]] = defaultdict(list)
    for source, target, kind in links:
        touching[target].append((source, kind))
        if kind is LinkKind.RUNS_ON:
            yield AttackStep(("down", target), ("down", source), "down", rates.steps["down"].forward)
        if kind is LinkKind.LEADS_TO:
            yield AttackStep(("down", source), ("down", target), "down", rates.steps["down"].forward)
    for c in system.components:
        yield AttackStep(("taken", c.id), ("down", c.id), "down", 1.0)
    for asset in system.assets:
        confidentiality, integrity, availability = (("lost", asset.id, need) for need in Need)
        for store in dict.fromkeys(asset.lives_in):
            kept, why, data = reductions.lost_with(store), f"loss:{store}", ((store, "data"),)
            for source, kind in touching[store]:
                taken = ("taken", source)
                if kind in _SEES:
                    yield AttackStep(taken, confidentiality, f"{why}:{kind}", 1.0)
                if kind in _CHANGES:
                    yield AttackStep(taken, integrity, f"{why}:{kind}", kept, data)
            yield AttackStep(("taken", store), confidentiality, why, 1.0)
            yield AttackStep(("taken", store), integrity, why, kept, data)
            yield AttackStep(("down", store), availability, why, kept, data)
            yield AttackStep(cuts.of(store), availability, f"{why}:door", 1.0)


class _Cuts:
    """What is lost to users when a front door stops: everything behind it, over calls, reads and writes.

    Components that reach one another share one "cut" node; nodes come before those they lead to.
    """

    def __init__(self, system: System, links: Iterable[tuple[str, str, LinkKind]]) -> None:
        import networkx as nx

        users = defaultdict[str, list[str]](list)
        for source, target, kind in links:
            if kind in MISUSE:
                users[target].append(source)
        stores = {c for asset in system.assets for c in asset.lives_in}
        self._ways = nx.DiGraph((u, c) for c in sorted(_below(users, *stores) | stores) for u in users[c])
        groups = reversed(list(nx.strongly_connected_components(self._ways)))
        self._group = {c: min(group) for group in groups for c in group}

    def nodes(self) -> Iterator[Node]:
        yield from (("cut", group) for group in dict.fromkeys(self._group.values()))

    def of(self, component: str) -> Node:
        return ("cut", self._group.get(component, component))

    def steps(self, exposure: Mapping[str, Exposure], rates: Rates) -> Iterator[AttackStep]:
        open_to_users = {c for c in self._group if exposure[c] is not Exposure.INTERNAL}
        for door in self._group:
            if door in open_to_users and self._ways.out_degree(door):
                yield AttackStep(("down", door), ("shut", door), "door", rates.steps["door_down"].forward)
        behind: dict[tuple[Node, Node], None] = {}
        for source, target in self._ways.edges:
            if source in open_to_users:
                behind[("shut", source), self.of(target)] = None
            if self._group[source] != self._group[target]:
                behind[self.of(source), self.of(target)] = None
        for before, after in behind:
            yield AttackStep(before, after, "behind", 1.0)


class _Reductions:
    """What the measures of a view leave of a step, whose own chance is that of a component as it is usually kept."""

    def __init__(self, system: System, view: View, rates: Rates) -> None:
        self._kept: dict[tuple[str, str], float] = {}
        components = {c.id: c for c in system.components}
        kinds = {c.id: c.kind for c in system.components}
        held = held_measures(system, view)
        for measure, component in sorted(held):
            kind = catalogue.measures().get(measure)
            if kind and acts_on(kind, components[component]):
                usual = rates.usual.get(measure, 0.0)
                share = share_held(held, rates, measure, component)
                for step, factor in change_by(kind, rates, usual, share).items():
                    self._kept[component, step] = self._kept.get((component, step), 1.0) * factor
        self._usual_of_stores = {
            kind: math.prod(
                change_by(m, rates, 0.0, rates.usual.get(m.id, 0.0)).get("data", 1.0)
                for m in catalogue.measures().values()
                if m.applies_to(kind)
            )
            for kind in {kinds[c] for asset in system.assets for c in asset.lives_in}
        }
        self._kinds = kinds

    def kept(self, component: str, step: str) -> float:
        return self._kept.get((component, step), 1.0)

    def lost_with(self, store: str) -> float:
        """How much of the data of a store that fell is lost, once what its backups save is taken off."""
        return self._usual_of_stores[self._kinds[store]] * self.kept(store, "data")
