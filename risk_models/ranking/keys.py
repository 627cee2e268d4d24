"""What keys and lost passwords open: secrets kept somewhere, tokens never taken back, whoever gives access again."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from risk_models.catalogue import Rates
from risk_models.scales import LIBRARIES, AccountReach, Authentication, DataKind, Exposure
from risk_models.system import Component, System

# What a secret opens when somebody else has it: what keys open, and can be reached from outside.
_KEYS = frozenset({Authentication.PASSWORD, Authentication.TOKEN})


class KeyStep(NamedTuple):
    """One try with a key, before any measure; `by`: what measures act on, `through`: where the key was kept."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    kind: str
    chance: float
    by: tuple[tuple[str, str], ...]
    through: str | None = None


def key_steps(
    system: System, components: Mapping[str, Component], exposure: Mapping[str, Exposure], rates: Rates
) -> Iterator[KeyStep]:
    """A secret that leaks, or is read by who holds what keeps it, opens what it is said to open, or what keys open."""
    guessed = {
        k.target
        for k in system.links
        if k.authentication in _KEYS
        and exposure[k.target] is not Exposure.INTERNAL
        and components[k.target].kind not in LIBRARIES
    }
    for c in system.components:
        kept = guessed if DataKind.SECRET in c.data and c.kind in rates.leak else set()
        for target in sorted({*c.opened} | kept - {c.id}):
            by, there = ((c.id, "leak"), (target, "leak")), ("taken", target)
            if exposure[target] is not Exposure.INTERNAL:
                leak = rates.leak.get(c.kind, rates.leak_running)
                yield KeyStep(("source", "leak", c.id), there, "leak", leak, by, c.id)
            yield KeyStep(("taken", c.id), there, "secrets", rates.steps["secrets"].forward, by)
        yield from _lasting_tokens(c, exposure[c.id], rates)
        for giver in sorted(c.reset_by):
            back = rates.steps["said_resets"].back
            yield KeyStep(("taken", giver), ("taken", c.id), "said_resets", back, ((c.id, "resets"),))


def _lasting_tokens(c: Component, exposure: Exposure, rates: Rates) -> Iterator[KeyStep]:
    """A lasting key copied somewhere still opens, second factor or not; one that sees only its own opens less."""
    lasting = [t for t in c.tokens or () if t.lasting]
    if lasting and exposure is not Exposure.INTERNAL:
        own_only = all(t.reach is AccountReach.OWN for t in lasting)
        chance = rates.lasting_token * (rates.accounts.own_only if own_only else 1.0)
        yield KeyStep(("source", "leak", c.id), ("taken", c.id), "leak", chance, ((c.id, "leak"),))
