"""The chances of a year that the rates give: how threats enter a component, how exposed and flawed it is, what links let try.

The table of docs/ranking.md, before any measure.
"""

from risk_models.catalogue import Rates
from risk_models.ranking.facts import existing_accounts
from risk_models.scales import (
    LIBRARIES,
    AccountHolder,
    AccountReach,
    AskedFactor,
    ComponentKind,
    Exposure,
    Hosting,
    LinkKind,
)
from risk_models.system import Component, System

_OPENNESS = {Exposure.INTERNAL: 0, Exposure.AUTHENTICATED: 1, Exposure.INTERNET: 2}
# Lower bounds of the two highest levels of CVSS 3.1 and 4.0 (FIRST).
_CRITICAL, _HIGH = 9.0, 7.0


def effective_exposure(system: System) -> dict[str, Exposure]:
    """Each component's exposure; a library is as exposed as the most exposed of what embeds it."""
    exposure = {c.id: c.exposure for c in system.components}
    libraries = {c.id for c in system.components if c.kind in LIBRARIES}
    embeds = [k for k in system.links if k.kind is LinkKind.EMBEDS and k.target in libraries]
    changed = True
    while changed:
        changed = False
        for link in embeds:
            if _OPENNESS[exposure[link.source]] > _OPENNESS[exposure[link.target]]:
                exposure[link.target] = exposure[link.source]
                changed = True
    return exposure


def hosting_tier(c: Component) -> str:
    return {Hosting.SAAS: "saas", Hosting.PAAS: "paas"}.get(c.hosting, "self_hosted")


def flaw_probability(c: Component, rates: Rates) -> float:
    """Probability that a known flaw of `c` is exploited within a year, EPSS being the odds of somewhere; KEV has its floor."""
    none = 1.0
    for v in {v.id: v for v in c.vulnerabilities}.values():
        p = rates.internet
        here = p.epss_unknown[_band(v.cvss)] if v.epss is None else v.epss * p.epss_here
        none *= 1 - max(here, p.kev_floor if v.kev else 0.0)
    return 1 - none


def _band(cvss: float | None) -> str:
    return "critical" if cvss and cvss >= _CRITICAL else "high" if cvss and cvss >= _HIGH else "other"


def past_end_of_life(system: System, c: Component) -> bool:
    return bool(c.eol and system.as_of and c.eol.is_past(system.as_of))


def entry_chances(c: Component, exposure: Exposure, p: Rates) -> dict[str, float]:
    """By threat, the chance that it takes `c` from outside; known flaws, end of life and leaked secrets apart."""
    on_premise = c.hosting is Hosting.ON_PREMISE
    return {
        "internet": _internet(c, exposure, p),
        "credentials": _credentials(c, exposure, p),
        "phishing": p.phishing.get(c.kind, 0.0),
        "supply": _supply(c, p),
        "insider": p.insider.get(c.kind, 0.0),
        "physical": max(p.physical.get(c.kind, 0.0), p.physical_on_premise if on_premise else 0.0),
    }


def _supply(c: Component, p: Rates) -> float:
    """Of a library that no purl names, the packages of a lot."""
    if c.kind is ComponentKind.LIBRARY and not c.purl:
        return p.supply_package_set
    return max(p.supply.get(c.kind, 0.0), p.supply_saas if c.hosting is Hosting.SAAS else 0.0)


def _internet(c: Component, exposure: Exposure, rates: Rates) -> float:
    if exposure is Exposure.INTERNAL:
        return 0.0
    p = rates.internet
    base = 0.0 if c.kind in LIBRARIES else p.rates[hosting_tier(c)]
    if c.kind in p.open_store_kinds and exposure is Exposure.INTERNET:
        base = max(base, p.open_store)
    if c.kind in p.targeted_kinds:
        base = min(1.0, base * p.targeted_factor)
    return base * access_share(exposure, rates) * state_factor(c, rates)


def state_factor(c: Component, rates: Rates) -> float:
    """What strangers and stolen accounts find of what nobody looks at, beside what is in use."""
    return rates.states.get(c.state, 1.0) if c.state else 1.0


# The rate is that of a small team; more accounts than this change little more.
_FEW, _MANY = 5, 80
_PROGRAM_WITH_A_PASSWORD = (AccountHolder.MACHINES, AskedFactor.NONE)


