"""How long the ranking takes; run by `make bench`, skipped otherwise. Ratios side by side, no assertion on time."""

import math
import resource
import subprocess
import sys
import time
from itertools import product as every

import networkx as nx
import pytest

from reports.figures.graph import draw_graph
from risk_models.ranking import sampling
from risk_models.ranking.assess import assess, loss_weights
from risk_models.ranking.attack_graph import attack_graph
from risk_models.ranking.propagation import Spread
from risk_models.scales import View
from tests.benchmarks.products import product_of

# Worlds looked at one by one: enough to know how long one takes.
SOME = 128


@pytest.fixture(autouse=True)
def only_when_asked(request):
    if not request.config.getoption("--benchmarks"):
        pytest.skip("benchmarks run with make bench")


def timed(run, times: int = 3) -> float:
    """The least of several times, in seconds."""
    best = math.inf
    for _ in range(times):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def full(system) -> None:
    assess.__wrapped__(system, View.CURRENT)


def cold(system) -> None:
    sampling._known.clear()
    full(system)


def test_a_full_assessment():
    """Likelihoods, leave-one-out twice, reasons, paths and plan; cold draws its numbers, warm has drawn them before."""
    full(product_of(12))
    print("\n| components | links | cold ms | warm ms | peak memory MB |\n| ---: | ---: | ---: | ---: | ---: |")
    for count in (12, 60, 500, 5000):
        system = product_of(count)
        times = 1 if count > 500 else 5
        figures = timed(lambda system=system: cold(system), times), timed(lambda system=system: full(system), times)
        print(
            f"| {count} | {len(system.links)} | {figures[0] * 1000:.0f} | {figures[1] * 1000:.0f} | {memory_of(count)} |"
        )


def memory_of(count: int) -> int:
    """Peak memory in MB of a process that does one full assessment and nothing else."""
    program = (
        "import resource; from tests.benchmarks.products import product_of; from risk_models import assess;"
        f"assess(product_of({count})); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    return int(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def test_one_evaluation_grows_with_links():
    """The exponent of the fit: 1 is linear."""
    print("\n| components | links | steps | one evaluation ms |\n| ---: | ---: | ---: | ---: |")
    points = []
    for count in (60, 125, 250, 500, 1000, 2000, 4000):
        system = product_of(count)
        spread = Spread(attack_graph(system, View.CURRENT), loss_weights(system))
        seconds = timed(lambda spread=spread: spread.loss_once({}), 5)
        points.append((math.log(len(system.links)), math.log(seconds)))
        print(f"| {count} | {len(system.links)} | {len(spread._edges)} | {seconds * 1000:.2f} |")
    xs, ys = zip(*points, strict=True)
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x in xs)
    print(f"\ntime grows as links to the power {slope:.2f}")


def test_bits_against_one_world_at_a_time():
    """The same likelihoods, by networkx in each world and, on a small graph, by the sum over every world."""
    print("\n| components | by bits ms | networkx world by world ms | times slower |\n| ---: | ---: | ---: | ---: |")
    for count in (12, 60):
        system = product_of(count)
        spread = Spread(attack_graph(system, View.CURRENT), loss_weights(system))
        bits = timed(lambda spread=spread: spread.loss_once({}))
        plain = timed(lambda spread=spread: one_by_one(spread), 1) * spread.worlds / SOME
        print(f"| {count} | {bits * 1000:.2f} | {plain * 1000:.0f} | {plain / bits:.0f} |")
    system = product_of(6)
    graph = attack_graph(system, View.CURRENT)
    unsure = [s for s in graph.steps if s.probability < 1][:12]
    small = type(graph)(graph.nodes, tuple(unsure))
    spread = Spread(small, {})
    bits, exact = timed(lambda: spread.loss_once({})), timed(lambda: enumerate_worlds(small), 1)
    print(
        f"\n12 uncertain steps: by bits {bits * 1000:.3f} ms, exact enumeration {exact * 1000:.0f} ms, {exact / bits:.0f} times"
    )


def one_by_one(spread: Spread) -> None:
    for world in range(SOME):
        opened: nx.DiGraph = nx.DiGraph()
        opened.add_node(0)
        opened.add_edges_from((e.source, e.target) for e in spread._edges if e.open >> world & 1)
        nx.descendants(opened, 0)


def enumerate_worlds(graph) -> None:
    for worlds in every((False, True), repeat=len(graph.steps)):
        opened: nx.DiGraph = nx.DiGraph()
        opened.add_nodes_from(graph.nodes)
        opened.add_edges_from((s.source, s.target) for s, is_open in zip(graph.steps, worlds, strict=True) if is_open)
        nx.descendants(opened, ("source", "internet"))


def test_the_drawing():
    print("\n| components | drawing ms |\n| ---: | ---: |")
    for count in (12, 60, 80):
        system = product_of(count)
        assessment = assess(system, View.CURRENT)
        print(f"| {count} | {timed(lambda system=system, a=assessment: draw(system, a)) * 1000:.0f} |")
    print(f"peak memory of all benchmarks: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def draw(system, assessment) -> None:
    from reports.figures.layout import place_boxes

    place_boxes.cache_clear()
    draw_graph(system, assessment, "fr")
