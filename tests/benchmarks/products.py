"""Products of any size, built like real ones: fronts call services, services use stores, a host runs them, a forge deploys."""

from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, Patcher, Severity
from risk_models.system import Component, EssentialAsset, Link, Product, System, Vulnerability

_K = ComponentKind
_SHAPES = (
    (_K.WEB, Hosting.PAAS, Exposure.INTERNET),
    (_K.API, Hosting.PAAS, Exposure.INTERNET),
    (_K.WORKER, Hosting.PAAS, Exposure.INTERNAL),
    (_K.DATABASE, Hosting.PAAS, Exposure.INTERNAL),
    (_K.CACHE, Hosting.IAAS, Exposure.INTERNAL),
    (_K.SEARCH, Hosting.IAAS, Exposure.INTERNAL),
    (_K.STORAGE, Hosting.PAAS, Exposure.INTERNAL),
    (_K.LIBRARY, Hosting.IAAS, Exposure.INTERNAL),
    (_K.EXTERNAL_API, Hosting.SAAS, Exposure.INTERNET),
    (_K.BI, Hosting.IAAS, Exposure.AUTHENTICATED),
)
_SHARED = (
    ("forge", _K.FORGE, Hosting.SAAS, Exposure.AUTHENTICATED),
    ("ci", _K.CI, Hosting.SAAS, Exposure.AUTHENTICATED),
    ("host", _K.HOST, Hosting.PAAS, Exposure.AUTHENTICATED),
    ("idp", _K.IDENTITY_PROVIDER, Hosting.SAAS, Exposure.INTERNET),
    ("laptop", _K.WORKSTATION, Hosting.ON_PREMISE, Exposure.INTERNAL),
)
# Who depends on what: kind, link, kind of the other end or one shared component, and how many of them.
_USES = (
    (_K.WEB, LinkKind.CALLS, _K.API, 2),
    (_K.WEB, LinkKind.EMBEDS, _K.LIBRARY, 1),
    (_K.WEB, LinkKind.RUNS_ON, "host", 1),
    (_K.WEB, LinkKind.AUTHENTICATES_WITH, "idp", 1),
    (_K.API, LinkKind.WRITES, _K.DATABASE, 1),
    (_K.API, LinkKind.CALLS, _K.CACHE, 1),
    (_K.API, LinkKind.READS, _K.SEARCH, 1),
    (_K.API, LinkKind.WRITES, _K.STORAGE, 1),
    (_K.API, LinkKind.CALLS, _K.EXTERNAL_API, 1),
    (_K.API, LinkKind.RUNS_ON, "host", 1),
    (_K.WORKER, LinkKind.WRITES, _K.DATABASE, 1),
    (_K.WORKER, LinkKind.CALLS, _K.CACHE, 1),
    (_K.BI, LinkKind.READS, _K.DATABASE, 2),
    (_K.BI, LinkKind.AUTHENTICATES_WITH, "idp", 1),
    (_K.DATABASE, LinkKind.RUNS_ON, "host", 1),
)
_DEPLOYED = (_K.WEB, _K.API, _K.WORKER)


def product_of(count: int) -> System:
    """`count` components, about two and a quarter links each, at most eight assets, a known flaw here and there."""
    components = [_component(f"c{i}", *_SHAPES[i % 10], flawed=i % 17 == 7) for i in range(count - len(_SHARED))] + [
        _component(*shared) for shared in _SHARED
    ]
    of: dict[ComponentKind, list[str]] = {k: [c.id for c in components if c.kind is k] for k in _K}
    links = [
        Link(
            one,
            other
            if isinstance(other, str) and other in {s[0] for s in _SHARED}
            else of[other][(n + j) % len(of[other])],
            kind,
        )
        for kind_of, kind, other, many in _USES
        for n, one in enumerate(of[kind_of])
        for j in range(many)
        if other in {s[0] for s in _SHARED} or of[other]
    ]
    links += [Link("ci", one, LinkKind.DEPLOYS) for kind in _DEPLOYED for one in of[kind]]
    links += [Link("laptop", one, LinkKind.ADMINISTERS) for one in (*of[_K.DATABASE], "host")]
    links += [Link("forge", "ci", LinkKind.CALLS), Link("laptop", "forge", LinkKind.CALLS)]
    stores = [*of[_K.DATABASE], *of[_K.STORAGE]][:8]
    assets = tuple(
        EssentialAsset(f"a{i}", f"a{i}", (s,), *(Severity(1 + (i + shift) % 4) for shift in range(3)))
        for i, s in enumerate(stores)
    )
    return System(Product("p", "P"), tuple(components), tuple(dict.fromkeys(links)), assets)


def _component(
    name: str, kind: ComponentKind, hosting: Hosting, exposure: Exposure, *, flawed: bool = False
) -> Component:
    flaws = (Vulnerability(f"CVE-{name}", epss=0.1),) if flawed else ()
    return Component(name, name, kind, hosting, exposure, Patcher.TEAM, vulnerabilities=flaws)
