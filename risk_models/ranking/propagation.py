"""Spreading a compromise over all sampled worlds at once: the worlds are the bits of an integer.

`Spread.without` answers many questions "what if these steps were closed?" together. In a world, closing a step
can matter only when the step lies on the way by which some loss was reached there; so each question is asked
only in the worlds where it may matter, and the questions that meet in a world are asked one after the other.
The figures are those of asking each question alone: tests/risk_models/ranking/test_propagation.py proves it.

A known flaw is tried again and again while it is open, a rare way in is not: worlds of one year, which strangers enter by
known flaws alone, hold the low bits; worlds of many years, without them, the high ones, four times as many.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from risk_models import catalogue
from risk_models.ranking import progress
from risk_models.ranking.attack_graph import STATES, AttackGraph, AttackStep, Node
from risk_models.ranking.sampling import Worlds, open_worlds

Closing = Mapping[int, Worlds]
"""By number of edge, the worlds in which it is closed."""

# What happens in worlds of one year alone, and in those of many alone.
_OF_A_YEAR = frozenset({"heard", "relay", "flaw"})
_OF_YEARS = frozenset({"entry", "leak"})

_START: Node = ("start",)
_Count = tuple[int, int]
_SEPARATOR = "\x1f"  # no id holds it


@dataclass(frozen=True, slots=True)
class _Edge:
    """One try, or several that share their fate: what enters a node from the threats is one number."""

    source: int
    target: int
    identity: str
    steps: tuple[AttackStep, ...]
    open: Worlds


class Spread:
    """What is reached in each world of an attack graph, and what would be were some steps closed."""

    def __init__(self, graph: AttackGraph, weights: Mapping[Node, int], worlds: int | None = None) -> None:
        """`weights`: the loss that each "lost" node stands for; `worlds`: as many as the model says unless given."""
        model = catalogue.model()
        self.worlds = worlds or model.worlds
        self._short = self.worlds // 4 if any(step.kind == "flaw" for step in graph.steps) else 0
        self._in_short = (1 << self._short) - 1
        self._remember = worlds is None
        self._numbers = model.numbers
        self._index = {node: i for i, node in enumerate((_START, *graph.nodes))}
        self._edges = self._merged(graph)
        self._within: list[list[tuple[int, int]]] = [[] for _ in self._index]
        self._leaving: list[list[tuple[int, int]]] = [[] for _ in self._index]
        self._entering: dict[str, list[int]] = defaultdict(list)
        self._acted_on: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, edge in enumerate(self._edges):
            source, target = edge.steps[0].source, edge.steps[0].target
            ways = self._within if source[0] == target[0] else self._leaving
            ways[edge.source].append((number, edge.target))
            if target[0] in {"taken", "down"}:
                self._entering[target[1]].append(number)
            for key in dict.fromkeys(key for step in edge.steps for key in step.reduced_by):
                self._acted_on[key].append(number)
        self._stages = self._by_stage()
        self._weights = {self._index[node]: w for node, w in weights.items() if node in self._index and w}
        self._open = [edge.open for edge in self._edges]
        self._reached = self._spread(self._open)
        # What is reached most first: what is passed on then grows less often again.
        self._stages[STATES.index("taken")].sort(key=lambda node: -self._reached[node].bit_count())
        self._useful: dict[int, Worlds] | None = None

    def reached_share(self, node: Node) -> float:
        """Share of the worlds of many years in which `node` is reached; 0 for a node that the graph does not have."""
        return self._count(self._index.get(node))[0] / self.worlds

    def likelihood(self, node: Node) -> float:
        """The odds of a year that `node` is reached, by a known flaw or otherwise."""
        return self._yearly(*self._count(self._index.get(node)))

    @property
    def loss(self) -> float:
        """Expected loss of a year, in the unit of the weights."""
        return self._loss_of(self._counts)

    @property
    def weighted(self) -> tuple[Node, ...]:
        """The nodes whose loss weighs, in the order of `without_by_need`."""
        nodes = tuple(self._index)
        return tuple(nodes[index] for index in self._weights)

    @property
    def _counts(self) -> list[_Count]:
        """By weighted node, in how many worlds it is reached."""
        return [self._count(node) for node in self._weights]

    def _count(self, node: int | None) -> _Count:
        return (0, 0) if node is None else self._count_of(self._reached[node])

    def _count_of(self, worlds: Worlds) -> _Count:
        """How many of `worlds` last many years, and how many one."""
        short = (worlds & self._in_short).bit_count() if self._short else 0
        return worlds.bit_count() - short, short

    def _loss_of(self, counts: Iterable[_Count]) -> float:
        """The loss of a year where each weighted node is reached in so many worlds."""
        weights = self._weights.values()
        return math.fsum(w * self._yearly(*n) for w, n in zip(weights, counts, strict=True))

    def _laid_out(self, kind: str, drawn: Worlds) -> Worlds:
        """The worlds in which a step of this kind is open, of those drawn for it: each half where it happens."""
        if kind in _OF_A_YEAR:
            return drawn & self._in_short
        long = drawn << self._short
        return long if kind in _OF_YEARS else long | drawn & self._in_short

    def hardened(self, component: str) -> Closing:
        """Closes every step that exploits `component`."""
        entering = self._entering.get(component, ())
        return {e: self._edges[e].open for e in entering if self._edges[e].steps[0].exploits}

    def unbreakable(self, component: str) -> Closing:
        """Closes every step into `component`."""
        return {e: self._edges[e].open for e in self._entering.get(component, ())}

    def reduced(self, factors: Mapping[tuple[str, str], float]) -> Closing:
        """Closes what is lost when the steps on which measures act, by (component, effect), are multiplied."""
        touched = list(dict.fromkeys(e for key in factors for e in self._acted_on.get(key, ())))
        chances = []
        for number in touched:
            none = 1.0
            for step in self._edges[number].steps:
                left = step.chance * math.prod(factors.get(key, 1.0) for key in step.reduced_by)
                none *= 1 - min(1.0, left)
            chances.append((self._edges[number].identity, 1 - none))
        kept = open_worlds(self._numbers, chances, self.worlds)
        return {
            e: self._edges[e].open & ~self._laid_out(self._edges[e].steps[0].kind, left)
            for e, left in zip(touched, kept, strict=True)
        }

    def without(self, closings: Sequence[Closing]) -> list[float]:
        """The expected loss avoided by each of `closings` alone."""
        return [math.fsum(avoided) for avoided in self.without_by_need(closings)]

    def without_by_need(self, closings: Sequence[Closing]) -> list[list[float]]:
        """The expected loss that each of `closings` alone avoids on each weighted node, in the order of the weights."""
        lost = [[(0, 0)] * len(self._weights) for _ in closings]
        rounds = self._rounds(closings)
        for number, asked in enumerate(rounds, start=1):
            progress.report_progress(number, len(rounds))
            is_open = self._open.copy()
            for question, here in asked:
                for edge, worlds in closings[question].items():
                    is_open[edge] &= ~(worlds & here)
            reached = self._spread(is_open)
            changed = [
                (n, worlds) for n, node in enumerate(self._weights) if (worlds := self._reached[node] ^ reached[node])
            ]
            for question, here in asked:
                row = lost[question]
                for n, worlds in changed:
                    if spared := worlds & here:
                        (long, short), (more_long, more_short) = row[n], self._count_of(spared)
                        row[n] = long + more_long, short + more_short
        weights, counts = list(self._weights.values()), self._counts
        return [
            [self._avoided(w, n, s) if s != (0, 0) else 0.0 for w, n, s in zip(weights, counts, row, strict=True)]
            for row in lost
        ]

    def _avoided(self, weight: int, count: _Count, spared: _Count) -> float:
        """The loss avoided on a node reached in so many worlds, once it is spared in some of them."""
        return weight * (self._yearly(*count) - self._yearly(count[0] - spared[0], count[1] - spared[1]))

    def _yearly(self, long: int, short: int) -> float:
        """The odds of a year of what happens in so many worlds of many years, and of one."""
        flaws = short / self._short if self._short else 0.0
        return 1 - (1 - flaws) * (1 - catalogue.yearly(long / self.worlds))

    def loss_once(self, closing: Closing) -> float:
        """The expected loss that remains once `closing` holds."""
        reached = self._spread([o & ~closing.get(n, 0) for n, o in enumerate(self._open)])
        return self._loss_of(self._count_of(reached[node]) for node in self._weights)

    def _rounds(self, closings: Sequence[Closing]) -> list[list[tuple[int, Worlds]]]:
        """In each round, the questions asked and the worlds where each is: no two in the same world."""
        useful = self._useful_ways()
        rounds: list[list[tuple[int, Worlds]]] = []
        taken: list[Worlds] = []
        for question, closing in enumerate(closings):
            where = 0
            for edge, closed in closing.items():
                where |= useful.get(edge, 0) & closed
            number = 0
            while where:
                if number == len(rounds):
                    rounds.append([])
                    taken.append(0)
                later = where & taken[number]
                if later != where:
                    rounds[number].append((question, where ^ later))
                    taken[number] |= where
                where = later
                number += 1
        return rounds

    def _spread(self, is_open: Sequence[Worlds]) -> list[Worlds]:
        """By node, the worlds in which it is reached when edges are open in the given worlds."""
        reached = [0] * len(self._index)
        reached[0] = (1 << self.worlds + self._short) - 1
        for number, target in self._leaving[0]:
            reached[target] |= is_open[number]
        within, leaving = self._within, self._leaving
        for stage in self._stages:
            dirty = {node for node in stage if within[node]}
            while dirty:
                for node in stage:
                    if node in dirty:
                        dirty.remove(node)
                        here = reached[node]
                        for number, target in within[node]:
                            before = reached[target]
                            grown = before | (here & is_open[number])
                            if grown != before:
                                reached[target] = grown
                                dirty.add(target)
            for node in stage:
                here = reached[node]
                for number, target in leaving[node]:
                    reached[target] |= here & is_open[number]
        return reached

    def _first_ways(self) -> dict[int, Worlds]:
        """By edge, the worlds in which it was the one that first brought its target."""
        reached = [0] * len(self._index)
        reached[0] = (1 << self.worlds + self._short) - 1
        came_by: dict[int, Worlds] = defaultdict(int)

        def pass_on(node: int, edges: Sequence[tuple[int, int]]) -> Iterator[int]:
            here = reached[node]
            for number, target in edges:
                before = reached[target]
                grown = before | (here & self._edges[number].open)
                if grown != before:
                    came_by[number] |= grown ^ before
                    reached[target] = grown
                    yield target

        for _ in pass_on(0, self._leaving[0]):
            pass
        for stage in self._stages:
            pending, waiting = deque(stage), set(stage)
            while pending:
                node = pending.popleft()
                waiting.remove(node)
                for target in pass_on(node, self._within[node]):
                    if target not in waiting:
                        waiting.add(target)
                        pending.append(target)
            for node in stage:
                for _ in pass_on(node, self._leaving[node]):
                    pass
        return dict(came_by)

    def _useful_ways(self) -> dict[int, Worlds]:
        """By edge, the worlds in which it is on the first way to a weighted node."""
        if self._useful is not None:
            return self._useful
        came_by = self._first_ways()
        coming: list[list[tuple[int, int]]] = [[] for _ in self._index]
        for number in came_by:
            coming[self._edges[number].target].append((number, self._edges[number].source))
        wanted = [0] * len(self._index)
        for node in self._weights:
            wanted[node] = self._reached[node]
        useful: dict[int, Worlds] = {}
        for stage in reversed(self._stages):
            pending = deque(reversed(stage))
            inside = set(stage)
            while pending:
                node = pending.popleft()
                for number, source in coming[node]:
                    useful[number] = way = wanted[node] & came_by[number]
                    grown = wanted[source] | way
                    if grown != wanted[source]:
                        wanted[source] = grown
                        if source in inside:
                            pending.append(source)
        self._useful = useful
        return useful

    def _merged(self, graph: AttackGraph) -> list[_Edge]:
        grouped: dict[tuple[Node, Node, str], list[AttackStep]] = defaultdict(list)
        for step in graph.steps:
            source = _START if step.source[0] == "source" else step.source
            grouped[source, step.target, step.kind].append(step)
        chances = []
        for (source, target, kind), steps in grouped.items():
            none = 1.0
            for step in steps:
                none *= 1 - step.probability
            chances.append((_SEPARATOR.join((*source, kind, *target)), 1 - none))
        drawn = open_worlds(self._numbers, chances, self.worlds, remember=self._remember)
        return [
            _Edge(self._index[source], self._index[target], identity, tuple(steps), self._laid_out(kind, is_open))
            for ((source, target, kind), steps), (identity, _), is_open in zip(
                grouped.items(), chances, drawn, strict=True
            )
        ]

    def _by_stage(self) -> list[list[int]]:
        """Nodes by state, since a state leads only to itself and to later ones, then by distance from the threats."""
        leads_to: list[list[int]] = [[] for _ in self._index]
        for edge in self._edges:
            leads_to[edge.source].append(edge.target)
        order, seen, pending = [], {0}, deque([0])
        while pending:
            for node in leads_to[pending.popleft()]:
                if node not in seen:
                    seen.add(node)
                    order.append(node)
                    pending.append(node)
        nodes = tuple(self._index)
        stages = [[v for v in order if nodes[v][0] == state] for state in STATES]
        return [*stages[:2], *(sorted(stage) for stage in stages[2:])]
