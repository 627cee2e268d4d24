"""Why a component is weak: the facts on it, and the most likely attack path that goes through it."""

import math
import sys
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import groupby, pairwise

from risk_models import catalogue
from risk_models.assessment import AttackPath, Reason
from risk_models.ranking.assumed_parts import assumed_kind, usual_part
from risk_models.ranking.attack_graph import MISUSE, AttackGraph, AttackStep, Node
from risk_models.ranking.chances import effective_exposure, past_end_of_life
from risk_models.ranking.fact_reasons import FactReasons, measures_told
from risk_models.ranking.knowledge import held_measures, team_can_set
from risk_models.ranking.mending import Mending
from risk_models.scales import (
    CLAIMED,
    LIBRARIES,
    ComponentKind,
    Exposure,
    Hosting,
    LinkKind,
    Need,
    Patcher,
    Severity,
    View,
)
from risk_models.system import Component, Link, System

_DEVELOPMENT = LIBRARIES | {ComponentKind.FORGE, ComponentKind.CI, ComponentKind.REGISTRY}
_OWN_SERVERS = frozenset({Hosting.IAAS, Hosting.ON_PREMISE})
_NOT_SERVED = LIBRARIES | {ComponentKind.WORKSTATION, ComponentKind.HOST}
# Reasons that say by themselves which measure lacks.
_TOLD = {"no_waf": "waf", "no_second_factor": "mfa", "no_second_factor_by": "mfa"}
_FRONT = frozenset({ComponentKind.WEB, ComponentKind.API, ComponentKind.BI, ComponentKind.CMS})
# How many paths are compared to tell the likeliest one through a component.
_ENOUGH = 3
_RUN_BY_OTHERS = frozenset({Hosting.SAAS, Hosting.PAAS})


