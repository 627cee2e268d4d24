"""Over many products: the shared third party whose fall would cost the community most."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from risk_models.ranking.assess import loss_weights
from risk_models.ranking.attack_graph import AttackGraph, AttackStep, attack_graph
from risk_models.ranking.propagation import Spread
from risk_models.scales import ComponentKind, Hosting, View
from risk_models.system import Component, System

_OWN = frozenset({ComponentKind.WORKSTATION, ComponentKind.WEB, ComponentKind.API, ComponentKind.WORKER})


@dataclass(frozen=True, slots=True)
class SharedThirdParty:
    """`cost_if_taken`: points lost by all products the day it falls; `loss_avoided`: points a year were it hardened."""

    name: str
    products: tuple[str, ...]
    cost_if_taken: float
    loss_avoided: float


def third_party(c: Component) -> str | None:
    """The name under which products share `c`: its supplier, or the software that others publish; None for own code."""
    if c.kind in _OWN:
        return c.supplier.strip() if c.supplier and c.hosting is Hosting.SAAS else None
    if c.hosting in {Hosting.SAAS, Hosting.PAAS} and c.supplier:
        return c.supplier.strip()
    if c.purl:
        return c.purl.split("@")[0].rsplit("/", 1)[-1]
    return c.supplier.strip() if c.supplier else None


def shared_third_parties(systems: Iterable[System]) -> tuple[SharedThirdParty, ...]:
    """Third parties of at least two of `systems`, the costliest first, then by name."""
    using: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    labels: dict[str, str] = {}
    products = list(systems)
    for number, system in enumerate(products):
        for c in system.components:
            name = third_party(c)
            if name:
                labels.setdefault(name.casefold(), name)
                using[name.casefold()][number].append(c.id)
    shared = {name: users for name, users in using.items() if len(users) > 1}
    costs: dict[str, list[float]] = {name: [0.0, 0.0] for name in shared}
    for number, system in enumerate(products):
        here = {name: users[number] for name, users in shared.items() if number in users}
        for name, (cost, avoided) in _costs(system, here).items():
            costs[name][0] += cost
            costs[name][1] += avoided
    found = [
        SharedThirdParty(labels[name], tuple(sorted(products[n].product.name for n in users)), *costs[name])
        for name, users in shared.items()
    ]
    return tuple(sorted(found, key=lambda t: (-t.cost_if_taken, t.name)))


def _costs(system: System, by_name: dict[str, list[str]]) -> dict[str, tuple[float, float]]:
    """By third party: what is lost the day all its components are taken, and loss avoided were they hardened."""
    if not by_name:
        return {}
    graph, weights = attack_graph(system, View.CURRENT), loss_weights(system)
    spread = Spread(graph, weights)
    avoided = spread.without(
        [{e: w for c in components for e, w in spread.hardened(c).items()} for components in by_name.values()]
    )
    fallen = [Spread(_taken(graph, components), weights) for components in by_name.values()]
    costs = [sum(w * day.reached_share(node) for node, w in weights.items()) for day in fallen]
    return dict(zip(by_name, zip(costs, avoided, strict=True), strict=True))


def _taken(graph: AttackGraph, components: list[str]) -> AttackGraph:
    """The day all these components are taken, and nothing else happens."""
    sure = tuple(AttackStep(("source", "supply"), ("taken", c), "entry", 1.0) for c in components)
    return replace(graph, steps=(*sure, *(s for s in graph.steps if s.source[0] != "source")))
