"""Why a component is weak: the facts on it, and the most likely attack path that goes through it."""

import math
from itertools import pairwise
from typing import cast

import networkx as nx

from risk_models import catalogue
from risk_models.assessment import AttackPath, Reason
from risk_models.attack_graph import Node, Step, attack_graph, effective_exposure, past_end_of_life, probability
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, MeasureStatus, Need, View
from risk_models.system import Component, System

_DEVELOPMENT = frozenset({ComponentKind.FORGE, ComponentKind.CI, ComponentKind.REGISTRY, ComponentKind.LIBRARY})
_FRONT = frozenset({ComponentKind.WEB, ComponentKind.API, ComponentKind.BI, ComponentKind.CMS})
_IN_PLACE = frozenset({MeasureStatus.DONE, MeasureStatus.PARTIAL})


class Explainer:
    """Explains the components of one system in one view."""

    def __init__(self, system: System, view: View) -> None:
        self._system = system
        self._exposure = effective_exposure(system)
        self._graph = _weighted(attack_graph(system, view))
        sources = [n for n in self._graph if n[0] == "source"]
        costs, paths = nx.multi_source_dijkstra(self._graph, sources)
        self._cost_from = cast(dict[Node, float], costs)
        self._path_from = cast(dict[Node, list[Node]], paths)
        self._to_loss = self._worst_losses()
        self._protected = {(m.measure, c) for m in system.measures if m.status in _IN_PLACE for c in m.on}
        self._protected |= {("waf", k.source) for k in system.links if k.kind is LinkKind.PROTECTED_BY}

    def path_through(self, component: str) -> AttackPath | None:
        """The path of greatest expected loss from a threat source through `component` to an asset's need."""
        best: tuple[float, list[Node]] | None = None
        for state in ("taken", "down"):
            node = (state, component)
            if node in self._path_from and node in self._to_loss:
                cost, after = self._to_loss[node]
                walk = [*self._path_from[node], *after[1:]]
                if best is None or self._cost_from[node] + cost < best[0]:
                    best = self._cost_from[node] + cost, walk
        return self._as_path(best[1]) if best else None

    def reasons(self, c: Component) -> tuple[Reason, ...]:
        """The facts that make `c` weak or its loss heavy, worst first."""
        exposed = self._exposure[c.id] is not Exposure.INTERNAL
        found = [*self._flaws(c)]
        if exposed:
            found.append(Reason(self._exposure[c.id].value))
        if c.hosting in {Hosting.IAAS, Hosting.ON_PREMISE} and c.kind not in {
            ComponentKind.WORKSTATION,
            ComponentKind.LIBRARY,
        }:
            found.append(Reason("self_hosted"))
        if exposed and c.kind in _FRONT and ("waf", c.id) not in self._protected and c.hosting is not Hosting.SAAS:
            found.append(Reason("no_waf"))
        if exposed and c.kind in catalogue.probabilities().credentials and ("mfa", c.id) not in self._protected:
            found.append(Reason("no_second_factor"))
        if c.hosting is Hosting.SAAS:
            found.append(Reason("supplier_access"))
        return (*found, *self._reach(c))

    def _flaws(self, c: Component) -> list[Reason]:
        exploited = [v.id for v in c.vulnerabilities if v.kev]
        others = [v.id for v in c.vulnerabilities if not v.kev]
        found = []
        if exploited:
            found.append(Reason("known_exploited", (("ids", ", ".join(exploited)),)))
        if others:
            found.append(Reason("known_flaw", (("ids", ", ".join(others)),)))
        if c.eol and c.eol.date and past_end_of_life(self._system, c):
            found.append(Reason("end_of_life", (("date", c.eol.date.isoformat()),)))
        return found

    def _reach(self, c: Component) -> list[Reason]:
        names = {x.id: x.name for x in self._system.components}
        by_kind: dict[str, list[str]] = {}
        for link in self._system.links:
            if link.source == c.id:
                by_kind.setdefault(link.kind, []).append(link.target)
            if link.target == c.id and link.kind is LinkKind.EMBEDS:
                by_kind.setdefault("embedded_in", []).append(link.source)
        held = [a.name for a in self._system.assets if c.id in a.lives_in]
        touched = {*by_kind.get(LinkKind.READS, ()), *by_kind.get(LinkKind.WRITES, ())}
        read = [a.name for a in self._system.assets if touched & set(a.lives_in) and a.name not in held]
        found = [("holds_data", "assets", held), ("reads_data", "assets", read)]
        for kind in ("deploys", "administers", "embedded_in"):
            found.append((kind, "components", [names[t] for t in dict.fromkeys(by_kind.get(kind, ()))]))
        return [Reason(code, ((hole, ", ".join(values)),)) for code, hole, values in found if values]

    def _worst_losses(self) -> dict[Node, tuple[float, list[Node]]]:
        """For each node, the way to the loss that weighs most: least −log(probability × weight)."""
        goal: Node = ("goal",)
        backwards = self._graph.reverse(copy=True)
        for asset in self._system.assets:
            for need in Need:
                lost = ("lost", asset.id, need)
                if lost in backwards:
                    weight = catalogue.loss_weight(asset.severity(need)) / catalogue.loss_weight(
                        max(type(asset.severity(need)))
                    )
                    backwards.add_edge(goal, lost, weight=-math.log(weight))
        if goal not in backwards:
            return {}
        found = nx.single_source_dijkstra(backwards, goal)
        costs, paths = cast(tuple[dict[Node, float], dict[Node, list[Node]]], found)
        return {node: (cost, list(reversed(paths[node][1:]))) for node, cost in costs.items() if node != goal}

    def _as_path(self, walk: list[Node]) -> AttackPath:
        cost = sum(self._graph.edges[a, b]["weight"] for a, b in pairwise(walk))
        components = tuple(dict.fromkeys(n[1] for n in walk if n[0] in {"taken", "down"}))
        # The last step may take the data through a reader: its store ends the path.
        last: list[Step] = self._graph.edges[walk[-2], walk[-1]]["steps"]
        store = last[0].kind.split(":")[1]
        if store not in components:
            components = (*components, store)
        threat = walk[0][1]
        return AttackPath(
            source=threat,
            vector=_vector(threat, self._system.component(components[0])),
            components=components,
            asset=walk[-1][1],
            need=Need(walk[-1][2]),
            likelihood=math.exp(-cost),
        )


def _weighted(graph: "nx.DiGraph[Node]") -> "nx.DiGraph[Node]":
    for _, _, data in graph.edges(data=True):
        steps: list[Step] = data["steps"]
        data["weight"] = -math.log(probability(steps)) if probability(steps) < 1 else 0.0
    return graph


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
    "phishing": [(None, "workstation")],
    "supply": [
        (_DEVELOPMENT, "{}_development"),
        (frozenset({ComponentKind.HOST}), "paas_supplier"),
        (None, "saas_supplier"),
    ],
    "insider": [(None, "internal_administration")],
    "physical": [(frozenset({ComponentKind.HOST}), "external_premises"), (None, "internal_premises")],
    "flood": [(None, "denial_of_service")],
}


def _vector(threat: str, first: Component) -> str:
    side = "external" if first.hosting in {Hosting.SAAS, Hosting.PAAS} else "internal"
    return next(v for kinds, v in _VECTORS[threat] if kinds is None or first.kind in kinds).format(side)