class Explainer:
    """Explains the components of one system in one view."""

    def __init__(self, system: System, graph: AttackGraph, mending: Mending) -> None:
        self._system = system
        self._exposure = effective_exposure(system)
        self._names = {c.id: c.name for c in system.components}
        self._kinds = {c.id: c for c in system.components}
        self._links: dict[str, list[Link]] = defaultdict(list)
        for link in sorted(set(system.links), key=lambda k: (k.source, k.target, k.kind)):
            self._links[link.source].append(link)
            self._links[link.target].append(link)
        self._held = held_measures(system, View.CURRENT)
        self._facts = FactReasons(system)
        self._said = {(m.measure, c) for m in system.measures for c in m.on} | self._facts.told.keys()
        denied = {key for key, share in self._facts.told.items() if not share}
        self._claimed = {(m.measure, c) for m in system.measures if m.status in CLAIMED for c in m.on} - denied
        self._mending = mending
        self._steps: dict[tuple[Node, Node], AttackStep] = {}
        self._acted_on: dict[tuple[str, str], set[tuple[Node, Node]]] = defaultdict(set)
        self._flaws_tried: dict[tuple[Node, Node], float] = {}
        none: dict[tuple[Node, Node], float] = {}
        for step in graph.steps:
            ends = step.source, step.target
            chance = step.probability
            if step.kind == "flaw":  # tried anew each year, beside ways in that are odds of many
                self._flaws_tried[ends] = chance
                chance = 1 - math.pow(1 - chance, catalogue.model().years)
            none[ends] = none.get(ends, 1.0) * (1 - chance)
            for key in step.reduced_by:
                self._acted_on[key].add(ends)
            if ends not in self._steps or step.probability > self._steps[ends].probability:
                self._steps[ends] = step
        self._ahead, self._behind = _Costs(defaultdict(list)), _Costs(defaultdict(list))
        self._costs: dict[tuple[Node, Node], float] = {}
        for (source, target), closed in none.items():
            cost = -math.log(max(1 - closed, sys.float_info.min)) if closed else 0.0
            self._costs[source, target] = cost
            self._ahead.edges[source].append((target, cost))
            self._behind.edges[target].append((source, cost))
        self._threats: dict[Node, float] = {n: 0.0 for n in graph.nodes if n[0] == "source"}
        top = catalogue.loss_weight(Severity.CRITICAL)
        self._losses: dict[Node, float] = {
            ("lost", a.id, need): -math.log(catalogue.loss_weight(a.severity(need)) / top)
            for a in system.assets
            for need in Need
        }
        self._from_threat = self._ahead.cheapest(self._threats)
        self._to_loss = self._behind.cheapest(self._losses)

    def path_through(self, component: str) -> AttackPath | None:
        """A most likely path by a step that mending `component` acts upon, on to the loss of an asset's need.

        It starts at a threat and passes nowhere twice; where the likeliest ways in and out cross, it is the likeliest
        of those found around.
        """
        found = []
        for step in self._mended_steps(component):
            for way_in, way_out in self._ways(*step):
                walk = [*reversed(way_in), *way_out]
                found.append((self._cost(walk) + self._losses[walk[-1]], walk))
            if len(found) >= _ENOUGH:
                break
        return self._as_path(min(found)[1]) if found else None

    def path_to(self, asset: str, need: Need) -> AttackPath | None:
        """The most likely path from a threat to the loss of one need of one asset; None where none reaches it."""
        goal = ("lost", asset, need)
        return self._as_path(_walk(self._from_threat, goal)[::-1]) if goal in self._from_threat else None

    def paths_to(self, asset: str, need: Need, most: int) -> tuple[AttackPath, ...]:
        """The likeliest paths to the loss of one need, none of which begins by the component of another."""
        goal: Node = ("lost", asset, need)
        onward = self._behind.cheapest({goal: 0.0})
        entries = sorted(
            (cost + onward[after][0], threat, after)
            for threat in self._threats
            for after, cost in self._ahead.edges.get(threat, ())
            if after in onward
        )
        found: dict[str, AttackPath] = {}
        for _, threat, after in entries:
            path = self._as_path([threat, *_walk(onward, after)])
            found.setdefault(path.components[0], path)
            if len(found) == most:
                break
        return tuple(found.values())

    def _mended_steps(self, component: str) -> list[tuple[Node, Node]]:
        """The ends of the steps that mending `component` acts upon, by how likely it is that a loss comes by them."""
        factors = self._mending.of_component(component, unsaid=True)
        steps = {ends for key, left in factors.items() if left < 1 for ends in self._acted_on.get(key, ())}
        cost = {
            (before, after): self._from_threat[before][0] + self._costs[before, after] + self._to_loss[after][0]
            for before, after in steps
            if before in self._from_threat and after in self._to_loss
        }
        return sorted(cost, key=lambda ends: (cost[ends], ends))

    def _ways(self, before: Node, node: Node) -> list[tuple[list[Node], list[Node]]]:
        """Ways from the step `before → node` back to a threat, and on to a loss, that share nothing."""
        way_in, way_out = _walk(self._from_threat, before), _walk(self._to_loss, node)
        if not {*way_in} & {*way_out}:
            return [(way_in, way_out)]
        return self._around(before, way_in, node, way_out)

    def _around(
        self, before: Node, way_in: list[Node], node: Node, way_out: list[Node]
    ) -> list[tuple[list[Node], list[Node]]]:
        """Where the two ways cross: another way in, another way out, or both."""
        other_in = self._behind.nearest(before, self._threats, {*way_out})
        other_out = self._ahead.nearest(node, self._losses, {*way_in}) if node not in way_in else []
        found = [(other_in, way_out)] if other_in else []
        found += [(way_in, other_out)] if other_out else []
        if not found and (far_out := self._ahead.nearest(node, self._losses, {before})):
            far_in = self._behind.nearest(before, self._threats, {*far_out})
            found += [(far_in, far_out)] if far_in else []
        return found

    def _cost(self, walk: list[Node]) -> float:
        return sum(self._costs[ends] for ends in pairwise(walk))

    def reasons(self, c: Component) -> tuple[Reason, ...]:
        """The facts that make `c` weak or its loss heavy, worst first; what was assumed of its kind is said to be."""
        exposed = self._exposure[c.id] is not Exposure.INTERNAL
        found = [*self._flaws(c)]
        if exposed and c.kind not in LIBRARIES:  # what embeds it is said below
            found.append(Reason(self._exposure[c.id].value + ("_assumed" if "exposure" in c.assumed else "")))
        unpatched = self._days_unpatched(c)
        if unpatched:
            found.append(Reason("unpatched", (("days", str(unpatched)),)))
        if c.hosting in _OWN_SERVERS and c.kind not in _NOT_SERVED and "hosting" not in c.assumed:
            by_team = c.patched_by is Patcher.TEAM and "patched_by" not in c.assumed
            found.append(Reason("self_hosted" if by_team else "hosted_by_team"))
        if exposed and c.kind in _FRONT and c.hosting is not Hosting.SAAS:
            found += self._lack("waf", c, "no_waf", "waf_unknown")
        passed_on = ("mfa", c.id) not in self._said and self._held.get(("mfa", c.id)) == 0
        # Of users who see only their own, what was said counts as said, whatever it is.
        answered = bool(c.accounts) and all(a.second_factor for a in c.accounts or ())
        asked = exposed and c.kind in catalogue.rates().credentials and c.accounts != ()
        if passed_on or (asked and (not answered or ("mfa", c.id) in self._held)):
            found += self._second_factor(c, passed_on=passed_on)
        found += self._facts.of(c)
        told = measures_told(found, _TOLD)
        lacking = [kind.id for kind in self._mending.lacking(c.id) if kind.id not in told]
        for code, measures in (
            ("contradicted", [m for m in lacking if self._mending.lacks(m, c.id) and (m, c.id) in self._claimed]),
            ("lacks", [m for m in lacking if self._mending.lacks(m, c.id) and (m, c.id) not in self._claimed]),
            ("partly", [m for m in lacking if not self._mending.lacks(m, c.id)]),
        ):
            if measures:
                found.append(Reason(code, (("measures", ", ".join(measures)),)))
        for page, measures in self._mending.lacking_on_pages(c.id).items():
            found.append(Reason("lacks_on_page", (("measures", ", ".join(measures)), ("component", self._names[page]))))
        if c.hosting is Hosting.SAAS:
            found.append(Reason("supplier_access"))
        return (*found, *self._reach(c))

    def _second_factor(self, c: Component, *, passed_on: bool) -> list[Reason]:
        """What is known of it; where nobody spoke of `c` itself, that its identity provider is said to lack one."""
        if passed_on:
            providers = [
                self._names[k.target]
                for k in self._links[c.id]
                if k.source == c.id and k.kind is LinkKind.AUTHENTICATES_WITH and self._held.get(("mfa", k.target)) == 0
            ]
            return [Reason("no_second_factor_by", (("components", ", ".join(dict.fromkeys(providers))),))]
        return self._lack("mfa", c, "no_second_factor", "second_factor_unknown")

    def _lack(self, measure: str, c: Component, lacking: str, unknown: str) -> list[Reason]:
        """What is known of a measure that is not in place: that it lacks where somebody said so, else that nobody knows."""
        held, kind = self._held.get((measure, c.id)), catalogue.measures()[measure]
        if (measure, c.id) in self._claimed and held == 0:
            return []  # told as contradicted
        if held is None and (measure, c.id) in self._said:
            return []  # said not to be for it
        if held is None:
            return [Reason(unknown)] if team_can_set(kind, c) and kind.asks(c.kind) else []
        return [] if held else [Reason(lacking)]

    def _flaws(self, c: Component) -> list[Reason]:
        exploited = [v.id for v in c.vulnerabilities if v.kev]
        others = [v.id for v in c.vulnerabilities if not v.kev]
        found = []
        if exploited:
            found.append(Reason("known_exploited", (("ids", ", ".join(exploited)),)))
        if others:
            found.append(Reason("known_flaw", (("ids", ", ".join(others)),)))
        if c.eol and past_end_of_life(self._system, c):
            told = (("date", c.eol.date.isoformat()),) if c.eol.date else ()
            found.append(Reason("end_of_life" if told else "ended", told))
        return found

    def _days_unpatched(self, c: Component) -> int:
        """Days since the oldest of its flaws was published, when the team could have patched it."""
        day = self._system.as_of
        published = [v.published for v in c.vulnerabilities if v.published]
        return max(0, (day - min(published)).days) if day and published and c.patched_by is Patcher.TEAM else 0

    def _reach(self, c: Component) -> list[Reason]:
        by_kind: dict[str, list[str]] = defaultdict(list)
        for link in self._links[c.id]:
            if link.source == c.id:
                by_kind[link.kind].append(link.target)
            elif link.kind is LinkKind.EMBEDS:
                by_kind["embedded_in"].append(link.source)
        held = [a.name for a in self._system.assets if c.id in a.lives_in]
        found = [("holds_data", "assets", held)]
        said = {*held}
        for code, way in (("writes_data", LinkKind.WRITES), ("reads_data", LinkKind.READS)):
            stores = set(by_kind[way])
            assets = [a.name for a in self._system.assets if stores & set(a.lives_in) and a.name not in said]
            said |= {*assets}
            found.append((code, "assets", assets))
        for kind in ("deploys", "administers", "leads_to", "embedded_in"):
            found.append((kind, "components", [self._names[t] for t in dict.fromkeys(by_kind[kind])]))
        return [Reason(code, ((hole, ", ".join(values)),)) for code, hole, values in found if values]

    def _as_path(self, walk: list[Node]) -> AttackPath:
        components: list[str] = []
        assumed: list[ComponentKind] = []
        for before, after in pairwise(walk):
            step = self._steps[before, after]
            components += [step.through] if step.through else []
            if after[0] in {"heard", "taken", "down"}:
                kind = assumed_kind(after[1])
                assumed += [kind] if kind else []
                components += [] if kind else [after[1]]
        store = self._steps[walk[-2], walk[-1]].kind.split(":")[1]
        if walk[-2][0] == "cut":
            components += self._uses(components[-1], store)
        # The last step may take the data through a reader: its store ends the path.
        components.append(store)
        threat, goal = walk[0][1], walk[-1]
        return AttackPath(
            source=threat,
            vector=risk_vector(threat, usual_part(assumed[0]) if assumed else self._kinds[components[0]]),
            components=tuple(name for name, _ in groupby(components)),
            asset=goal[1],
            need=Need(goal[2]),
            likelihood=self._likelihood(walk),
            assumed=tuple(assumed),
        )

    def _likelihood(self, walk: list[Node]) -> float:
        """The odds of a year of a path: of a flaw that is tried each year, or of ways in that are odds of many."""
        steps = [ends for ends in pairwise(walk) if ends in self._flaws_tried]
        if not steps:
            return catalogue.yearly(math.exp(-self._cost(walk)))
        others = math.exp(sum(self._costs[ends] for ends in steps) - self._cost(walk))
        return others * math.prod(self._flaws_tried[ends] for ends in steps)

    def _uses(self, door: str, store: str) -> list[str]:
        """The components between a front door and the store it leads to."""
        came_from: dict[str, str] = {door: door}
        pending = deque([door])
        while pending and store not in came_from:
            node = pending.popleft()
            for link in self._links[node]:
                if link.source == node and link.kind in MISUSE and link.target not in came_from:
                    came_from[link.target] = node
                    pending.append(link.target)
        between, node = [], store
        while came_from[node] != door:
            node = came_from[node]
            between.append(node)
        return between[::-1]


