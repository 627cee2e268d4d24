"""Spreading a compromise over all sampled worlds at once: K worlds are the K bits of one integer."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

import networkx as nx

from risk_models import catalogue
from risk_models.attack_graph import Node
from risk_models.sampling import open_worlds, share


@dataclass(frozen=True, slots=True)
class _Edge:
    target: int
    open: int
    exploits: bool
    identity: str
    probability: float


class Spread:
    """What is reached in each world of an attack graph, and what would be were one component stronger."""

    def __init__(self, graph: "nx.DiGraph[Node]", worlds: int | None = None) -> None:
        rates = catalogue.probabilities()
        self.worlds = worlds or rates.worlds
        self._index = {node: i for i, node in enumerate(graph.nodes)}
        self._out: list[list[_Edge]] = [[] for _ in self._index]
        for source, target, data in graph.edges(data=True):
            self._out[self._index[source]] += [
                _Edge(
                    self._index[target],
                    open_worlds(rates.model, step.identity, step.probability, self.worlds),
                    step.exploits,
                    step.identity,
                    step.probability,
                )
                for step in data["steps"]
            ]
        self._reducible: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for source, _, data in graph.edges(data=True):
            for step in data["steps"]:
                if step.reduced_by:
                    self._reducible[step.reduced_by].append(self._place(self._index[source], step.identity))
        self._sources = [i for node, i in self._index.items() if node[0] == "source"]
        self.reached = self._spread(frozenset(), only_exploits=False)

    def hardened(self, component: str) -> list[int]:
        """Worlds reached were every step that exploits `component` closed, the same worlds otherwise."""
        return self._spread(self._nodes_of(component), only_exploits=True)

    def unbreakable(self, component: str) -> list[int]:
        """Worlds reached were every step into `component` closed."""
        return self._spread(self._nodes_of(component), only_exploits=False)

    def reduced(self, factors: Mapping[tuple[str, str], float]) -> list[int]:
        """Worlds reached were the steps that measures act on, by (component, effect), multiplied by a factor."""
        model = catalogue.probabilities().model
        out = list(self._out)
        for key, factor in factors.items():
            for source, position in self._reducible.get(key, ()):
                edge = self._out[source][position]
                bits = open_worlds(model, edge.identity, edge.probability * factor, self.worlds)
                out[source] = [*out[source]]
                out[source][position] = replace(edge, open=bits)
        return self._spread(frozenset(), only_exploits=False, out=out)

    def _place(self, source: int, identity: str) -> tuple[int, int]:
        return source, next(i for i, edge in enumerate(self._out[source]) if edge.identity == identity)

    def likelihood(self, node: Node, reached: list[int] | None = None) -> float:
        """Share of worlds in which `node` is reached; 0 for a node that the graph does not have."""
        index = self._index.get(node)
        return 0.0 if index is None else share((reached or self.reached)[index], self.worlds)

    def _nodes_of(self, component: str) -> frozenset[int]:
        nodes = (self._index.get((state, component)) for state in ("taken", "down"))
        return frozenset(i for i in nodes if i is not None)

    def _spread(
        self, guarded: frozenset[int], *, only_exploits: bool, out: list[list[_Edge]] | None = None
    ) -> list[int]:
        edges = out or self._out
        reached = [0] * len(self._index)
        everywhere = (1 << self.worlds) - 1
        for source in self._sources:
            reached[source] = everywhere
        pending = deque(self._sources)
        waiting = set(pending)
        while pending:
            node = pending.popleft()
            waiting.discard(node)
            worlds = reached[node]
            for edge in edges[node]:
                target = edge.target
                if target in guarded and (edge.exploits or not only_exploits):
                    continue
                grown = reached[target] | (worlds & edge.open)
                if grown != reached[target]:
                    reached[target] = grown
                    if target not in waiting:
                        waiting.add(target)
                        pending.append(target)
        return reached