def _credentials(c: Component, exposure: Exposure, rates: Rates) -> float:
    """By whose accounts see everything and how many, where somebody said; where nobody signs in, none is stolen."""
    accounts = existing_accounts(c)
    if exposure is Exposure.INTERNAL or (c.accounts is not None and not accounts):
        return 0.0
    p = rates.accounts
    seeing_all = [a for a in accounts if a.reach is AccountReach.ALL]
    of_staff = [a for a in accounts if a in seeing_all or a.who is not AccountHolder.USERS]
    many: float = (min(max(sum(a.count or 0 for a in of_staff), _FEW), _MANY) / _FEW) ** p.many
    whose = [p.users for a in seeing_all if a.who is AccountHolder.USERS]
    whose += [p.suppliers for a in accounts if a.who is AccountHolder.SUPPLIERS]
    whose += [p.machines for a in seeing_all if (a.who, a.second_factor) == _PROGRAM_WITH_A_PASSWORD]
    return rates.credentials.get(c.kind, 0.0) * state_factor(c, rates) * many * max(whose, default=1.0)


def access_share(exposure: Exposure, rates: Rates) -> float:
    """The share of what strangers try that a sign-in lets through."""
    return rates.internet.authenticated_factor if exposure is Exposure.AUTHENTICATED else 1.0


# What people sign in to, and whose forgotten passwords a mail sets again.
RESET_BY_MAIL = frozenset({ComponentKind.IDENTITY_PROVIDER, ComponentKind.WEB, ComponentKind.LOW_CODE})


# What reads or calls one of these builds or installs what it holds; a workstation is counted by who uses it.
_TAKES = frozenset({LinkKind.READS, LinkKind.CALLS})
_BUILT_FROM = frozenset({ComponentKind.FORGE, ComponentKind.REGISTRY, ComponentKind.PACKAGE_SET})
# However one says that a name leads to a front.
_NAMED_BY = frozenset({LinkKind.CALLS, LinkKind.READS, LinkKind.RUNS_ON, LinkKind.PROTECTED_BY})


def way_ahead(source: Component, kind: LinkKind) -> str:
    """What the source of a link can try on its target: a remote access stands on the network of what it leads to."""
    return "enters" if source.kind is ComponentKind.REMOTE_ACCESS and kind is LinkKind.CALLS else kind.value


def way_back(source: Component, target: Component, kind: LinkKind) -> str:
    """What the target of a link can try on its source, beside the link itself.

    A script in its pages, what it builds from, a mail that resets its accounts, a name or a network kept by others that
    leads its users away.
    """
    if is_script(source, target, kind):
        told = kind is LinkKind.EMBEDS or target.kind is ComponentKind.PAGE_SCRIPT
        return "scripts" if told else "called_scripts"
    if kind in _TAKES and target.kind in _BUILT_FROM and source.kind is not ComponentKind.WORKSTATION:
        return "builds_from"
    if kind is LinkKind.CALLS and target.kind is ComponentKind.NETWORK and target.hosting is Hosting.SAAS:
        return "diverts"
    if kind in _NAMED_BY and target.kind is ComponentKind.DNS:
        return "diverts"
    if kind is LinkKind.CALLS and target.kind is ComponentKind.MAIL and source.kind in RESET_BY_MAIL:
        return "resets"
    return kind.value


# The steps of what others serve to the pages that run it.
SCRIPTS = frozenset({"scripts", "called_scripts"})
_PAGES = frozenset({ComponentKind.WEB, ComponentKind.CMS})
_SERVED_TO_PAGES = frozenset(
    {ComponentKind.EXTERNAL_API, ComponentKind.BI, ComponentKind.MONITORING, ComponentKind.CDN, ComponentKind.LOW_CODE}
)


def is_script(page: Component, other: Component, kind: LinkKind) -> bool:
    """Whether `other` is, or may be, a script that others serve to the pages of `page` at each visit."""
    if kind is LinkKind.EMBEDS:
        return other.kind not in LIBRARIES or (other.kind is ComponentKind.LIBRARY and other.hosting is Hosting.SAAS)
    if other.kind is ComponentKind.PAGE_SCRIPT:
        return kind is LinkKind.CALLS
    open_to_browsers = other.hosting is Hosting.SAAS and other.exposure is Exposure.INTERNET
    return kind is LinkKind.CALLS and page.kind in _PAGES and other.kind in _SERVED_TO_PAGES and open_to_browsers
