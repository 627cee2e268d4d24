"""What the facts of a component tell of measures: a sign-in said to ask no code lacks one, whoever says what of it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from risk_models import catalogue
from risk_models.scales import (
    AccountHolder,
    AccountReach,
    AskedFactor,
    ComponentKind,
    ComponentState,
    Hosting,
    LinkKind,
    MeasureStatus,
)
from risk_models.system import Accounts, Component, System

# A test says nothing of what was written since: whole for a year and a half, half until three years.
_TESTED, _TESTED_LONG_AGO = timedelta(days=548), timedelta(days=1096)
# Whose accounts should not see everybody's data: nobody of the product watches them.
_OTHERS = frozenset({AccountHolder.USERS, AccountHolder.SUPPLIERS, AccountHolder.MACHINES})
# Where an account that sees only its own gives nothing else: a gateway or a directory lets in, whatever one sees there.
_SHOWS_EACH_ITS_OWN = frozenset(
    {
        ComponentKind.WEB,
        ComponentKind.API,
        ComponentKind.CMS,
        ComponentKind.MAIL,
        ComponentKind.STORAGE,
        ComponentKind.LOW_CODE,
        ComponentKind.EXTERNAL_API,
    }
)
# Places not made to keep keys; of a kind that nobody said, such as a vault may be, nothing is told.
_NOT_FOR_KEYS = frozenset(
    {
        ComponentKind.FORGE,
        ComponentKind.REGISTRY,
        ComponentKind.STORAGE,
        ComponentKind.WORKSTATION,
        ComponentKind.LOW_CODE,
        ComponentKind.MAIL,
        ComponentKind.LOGGING,
        ComponentKind.HELP_DESK,
    }
)


def told_by_facts(system: System) -> dict[tuple[str, str], float]:
    """By (measure, component), how much of it holds by the facts of that component; silent facts tell nothing."""
    found: dict[tuple[str, str], float] = {}
    for c in system.components:
        told = _by_accounts(c) | {
            "token_rotation": _by_tokens(c),
            "dormant_removal": None if c.state in {None, ComponentState.IN_USE} else 0.0,
            "secrets_manager": 0.0 if left_keys(c) else None,
            "pentest": _by_last_test(system, c),
        }
        for measure, share in told.items():
            if share is not None and catalogue.measures()[measure].applies_to(c.kind):
                found[measure, c.id] = share
    return found


def left_keys(c: Component) -> tuple[str, ...]:
    """What the keys kept in a component that is no place for keys open."""
    return c.opened if c.kind in _NOT_FOR_KEYS else ()


def linked_components(system: System) -> set[str]:
    """The components that a link, a key or a lost password joins to another."""
    linked = {end for k in system.links for end in (k.source, k.target)}
    for c in system.components:
        if others := {*c.opened, *c.reset_by}:
            linked |= {c.id, *others}
    return linked


def existing_accounts(c: Component) -> list[Accounts]:
    """The accounts of `c` that somebody may sign in with: those of a kind that is signed in to, and not said to be none."""
    signed_in_to = c.kind in catalogue.rates().credentials
    return [a for a in c.accounts or () if a.count != 0 and signed_in_to]


def factors_asked(c: Component) -> set[AskedFactor | None]:
    """What the sign-ins of `c` ask of people; of users who see only what is their own, where they may keep a password, the good."""
    found: set[AskedFactor | None] = set()
    for a in existing_accounts(c):
        own_users = a.who is AccountHolder.USERS and a.reach is AccountReach.OWN
        silent = own_users and a.second_factor in {None, AskedFactor.NONE}
        if a.who is not AccountHolder.MACHINES and not silent:  # no program has a second factor
            found.add(a.second_factor)
    return found


def _by_accounts(c: Component) -> dict[str, float | None]:
    """A code is what most sign-ins ask: it is no lack, and what resists more is worth asking about."""
    accounts, asked = existing_accounts(c), factors_asked(c)
    own = all(a.reach is AccountReach.OWN for a in accounts)
    kept_apart = bool(accounts) and own and c.kind in _SHOWS_EACH_ITS_OWN
    given_away = any(a.reach is AccountReach.ALL and a.who in _OTHERS for a in accounts)
    unknown = not asked or None in asked
    return {
        "mfa": 0.0 if AskedFactor.NONE in asked else None if unknown else 1.0,
        "resistant_mfa": 1.0 if asked == {AskedFactor.RESISTANT} else None,
        "account_reach": 0.0 if given_away else 1.0 if kept_apart else None,
    }


def _by_tokens(c: Component) -> float | None:
    lasting = {t.lasting for t in c.tokens or ()}
    return 0.0 if True in lasting else 1.0 if lasting == {False} else None


def _by_last_test(system: System, c: Component) -> float | None:
    if not c.last_tested or not system.as_of:
        return None
    since = system.as_of - c.last_tested
    if since.days < 0:
        return None
    return 1.0 if since <= _TESTED else 0.5 if since <= _TESTED_LONG_AGO else 0.0


def doubtful_facts(system: System) -> Iterator[tuple[str, Component, str]]:
    """What is said and cannot serve as it is: the code of a warning, the component, and a measure where there is one."""
    signed_in_to = catalogue.rates().credentials
    powerless = {k.target for k in system.links if k.kind not in _TAKEN_FROM}
    powerless -= {k.source for k in system.links} | {k.target for k in system.links if k.kind in _TAKEN_FROM}
    leading = {k.source for k in system.links if k.kind is LinkKind.LEADS_TO}
    yield from _doubtful_measures(system)
    for c in system.components:
        if c.last_tested and system.as_of and c.last_tested > system.as_of:
            yield "tested_in_the_future", c, ""
        if c.id in leading and c.kind is not ComponentKind.DNS:
            yield "leads_to_of_no_name", c, ""
        if c.accounts and c.kind not in signed_in_to:
            yield "accounts_where_nobody_signs_in", c, ""
        if any(not s.opens for s in c.secrets or ()):
            yield "secret_opens_nothing", c, ""
        if c.kind is ComponentKind.FORGE and c.id in powerless:
            yield "forge_without_power", c, ""
        if c.kind is ComponentKind.LIBRARY and c.hosting is Hosting.SAAS:
            yield "script_called_a_library", c, ""


def _doubtful_measures(system: System) -> Iterator[tuple[str, Component, str]]:
    """Measures that the facts of their component deny, and those said in two ways."""
    said: dict[str, dict[str, set[MeasureStatus]]] = defaultdict(lambda: defaultdict(set))
    for m in system.measures:
        for on in m.on:
            said[on][m.measure].add(m.status)
    told = told_by_facts(system)
    for c in system.components:
        for measure, states in sorted(said[c.id].items()):
            if MeasureStatus.DONE in states and told.get((measure, c.id)) == 0:
                yield "measure_denied", c, measure
            if len(states) > 1:
                yield "said_twice", c, measure


# Who reads or calls a forge builds from it.
_TAKEN_FROM = frozenset({LinkKind.READS, LinkKind.CALLS, LinkKind.EMBEDS})
