"""The usual parts of a product that nobody described, assumed as they usually are: to leave one out is never rewarded.

Each is taken as others of its kind are, of which nobody said anything, and reaches what such a part usually reaches.
Describing one, with what it is linked to, takes its place.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from risk_models import catalogue
from risk_models.catalogue import Rates
from risk_models.product_file import derived_patcher
from risk_models.ranking.chances import RESET_BY_MAIL
from risk_models.ranking.facts import linked_components
from risk_models.scales import LIBRARIES, ComponentKind, Exposure, Hosting
from risk_models.system import Component, System

USUAL_PARTS = (
    ComponentKind.WORKSTATION,
    ComponentKind.FORGE,
    ComponentKind.HOST,
    ComponentKind.DNS,
    ComponentKind.MAIL,
)
_ASSUMED = "\x1e"  # no id of a product file holds it
_CODE = frozenset({ComponentKind.WEB, ComponentKind.API, ComponentKind.WORKER, ComponentKind.CMS})
_NAMED = frozenset({ComponentKind.WEB, ComponentKind.API, ComponentKind.CMS, ComponentKind.IDENTITY_PROVIDER})
# What does not run on the servers of a product.
_ELSEWHERE = LIBRARIES | {
    ComponentKind.WORKSTATION,
    ComponentKind.FORGE,
    ComponentKind.CI,
    ComponentKind.HOST,
    ComponentKind.NETWORK,
    ComponentKind.WAF,
    ComponentKind.CDN,
    ComponentKind.DNS,
    ComponentKind.PAGE_SCRIPT,
    ComponentKind.REMOTE_ACCESS,
    ComponentKind.HELP_DESK,
}


class Reach(NamedTuple):
    """What an assumed part can try: on which component, and by which step, on which measures there act."""

    target: str
    step: str
    chance: float


def assumed_kinds(system: System) -> tuple[ComponentKind, ...]:
    """The usual parts of which `system` describes none that is linked to anything."""
    linked = linked_components(system)
    described = {c.kind for c in system.components if c.id in linked}
    return tuple(kind for kind in USUAL_PARTS if kind not in described)


def assumed_id(kind: ComponentKind) -> str:
    """What names an assumed part in the graph."""
    return f"{_ASSUMED}{kind}"


def assumed_kind(component: str) -> ComponentKind | None:
    """The kind of an assumed part by its id in the graph; None for a component that is described."""
    return ComponentKind(component[1:]) if component.startswith(_ASSUMED) else None


def usual_part(kind: ComponentKind) -> Component:
    """A part as it usually is, of which nobody said anything."""
    hosting, exposure = catalogue.defaults_by_kind()[kind]
    return Component(assumed_id(kind), assumed_id(kind), kind, hosting, exposure, derived_patcher(hosting))


def reaches_of(system: System, kind: ComponentKind, exposure: Mapping[str, Exposure], rates: Rates) -> Iterator[Reach]:
    """What a usual part reaches, whether others are described or assumed beside it."""
    step, forward, targets = _ROLES[kind]
    rate = rates.steps[step]
    for target in targets(system, exposure):
        yield Reach(target, step, rate.forward if forward else rate.back)


def _administered(system: System, exposure: Mapping[str, Exposure]) -> Iterator[str]:
    assumed, linked = assumed_kinds(system), linked_components(system)
    for other in (ComponentKind.FORGE, ComponentKind.HOST):
        yield from (c.id for c in system.components if c.kind is other and c.id in linked)
        if other in assumed:
            yield assumed_id(other)


def _own(system: System) -> Iterator[Component]:
    return (c for c in system.components if c.hosting is not Hosting.SAAS)


def _deployed(system: System, exposure: Mapping[str, Exposure]) -> Iterator[str]:
    return (c.id for c in _own(system) if c.kind in _CODE)


def _hosted(system: System, exposure: Mapping[str, Exposure]) -> Iterator[str]:
    return (c.id for c in _own(system) if c.kind not in _ELSEWHERE)


def _named(system: System, exposure: Mapping[str, Exposure]) -> Iterator[str]:
    return (c.id for c in _own(system) if c.kind in _NAMED and exposure[c.id] is not Exposure.INTERNAL)


def _reset(system: System, exposure: Mapping[str, Exposure]) -> Iterator[str]:
    for c in _own(system):
        silent = c.accounts != () and c.resets != ()
        if silent and c.kind in RESET_BY_MAIL and exposure[c.id] is not Exposure.INTERNAL:
            yield c.id


# By kind: the step, whether it goes forward, and what it is tried on.
_ROLES: dict[ComponentKind, tuple[str, bool, Callable[[System, Mapping[str, Exposure]], Iterator[str]]]] = {
    ComponentKind.WORKSTATION: ("administers", True, _administered),
    ComponentKind.FORGE: ("deploys", True, _deployed),
    ComponentKind.HOST: ("runs_on", False, _hosted),
    ComponentKind.DNS: ("leads_to", True, _named),
    ComponentKind.MAIL: ("resets", False, _reset),
}
