"""The bits against the plain truth: exact enumeration, networkx world by world, recomputing from scratch."""

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from itertools import product as every

import networkx as nx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from risk_models import catalogue
from risk_models.ranking.assess import loss_weights
from risk_models.ranking.attack_graph import AttackGraph, AttackStep, attack_graph
from risk_models.ranking.facts import told_by_facts
from risk_models.ranking.mending import Mending
from risk_models.ranking.propagation import Spread
from risk_models.ranking.sampling import open_worlds
from risk_models.scales import MeasureStatus, View
from risk_models.system import Measure
from tests.risk_models.systems import example, measures_on, systems

SURE = st.sampled_from([0.0, 1.0])


@st.composite
def graphs(draw, chances=st.floats(0.001, 0.999)) -> AttackGraph:  # noqa: B008 - a strategy holds no state
    """At most twelve uncertain steps between a threat, five components and a loss."""
    ids = ["a", "b", "c", "d", "e"][: draw(st.integers(1, 5))]
    nodes = [("source", "internet"), *(("taken", i) for i in ids), ("lost", "x", "confidentiality")]
    ends = st.tuples(st.sampled_from(nodes[:-1]), st.sampled_from(nodes[1:])).filter(lambda e: e[0] != e[1])
    pairs = draw(st.lists(ends, max_size=12, unique=True))
    steps = tuple(AttackStep(a, b, "calls" if a[0] == "taken" else "entry", draw(chances)) for a, b in pairs)
    return AttackGraph(tuple(nodes), tuple(s for s in steps if s.probability > 0))


def exact(graph: AttackGraph) -> dict:
    """The sum over every world of its probability, for each node reached in it."""
    totals = defaultdict(float)
    for worlds in every((False, True), repeat=len(graph.steps)):
        weight = 1.0
        reached: nx.DiGraph = nx.DiGraph()
        reached.add_nodes_from(graph.nodes)
        for step, is_open in zip(graph.steps, worlds, strict=True):
            weight *= step.probability if is_open else 1 - step.probability
            if is_open:
                reached.add_edge(step.source, step.target)
        if weight:
            for node in nx.descendants(reached, ("source", "internet")):
                totals[node] += weight
    return totals


@given(graphs())
def test_the_share_of_worlds_is_the_exact_sum_within_four_standard_errors(graph):
    spread, truth = Spread(graph, {}, worlds=16384), exact(graph)
    for node in graph.nodes[1:]:
        error = (truth[node] * (1 - truth[node]) / spread.worlds) ** 0.5
        # Four standard errors, and the few worlds that a rare event may count too many.
        assert abs(spread.reached_share(node) - truth[node]) <= 4 * error + 8 / spread.worlds


@given(graphs(SURE))
def test_the_share_of_worlds_is_exact_when_everything_is_sure(graph):
    spread, truth = Spread(graph, {}), exact(graph)
    assert all(spread.reached_share(node) == truth[node] for node in graph.nodes[1:])


@given(systems())
def test_each_world_reaches_what_networkx_reaches_in_it(system):
    graph = attack_graph(system, View.CURRENT)
    spread = Spread(graph, {}, worlds=64)
    for world in (0, 17, 63):
        reached: nx.DiGraph = nx.DiGraph()
        reached.add_node("start")
        for edge in spread._edges:
            if edge.open >> world & 1:
                reached.add_edge("start" if edge.source == 0 else edge.source, edge.target)
        found = nx.descendants(reached, "start")
        assert {n for n, worlds in enumerate(spread._reached) if n and worlds >> world & 1} == found


def without_steps(graph: AttackGraph, closed) -> AttackGraph:
    return replace(graph, steps=tuple(s for s in graph.steps if not closed(s)))


@given(systems())
def test_leave_one_out_equals_recomputing_from_scratch(system):
    graph, weights = attack_graph(system, View.CURRENT), loss_weights(system)
    spread = Spread(graph, weights)
    ids = [c.id for c in system.components]
    answers = spread.without([*map(spread.hardened, ids), *map(spread.unbreakable, ids)])
    for component, hardened, unbreakable in zip(ids, answers, answers[len(ids) :], strict=False):
        into = {("taken", component), ("down", component)}
        left = Spread(without_steps(graph, lambda s, into=into: s.target in into and s.exploits), weights).loss
        assert hardened == pytest.approx(spread.loss - left, abs=1e-9)
        left = Spread(without_steps(graph, lambda s, into=into: s.target in into), weights).loss
        assert unbreakable == pytest.approx(spread.loss - left, abs=1e-9)


@given(systems(), st.data())
def test_reducing_steps_equals_putting_the_measure_in_place(system, data):
    measure = replace(data.draw(measures_on([c.id for c in system.components])), status=MeasureStatus.DONE)
    assume(all(m.measure != measure.measure for m in system.measures))
    assume(measure.measure != "update")  # a flaw is out once it is out of the inventory
    # What its accounts, keys or state deny lacks whatever is said: they change once it is really in place.
    assume(all(told_by_facts(system).get((measure.measure, c)) != 0 for c in measure.on))
    graph, weights = attack_graph(system, View.CURRENT), loss_weights(system)
    spread = Spread(graph, weights)
    closing = spread.reduced(Mending(system, View.CURRENT).of_measure(measure.measure, measure.on))
    after = Spread(attack_graph(replace(system, measures=(*system.measures, measure)), View.CURRENT), weights)
    assert spread.loss_once(closing) == pytest.approx(after.loss, abs=2 * 30 / spread.worlds)
    assert spread.without([closing]) == [pytest.approx(spread.loss - spread.loss_once(closing), abs=1e-9)]


@given(st.text(max_size=20), st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_a_greater_probability_opens_more_worlds_and_none_less(identity, chances):
    sets = open_worlds("m", [(identity, p) for p in sorted(chances)], 1024)
    for smaller, larger in pairwise(sets):
        assert smaller & ~larger == 0


def test_fewer_worlds_are_the_first_of_more():
    few, many = (open_worlds("m", [("step", 0.37)], worlds)[0] for worlds in (2048, 4096))
    assert many & (1 << 2048) - 1 == few


def test_sure_and_impossible_steps_are_open_everywhere_and_nowhere():
    assert open_worlds("m", [("a", 0.0), ("a", 1.0)], 64) == [0, (1 << 64) - 1]


def test_the_same_system_always_gives_the_same_figures():
    """Known figures: another machine, another day or another Python must give these very numbers."""
    spread = Spread(attack_graph(example("guichet"), View.CURRENT), {})
    assert catalogue.model().version == "2026.5"
    assert round(spread.reached_share(("taken", "github")) * spread.worlds) == 1348


def test_a_measure_twice_acts_once():
    system = example("guichet")
    waf = Measure("waf", ("metabase",), MeasureStatus.DONE)
    once, twice = (
        Spread(attack_graph(replace(system, measures=(waf,) * n), View.CURRENT), loss_weights(system)).loss
        for n in (1, 2)
    )
    assert once == twice
