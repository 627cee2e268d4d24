"""What everything hangs from: components whose stop takes an asset from all its users, and what depends on what."""

from collections import defaultdict
from typing import TYPE_CHECKING

from risk_models.assessment import SinglePointOfFailure
from risk_models.ranking.attack_graph import MISUSE
from risk_models.ranking.chances import effective_exposure
from risk_models.scales import Exposure, LinkKind
from risk_models.system import System

if TYPE_CHECKING:
    import networkx as nx

_USERS, _GOAL = "\x00users", "\x00asset"


def single_points_of_failure(system: System) -> tuple[SinglePointOfFailure, ...]:
    """Dominators from users to each asset over calls, reads and writes, and the hosts they all run on."""
    import networkx as nx

    exposure = effective_exposure(system)
    uses: nx.DiGraph[str] = nx.DiGraph()
    uses.add_nodes_from(c.id for c in system.components)
    uses.add_edges_from((k.source, k.target) for k in system.links if k.kind in MISUSE)
    hosts: nx.DiGraph[str] = nx.DiGraph()
    hosts.add_edges_from((k.source, k.target) for k in system.links if k.kind is LinkKind.RUNS_ON)
    stopped: dict[str, list[str]] = defaultdict(list)
    for asset in system.assets:
        functional: nx.DiGraph[str] = nx.DiGraph()
        for store in asset.lives_in:
            behind = nx.ancestors(uses, store)
            doors = {c for c in behind if exposure[c] is not Exposure.INTERNAL}
            if exposure[store] is not Exposure.INTERNAL or not doors:
                doors.add(store)
            functional.add_edges_from(uses.subgraph({store, *behind}).edges)
            functional.add_edges_from((_USERS, door) for door in doors)
            functional.add_edge(store, _GOAL)
        if asset.lives_in:
            for component in _with_hosts(hosts, _dominators(functional)):
                stopped[component].append(asset.id)
    found = [SinglePointOfFailure(c, tuple(sorted(assets))) for c, assets in stopped.items()]
    return tuple(sorted(found, key=lambda s: (-len(s.assets), s.component)))


def count_dependents(system: System) -> dict[str, int]:
    """By component, how many others reach it over links, directly or not, each counted once."""
    import networkx as nx

    links: nx.DiGraph[str] = nx.DiGraph()
    links.add_nodes_from(c.id for c in system.components)
    links.add_edges_from((k.source, k.target) for k in system.links)
    place = {c.id: 1 << n for n, c in enumerate(system.components)}
    reaching: dict[str, int] = {}
    # Groups come with those they lead to first; who reaches a group is known once the groups before it are.
    for group in reversed(list(nx.strongly_connected_components(links))):
        before = 0
        for member in group:
            before |= place[member]
            for source in links.predecessors(member):
                before |= reaching.get(source, 0)
        reaching |= dict.fromkeys(group, before)
    return {c: found.bit_count() - 1 for c, found in reaching.items()}


def _dominators(functional: "nx.DiGraph[str]") -> set[str]:
    from networkx import immediate_dominators

    immediate = immediate_dominators(functional, _USERS)
    found, node = set(), immediate[_GOAL]
    while node is not None and node != _USERS:
        found.add(node)
        node = immediate[node]
    return found


def _with_hosts(hosts: "nx.DiGraph[str]", components: set[str]) -> set[str]:
    from networkx import descendants

    return components.union(*(descendants(hosts, c) for c in components if c in hosts))
