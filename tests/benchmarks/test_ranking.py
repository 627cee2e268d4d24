"""How long the ranking takes; run by `make bench`, skipped otherwise. Ratios side by side, no assertion on time."""

import time

import networkx as nx
import pytest

from risk_models import assess, ranking
from risk_models.attack_graph import attack_graph, probability
from risk_models.propagation import Spread
from risk_models.sampling import open_worlds
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, Patcher, Severity, View
from risk_models.system import Component, EssentialAsset, Link, Product, System


@pytest.fixture(autouse=True)
def only_when_asked(request):
    if not request.config.getoption("--benchmarks"):
        pytest.skip("benchmarks run with make bench")


def system_of(count: int) -> System:
    """`count` components in three layers, two and a half links each, ten assets."""
    kinds = (ComponentKind.WEB, ComponentKind.API, ComponentKind.DATABASE)
    exposures = (Exposure.INTERNET, Exposure.AUTHENTICATED, Exposure.INTERNAL)
    components = tuple(
        Component(f"c{i}", f"c{i}", kinds[i % 3], Hosting.IAAS, exposures[i % 3], Patcher.TEAM) for i in range(count)
    )
    links = tuple(
        Link(f"c{i}", f"c{(i * 7 + 1 + 3 * j) % count}", (LinkKind.CALLS, LinkKind.READS, LinkKind.WRITES)[j])
        for i in range(count)
        for j in range(2 + i % 2)
        if (i * 7 + 1 + 3 * j) % count != i
    )
    assets = tuple(
        EssentialAsset(f"a{i}", f"a{i}", (f"c{i * count // 10}",), Severity(3), Severity(2), Severity(1))
        for i in range(10)
    )
    return System(Product("p", "P"), components, links, assets)


def timed(run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@pytest.mark.parametrize("count", [12, 60])
def test_a_full_assessment(count):
    system = system_of(count)
    open_worlds.cache_clear()
    ranking.assess.cache_clear()
    cold = timed(lambda: assess(system))
    ranking.assess.cache_clear()
    warm = timed(lambda: assess(system))
    print(
        f"\nfull assessment, {count} components: {cold * 1000:.0f} ms cold, {warm * 1000:.0f} ms with sampled numbers kept"
    )


def test_bits_against_one_world_at_a_time():
    graph = attack_graph(system_of(60), View.CURRENT)
    Spread(graph)
    bits = timed(lambda: Spread(graph))
    worlds = 200

    def one_by_one():
        import random

        drawn = random.Random(1)
        for _ in range(worlds):
            open_graph = nx.DiGraph(
                (u, v) for u, v, d in graph.edges(data=True) if drawn.random() < probability(d["steps"])
            )
            open_graph.add_node("all")
            open_graph.add_edges_from(("all", n) for n in list(open_graph) if n[0] == "source")
            nx.descendants(open_graph, "all")

    plain = timed(one_by_one) / worlds * 16384
    print(
        f"\n16,384 worlds, 60 components: bits {bits * 1000:.1f} ms, networkx world by world {plain:.1f} s, {plain / bits:.0f} times"
    )