@dataclass(frozen=True, slots=True)
class _Costs:
    """−log of the probability of each step, so that the cheapest way is the most likely one."""

    edges: dict[Node, list[tuple[Node, float]]]

    def nearest(self, start: Node, goals: Mapping[Node, float], avoided: Collection[Node]) -> list[Node]:
        """The cheapest way from `start` to one of `goals`, each with its own cost, through none of `avoided`."""
        before: dict[Node, Node] = {}
        heap: list[tuple[float, Node, Node, bool]] = [(0.0, start, (), False)] if start not in avoided else []
        while heap:
            cost, node, came_from, arrived = heappop(heap)
            if arrived:
                way = [node]
                while before[way[-1]]:
                    way.append(before[way[-1]])
                return way[::-1]
            if node in before:
                continue
            before[node] = came_from
            if node in goals:
                heappush(heap, (cost + goals[node], node, came_from, True))
            for after, more in self.edges.get(node, ()):
                if after not in before and after not in avoided:
                    heappush(heap, (cost + more, after, node, False))
        return []

    def cheapest(self, starts: Mapping[Node, float]) -> dict[Node, tuple[float, Node]]:
        """Dijkstra: by node, the cost of the cheapest way from a start, and the node before it, () at a start."""
        found: dict[Node, tuple[float, Node]] = {}
        heap: list[tuple[float, Node, Node]] = [(cost, node, ()) for node, cost in starts.items()]
        heapify(heap)
        while heap:
            cost, node, before = heappop(heap)
            if node in found:
                continue
            found[node] = cost, before
            for after, more in self.edges.get(node, ()):
                if after not in found:
                    heappush(heap, (cost + more, after, node))
        return found


