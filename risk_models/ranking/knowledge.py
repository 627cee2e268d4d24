"""What is known of each measure on each component: held, lacking or unknown, and whether the team has it in hand.

Of an unknown measure, the share of components that usually have it counts, so that `done ≤ unknown ≤ lacking`.
"""

from collections.abc import Mapping
from functools import lru_cache

from risk_models import catalogue
from risk_models.catalogue import MeasureKind, Rates
from risk_models.ranking.facts import told_by_facts
from risk_models.scales import ComponentKind, ComponentState, Hosting, LinkKind, MeasureStatus, View
from risk_models.system import Component, System

Held = Mapping[tuple[str, str], float]
"""By (measure, component), how much of it holds, of what was said or shown: 1 whole, 0 lacking."""

_WEIGHTS = {
    MeasureStatus.DONE: 1.0,
    MeasureStatus.PARTIAL: 0.5,
    MeasureStatus.PLANNED: 0.0,
    MeasureStatus.TO_DO: 0.0,
}
_SHIELDS = frozenset({ComponentKind.WAF, ComponentKind.CDN})


def held_measures(system: System, view: View) -> dict[tuple[str, str], float]:
    """What was said or shown of each measure: a partial one counts for half, a lost proof takes its share.

    In the raw view, all that the team could do lacks, and all that was spoken of; in the target, what is planned counts as
    done. A flaw that the inventory holds is open, whatever is said of updates already made. A sign-in whose identity
    provider is said to lack a second factor lacks it, unless something else is said of it. A measure said not to apply is
    no more in place than one of which nothing is said, and is absent here. What the accounts, keys and state of a
    component tell counts too: what either denies lacks, and of two parts the greater is kept.
    """
    if view is View.RAW:
        return _nothing_held(system)
    weights = _WEIGHTS | ({MeasureStatus.PLANNED: 1.0} if view is View.TARGET else {})
    held: dict[tuple[str, str], float] = {}
    for m in system.measures:
        if m.status in weights and (m.status is MeasureStatus.PLANNED or not mends_flaws(m.measure)):
            weight = weights[m.status] * catalogue.proof_weight(m.proof)
            for c in m.on:
                held[m.measure, c] = max(weight, held.get((m.measure, c), 0.0))
    awaited = {(m.measure, c) for m in system.measures if m.status is MeasureStatus.PLANNED for c in m.on}
    for key, told in told_by_facts(system).items():
        if view is not View.TARGET or key not in awaited:
            said = held.get(key, told)
            held[key] = max(told, said) if told and said else 0.0
    held |= dict.fromkeys((("waf", c) for c in _shielded(system)), 1.0)
    lacking = {c for (measure, c), weight in held.items() if measure == "mfa" and not weight}
    not_for_us = {c for m in system.measures if m.measure == "mfa" and m.status not in weights for c in m.on}
    passed_on = {k.source for k in system.links if k.kind is LinkKind.AUTHENTICATES_WITH and k.target in lacking}
    return {("mfa", c): 0.0 for c in sorted(passed_on - not_for_us)} | held


def _nothing_held(system: System) -> dict[tuple[str, str], float]:
    possible = {
        (m.id, c.id)
        for c in system.components
        for m in catalogue.measures().values()
        if concerns(m, c) and team_can_set(m, c)
    }
    spoken_of = {(m.measure, c) for m in system.measures for c in m.on} | {("waf", c) for c in _shielded(system)}
    spoken_of |= told_by_facts(system).keys()
    return dict.fromkeys(sorted(possible | spoken_of), 0.0)


def mends_flaws(measure: str) -> bool:
    """Whether a measure, once done, is seen in the inventory: the flaw, or the old version, is out of it."""
    kind = catalogue.measures().get(measure)
    return kind is not None and kind.mends_flaws


def _shielded(system: System) -> list[str]:
    """What a firewall or a network of delivery is drawn in front of."""
    shields = {c.id for c in system.components if c.kind in _SHIELDS}
    return [k.source for k in system.links if k.kind is LinkKind.PROTECTED_BY and k.target in shields]


def share_held(held: Held, rates: Rates, measure: str, component: str) -> float:
    """How much of `measure` holds on `component`: what is known of it, else what is usual.

    A part of it is never worth less than what is usual of one that nobody spoke of.
    """
    usual = rates.usual.get(measure, 0.0)
    known = held.get((measure, component))
    if known is None:
        return usual
    return max(known, usual) if known else 0.0


def change_by(kind: MeasureKind, rates: Rates, before: float, after: float) -> dict[str, float]:
    """By step, what the steps into a component become when the share that holds of a measure goes from one to another."""
    found: dict[str, float] = {}
    for effect in kind.effects:
        full = rates.effectiveness[effect.figure]
        factor = 1.0 if before == after else (1 - full * after) / (1 - full * before)
        for step in effect.steps:
            found[step] = found.get(step, 1.0) * factor
    return found


def acts_on(kind: MeasureKind, c: Component) -> bool:
    """Whether a measure may change something on `c`, which is for its steps to say; what is in use cannot be switched off."""
    return not kind.organisational and (kind.about != "state" or c.state not in {None, ComponentState.IN_USE})


def concerns(kind: MeasureKind, c: Component) -> bool:
    """Whether a measure acts on `c`, and the fact that it is about, if any, was said of it."""
    said = {"accounts": bool(c.accounts), "tokens": any(t.lasting for t in c.tokens or ())}
    return kind.applies_to(c.kind) and acts_on(kind, c) and said.get(kind.about or "", True)


def team_can_set(kind: MeasureKind, c: Component) -> bool:
    """Whether the team can put a measure in place on `c`, by who hosts it and who keeps its settings."""
    # What runs a platform is its publisher's, as a service on line is.
    hosting = Hosting.SAAS if c.kind is ComponentKind.HOST and c.hosting is Hosting.PAAS else c.hosting
    return hosting in kind.hostings and not (hosting is Hosting.SAAS and _kept_by_others(c.name))


# Shorter names are found within others' by chance.
_LONG_NAME = 6


@lru_cache(maxsize=4096)
def _kept_by_others(name: str) -> bool:
    """Whether a name is, or holds, that of a public service in which a team has no setting to change."""
    said = _letters(name)
    known = {_letters(one) for one in catalogue.names_kept_by_others()}
    return said in known or any(one in said for one in known if len(one) >= _LONG_NAME)


def _letters(name: str) -> str:
    return "".join(ch for ch in name.lower() if ch.isalnum())
