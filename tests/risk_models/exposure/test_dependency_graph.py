"""How a package came in: beside networkx, which walks the same graphs another way."""

from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_models.exposure.dependency_graph import DependencyGraph

SOME = st.integers(1, 12)
GRAPHS = st.tuples(st.sets(SOME, max_size=4), st.sets(st.tuples(SOME, SOME), max_size=30))


def made(imports, edges) -> DependencyGraph:
    return DependencyGraph(sorted(imports), [a for a, _ in edges], [b for _, b in edges])


def walked(imports, edges) -> tuple[nx.DiGraph, set[int]]:
    """Its like, and where its ways begin for what no import leads to: what nothing needs."""
    graph = nx.DiGraph((a, b) for a, b in edges if a != b)
    graph.add_nodes_from(imports)
    reached = imports.union(*(nx.descendants(graph, one) for one in imports))
    return graph, {n for n in graph if not graph.in_degree(n) and graph.out_degree(n)} - reached


@given(GRAPHS)
def test_what_is_packed_is_found_again(given):
    imports, edges = given
    graph = DependencyGraph.unpack(made(imports, sorted(edges)).pack())
    assert set(graph.imports) == imports
    assert set(graph.edges) == {(a, b) for a, b in edges if a != b}


@given(GRAPHS)
def test_a_package_came_by_the_import_that_is_nearest(given):
    imports, edges = given
    like, firsts = walked(imports, edges)
    found = made(imports, edges).find_bringers()
    for package in like:
        ways = {}
        for begins in (imports, firsts):
            ways = ways or {
                b: nx.shortest_path_length(like, b, package) for b in begins if nx.has_path(like, b, package)
            }
        nearest = {b for b, length in ways.items() if length == min(ways.values())} - (firsts & {package})
        assert found.get(package) in (nearest or {None})
    assert found.keys() <= set(like)


@given(GRAPHS, SOME)
def test_each_import_that_leads_to_a_package_gives_its_shortest_way(given, package):
    imports, edges = given
    like, _ = walked(imports, edges)
    paths, count = made(imports, edges).find_paths(package, 100)
    assert count == len(paths)
    assert [len(path) for path in paths] == sorted(len(path) for path in paths)
    for path in paths:
        assert path[-1] == package
        assert all(like.has_edge(a, b) for a, b in pairwise(path))
        assert len(path) - 1 == nx.shortest_path_length(like, path[0], package)
    leading = {n for n in imports if n in like and package in like and nx.has_path(like, n, package)}
    if leading:
        assert {path[0] for path in paths} == leading
    else:
        assert {path[0] for path in paths} == {
            n for n in like if n != package and not like.in_degree(n) and package in nx.descendants(like, n)
        }


@given(GRAPHS)
def test_what_is_reached_is_all_that_is_needed(given):
    imports, edges = given
    like, _ = walked(imports, edges)
    expected = imports.union(*(nx.descendants(like, one) for one in imports))
    assert made((), edges).find_reached(imports) == expected


def test_only_the_first_ways_are_told():
    graph = made({1, 2, 3, 4}, [(n, 9) for n in (1, 2, 3, 4)])
    assert graph.find_paths(9, 3) == ([[1, 9], [2, 9], [3, 9]], 4)
    assert graph.find_paths(1, 3) == ([[1]], 1)
    assert graph.find_paths(77, 3) == ([], 0)


@pytest.mark.parametrize("graph", [made((), ()), made({5}, ())])
def test_a_graph_without_edges_has_no_ways_but_its_imports(graph):
    assert DependencyGraph.unpack(graph.pack()).find_bringers() == {n: n for n in graph.imports}


def test_a_long_chain_is_walked_to_its_end():
    length = 50_000
    graph = made({1}, [(n, n + 1) for n in range(1, length)])
    assert set(graph.find_bringers().values()) == {1}
    assert len(graph.find_paths(4_000, 3)[0][0]) == 4_000
    assert graph.find_paths(length, 3) == ([], None), "nobody looks so far"
