"""The chances of a year that the rates give: how threats enter a component, how exposed and flawed it is, what links let try.

The table of docs/ranking.md, before any measure.
"""

from risk_models.catalogue import Rates
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind
from risk_models.system import Component, System

_OPENNESS = {Exposure.INTERNAL: 0, Exposure.AUTHENTICATED: 1, Exposure.INTERNET: 2}
# Lower bounds of the two highest levels of CVSS 3.1 and 4.0 (FIRST).
_CRITICAL, _HIGH = 9.0, 7.0


def effective_exposure(system: System) -> dict[str, Exposure]:
    """Each component's exposure; a library is as exposed as the most exposed of what embeds it."""
    exposure = {c.id: c.exposure for c in system.components}
    libraries = {c.id for c in system.components if c.kind is ComponentKind.LIBRARY}
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
    """Probability that a known flaw of `c` is exploited within a year: 1 − ∏(1 − EPSS), with KEV's floor."""
    none = 1.0
    for v in {v.id: v for v in c.vulnerabilities}.values():
        epss = v.epss if v.epss is not None else rates.internet.epss_unknown[_band(v.cvss)]
        none *= 1 - max(epss, rates.internet.kev_floor if v.kev else 0.0)
    return 1 - none


def _band(cvss: float | None) -> str:
    return "critical" if cvss and cvss >= _CRITICAL else "high" if cvss and cvss >= _HIGH else "other"


def past_end_of_life(system: System, c: Component) -> bool:
    return bool(c.eol and c.eol.date and system.as_of and c.eol.date < system.as_of)


def entry_chances(c: Component, exposure: Exposure, p: Rates) -> dict[str, float]:
    """By threat, the chance that it takes `c` from outside; known flaws, end of life and leaked secrets apart."""
    on_premise = c.hosting is Hosting.ON_PREMISE
    return {
        "internet": _internet(c, exposure, p),
        "credentials": p.credentials.get(c.kind, 0.0) if exposure is not Exposure.INTERNAL else 0.0,
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
    base = 0.0 if c.kind is ComponentKind.LIBRARY else p.rates[hosting_tier(c)]
    if c.kind in p.open_store_kinds and exposure is Exposure.INTERNET:
        base = max(base, p.open_store)
    if c.kind in p.targeted_kinds:
        base = min(1.0, base * p.targeted_factor)
    return base * access_share(exposure, rates)


def access_share(exposure: Exposure, rates: Rates) -> float:
    """The share of what strangers try that a sign-in lets through."""
    return rates.internet.authenticated_factor if exposure is Exposure.AUTHENTICATED else 1.0


# What people sign in to, and whose forgotten passwords a mail sets again.
_SIGNED_IN_TO = frozenset({ComponentKind.IDENTITY_PROVIDER, ComponentKind.WEB, ComponentKind.LOW_CODE})


# What reads or calls one of these builds or installs what it holds; a workstation is counted by who uses it.
_TAKES = frozenset({LinkKind.READS, LinkKind.CALLS})
_BUILT_FROM = frozenset({ComponentKind.FORGE, ComponentKind.REGISTRY})


def way_back(source: Component, target: Component, kind: LinkKind) -> str:
    """What the target of a link can try on its source, beside the link itself.

    A script in its pages, what it builds from, a mail that resets its accounts, a name or a network kept by others that
    leads its users away.
    """
    if is_script(source, target, kind):
        return "scripts" if kind is LinkKind.EMBEDS else "called_scripts"
    if kind in _TAKES and target.kind in _BUILT_FROM and source.kind is not ComponentKind.WORKSTATION:
        return "builds_from"
    if kind is LinkKind.CALLS and target.kind is ComponentKind.NETWORK and target.hosting is Hosting.SAAS:
        return "diverts"
    if kind is LinkKind.CALLS and target.kind is ComponentKind.MAIL and source.kind in _SIGNED_IN_TO:
        return "resets"
    return kind.value


_PAGES = frozenset({ComponentKind.WEB, ComponentKind.CMS})
_SERVED_TO_PAGES = frozenset(
    {ComponentKind.EXTERNAL_API, ComponentKind.BI, ComponentKind.MONITORING, ComponentKind.CDN, ComponentKind.LOW_CODE}
)


def is_script(page: Component, other: Component, kind: LinkKind) -> bool:
    """Whether `other` is, or may be, a script that others serve to the pages of `page` at each visit."""
    if kind is LinkKind.EMBEDS:
        return other.kind is not ComponentKind.LIBRARY or other.hosting is Hosting.SAAS
    open_to_browsers = other.hosting is Hosting.SAAS and other.exposure is Exposure.INTERNET
    return kind is LinkKind.CALLS and page.kind in _PAGES and other.kind in _SERVED_TO_PAGES and open_to_browsers