def _walk(found: Mapping[Node, tuple[float, Node]], node: Node) -> list[Node]:
    """From `node` back to where the cheapest way started."""
    walk, at = [node], found[node][1]
    while at:
        walk.append(at)
        at = found[at][1]
    return walk


# Which of the fourteen risk vectors (MonServiceSécurisé) a path belongs to, by its threat and first component;
# {} is "internal" or "external", by who hosts that component.
_VECTORS: dict[str, list[tuple[frozenset[ComponentKind] | None, str]]] = {
    "internet": [(None, "exposed_service")],
    "credentials": [
        (_DEVELOPMENT, "{}_development"),
        (frozenset({ComponentKind.HOST, ComponentKind.NETWORK}), "{}_administration"),
        (frozenset({ComponentKind.WEB, ComponentKind.API, ComponentKind.IDENTITY_PROVIDER}), "user_account"),
        (None, "{}_actor"),
    ],
    "phishing": [(frozenset({ComponentKind.HELP_DESK}), "{}_actor"), (None, "workstation")],
    "supply": [
        (_DEVELOPMENT, "{}_development"),
        (frozenset({ComponentKind.HOST}), "paas_supplier"),
        (None, "saas_supplier"),
    ],
    "insider": [(None, "internal_administration")],
    "leak": [(_DEVELOPMENT, "{}_development"), (None, "{}_actor")],
    "physical": [(None, "{}_premises")],
    "flood": [(None, "denial_of_service")],
}


def risk_vector(threat: str, first: Component) -> str:
    """Which of the fourteen vectors an attack that enters `first` by `threat` belongs to."""
    outside = first.hosting is not Hosting.ON_PREMISE if threat == "physical" else first.hosting in _RUN_BY_OTHERS
    if first.kind in LIBRARIES or first.kind is ComponentKind.WORKSTATION:
        outside = first.kind in LIBRARIES  # published by others; a workstation is the team's own
    side = "external" if outside else "internal"
    return next(v for kinds, v in _VECTORS[threat] if kinds is None or first.kind in kinds).format(side)
