"""Rules on the graph that an expert would check by eye; texts, levels and the hygiene guide are in the catalogue."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from risk_models import catalogue
from risk_models.assessment import CONTRADICTED, UNSAID, Finding
from risk_models.ranking.facts import left_keys, linked_components, told_by_facts
from risk_models.ranking.knowledge import held_measures, team_can_set
from risk_models.scales import (
    CLAIMED,
    LIBRARIES,
    VERSIONLESS,
    Authentication,
    ComponentKind,
    ComponentState,
    DataKind,
    Exposure,
    Hosting,
    LinkKind,
    Location,
    MeasureStatus,
    Need,
    Patcher,
    RiskLevel,
    Severity,
    View,
)
from risk_models.system import Component, EssentialAsset, Link, Measure, System

K = ComponentKind
STORES = frozenset({K.DATABASE, K.SEARCH, K.CACHE, K.QUEUE, K.STORAGE})
FRONTS = frozenset({K.WEB, K.API, K.BI, K.CMS})
BUILDS = frozenset({K.FORGE, K.CI, K.REGISTRY})
_KEY_HOLDERS = BUILDS | {K.HOST, K.IDENTITY_PROVIDER}
_CODE = frozenset({K.WEB, K.API, K.WORKER})
_WITHOUT_VERSION = VERSIONLESS | {K.NETWORK, K.EXTERNAL_API}
_UNPATCHED = LIBRARIES | {K.WORKSTATION, K.DNS, K.HELP_DESK}  # by anybody of the product, as such
_NOT_SERVING = frozenset({ComponentState.DORMANT, ComponentState.ORPHAN})
_SELF_HOSTED = frozenset({Hosting.IAAS, Hosting.ON_PREMISE})
_ABOUT_PEOPLE = frozenset({DataKind.PERSONAL, DataKind.SENSITIVE})
_DATA_LINKS = frozenset({LinkKind.READS, LinkKind.WRITES, LinkKind.CALLS})
_BACKUPS = ("daily_backup", "backup_offline")
_MANY_READERS = 5
_SOON = timedelta(days=183)


def find_findings(system: System) -> tuple[Finding, ...]:
    """What the rules find in `system`, heaviest first, then by rule and component."""
    facts = _Facts(system)
    found = {f for name, look in _RULES.items() for f in (_made(name, hit) for hit in look(facts))}
    order = {RiskLevel.HIGH: 0, RiskLevel.MEDIUM: 1, RiskLevel.LOW: 2}
    place = {name: n for n, name in enumerate(catalogue.finding_rules())}
    return tuple(sorted(found, key=lambda f: (order[catalogue.rule_of(f).level], place[f.rule], f.key)))


@dataclass(frozen=True, slots=True)
class _Hit:
    component: str | None = None
    other: str | None = None
    asset: str | None = None
    detail: str = ""


def _made(rule: str, hit: _Hit) -> Finding:
    return Finding(rule, hit.component, hit.other, hit.asset, hit.detail)


class _Facts:
    """The system, indexed once."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.components = {c.id: c for c in system.components}
        self.out: dict[str, list[Link]] = defaultdict(list)
        self.into: dict[str, list[Link]] = defaultdict(list)
        for link in system.links:
            self.out[link.source].append(link)
            self.into[link.target].append(link)
        self.reached = linked_components(system)
        self.held: dict[str, list[EssentialAsset]] = defaultdict(list)
        for asset in system.assets:
            for component in asset.lives_in:
                self.held[component].append(asset)
        self._held = held_measures(system, View.CURRENT)
        denied = {key for key, share in told_by_facts(system).items() if not share}
        self._claimed = {(m.measure, c) for m in system.measures if m.status in CLAIMED for c in m.on} - denied
        self._not_for_us = {
            (m.measure, c) for m in system.measures if m.status is MeasureStatus.NOT_APPLICABLE for c in m.on
        }

    def has(self, c: Component, *measures: str) -> bool:
        """Whether one of `measures` is in place on `c`, fully or in part."""
        return any(self._held.get((m, c.id)) for m in measures)

    def lacks(self, c: Component, *measures: str) -> str | None:
        """None where one of `measures` is in place on `c`, or the first was said not to be for it; else what is known of them.

        Nothing more to say where each is said to lack, `CONTRADICTED` where one is said done and shown not to be, `UNSAID`
        where nobody spoke of one.
        """
        if self.has(c, *measures) or (measures[0], c.id) in self._not_for_us:
            return None
        if any((m, c.id) in self._claimed for m in measures):
            return CONTRADICTED
        asked = [m for m in measures if (m, c.id) not in self._not_for_us]
        lack = all(self._held.get((m, c.id)) == 0 for m in asked)
        return "" if lack else UNSAID

    def lacking(self, test: Callable[[Component], object], *measures: str) -> Iterator[_Hit]:
        """The components that `test` holds of and on which none of `measures` is in place."""
        for c in self.system.components:
            detail = self.lacks(c, *measures) if test(c) else None
            if detail is not None:
                yield _Hit(c.id, detail=detail)

    def about_people(self, c: Component) -> bool:
        return not _ABOUT_PEOPLE.isdisjoint(c.data)

    def each(self, test: Callable[[Component], object]) -> Iterator[_Hit]:
        return (_Hit(c.id) for c in self.system.components if test(c))

    def links(self, test: Callable[[Link, Component, Component], object]) -> Iterator[_Hit]:
        for link in self.system.links:
            if test(link, self.components[link.source], self.components[link.target]):
                yield _Hit(link.source, link.target)

    def controls(self, c: Component) -> bool:
        return any(k.kind is LinkKind.ADMINISTERS for k in self.out[c.id])

    def serious(self, component: str) -> bool:
        return any(a.severity(Need.CONFIDENTIALITY) >= Severity.SERIOUS for a in self.held[component])


def _zone(c: Component) -> tuple[str, str]:
    """Where a link leaves one hosting for another."""
    if c.kind is K.WORKSTATION:
        return "team", ""
    return (c.hosting, c.id) if c.hosting is Hosting.SAAS else (c.hosting, "")


def _known_exploited(f: _Facts) -> Iterator[_Hit]:
    for c in f.system.components:
        ids = sorted(v.id for v in c.vulnerabilities if v.kev)
        if ids:
            yield _Hit(c.id, detail=", ".join(ids))


def _with_a_fix(f: _Facts) -> Iterator[_Hit]:
    for c in f.system.components:
        ids = sorted(f"{v.id} → {v.fixed_in}" for v in c.vulnerabilities if v.fixed_in and not v.kev)
        if ids:
            yield _Hit(c.id, detail=", ".join(ids))


def _end_of_life(f: _Facts, *, soon: bool) -> Iterator[_Hit]:
    today = f.system.as_of
    for c in f.system.components:
        if today and c.eol:
            past = c.eol.is_past(today)
            near = c.eol.date is not None and c.eol.date <= today + _SOON
            if (soon and not past and near) or (past and not soon):
                yield _Hit(c.id, detail=c.eol.date.isoformat() if c.eol.date else "")


def _keys_left(f: _Facts) -> Iterator[_Hit]:
    for c in f.system.components:
        if left_keys(c):
            yield _Hit(c.id, detail=", ".join(f.components[other].name for other in left_keys(c)))


def _signed_in_to(c: Component) -> bool:
    """Whether the team has a sign-in there, which it can set."""
    return team_can_set(catalogue.measures()["mfa"], c)


def _can_suspend(f: _Facts) -> list[str]:
    return [p.name for p in f.system.product.contacts if p.can_suspend and (p.phone or p.email)]


def _single_administrator(f: _Facts) -> Iterator[_Hit]:
    people = _can_suspend(f)
    if len(people) == 1:
        yield _Hit(detail=people[0])


def _nobody_to_call(f: _Facts) -> Iterator[_Hit]:
    if not _can_suspend(f):
        yield _Hit()


def _crosses(link: Link, a: Component, b: Component) -> bool:
    return link.encrypted is False and _zone(a) != _zone(b)


def _data_in_clear(f: _Facts) -> Iterator[_Hit]:
    return f.links(
        lambda k, a, b: (
            k.encrypted is False and not _crosses(k, a, b) and (f.about_people(a) or f.about_people(b) or f.held[b.id])
        )
    )


def _no_backup(f: _Facts) -> Iterator[_Hit]:
    for c in f.system.components:
        kept = c.kind in LIBRARIES | {K.WORKSTATION} or f.has(c, "backup_restore_test")  # what is restored is saved
        lacks = None if kept else f.lacks(c, *_BACKUPS)
        for asset in f.held[c.id] if lacks is not None else ():
            if max(asset.integrity, asset.availability) >= Severity.SIGNIFICANT:
                yield _Hit(c.id, asset=asset.id, detail=lacks or "")


def _many_readers(f: _Facts) -> Iterator[_Hit]:
    for c in f.system.components:
        readers = {k.source for k in f.into[c.id] if k.kind in {LinkKind.READS, LinkKind.WRITES}}
        if c.kind in STORES and len(readers) > _MANY_READERS:
            yield _Hit(c.id, detail=str(len(readers)))


def _unwatched_front(f: _Facts, *measures: str) -> Iterator[_Hit]:
    return f.lacking(
        lambda c: c.kind in FRONTS and c.exposure is Exposure.INTERNET and c.hosting is not Hosting.SAAS, *measures
    )


def _daily_administration(f: _Facts) -> Iterator[_Hit]:
    for link in f.system.links:
        if link.kind is LinkKind.ADMINISTERS and f.components[link.source].kind is K.WORKSTATION:
            lacks = f.lacks(f.components[link.target], "dedicated_admin")
            if lacks is not None:
                yield _Hit(link.source, link.target, detail=lacks)


def _planned(f: _Facts, test: Callable[[Measure], object]) -> Iterator[_Hit]:
    for m in f.system.measures:
        if m.status is MeasureStatus.PLANNED and test(m):
            for component in m.on or (None,):
                yield _Hit(component, detail=m.measure)


def _late(f: _Facts) -> Iterator[_Hit]:
    today = f.system.as_of
    return _planned(f, lambda m: today and m.due and m.due < today)


_RULES: dict[str, Callable[[_Facts], Iterator[_Hit]]] = {
    "exposed_store": lambda f: f.each(lambda c: c.kind in STORES and c.exposure is Exposure.INTERNET),
    "known_exploited_flaw": _known_exploited,
    "flaw_with_a_fix": _with_a_fix,
    "end_of_life": lambda f: _end_of_life(f, soon=False),
    "end_of_life_soon": lambda f: _end_of_life(f, soon=True),
    "unknown_version": lambda f: f.each(
        lambda c: not c.version and c.hosting is not Hosting.SAAS and c.kind not in _WITHOUT_VERSION
    ),
    "unknown_libraries": lambda f: f.each(
        lambda c: (
            c.kind in _CODE
            and c.hosting is not Hosting.SAAS
            and not c.sbom
            and not any(k.kind is LinkKind.EMBEDS for k in f.out[c.id])
        )
    ),
    "nobody_patches": lambda f: f.each(
        lambda c: c.hosting in _SELF_HOSTED and c.patched_by is Patcher.PUBLISHER and c.kind not in _UNPATCHED
    ),
    "no_patch_policy": lambda f: f.lacking(
        lambda c: c.hosting in _SELF_HOSTED and c.patched_by is Patcher.TEAM and c.kind not in _UNPATCHED,
        "patch_policy",
        "dependabot",
    ),
    "admin_without_second_factor": lambda f: f.lacking(
        lambda c: _signed_in_to(c) and f.controls(c) and c.kind is not K.WORKSTATION, "mfa"
    ),
    "sign_in_without_second_factor": lambda f: f.lacking(
        lambda c: (
            _signed_in_to(c) and c.kind in _KEY_HOLDERS and c.exposure is not Exposure.INTERNAL and not f.controls(c)
        ),
        "mfa",
    ),
    "exposed_administration": lambda f: f.each(
        lambda c: f.controls(c) and c.exposure is Exposure.INTERNET and c.hosting is not Hosting.SAAS
    ),
    "administered_from_a_daily_workstation": _daily_administration,
    "workstation_not_encrypted": lambda f: f.lacking(lambda c: c.kind is K.WORKSTATION, "disk_encryption"),
    "single_administrator": _single_administrator,
    "nobody_to_call": _nobody_to_call,
    "unencrypted_crossing": lambda f: f.links(_crosses),
    "unencrypted_data": _data_in_clear,
    "unauthenticated_store": lambda f: f.links(
        lambda k, a, b: k.authentication is Authentication.NONE and k.kind in _DATA_LINKS and b.kind in STORES
    ),
    "unauthenticated_call": lambda f: f.links(
        lambda k, a, b: (
            k.authentication is Authentication.NONE
            and k.kind in _DATA_LINKS
            and b.kind not in STORES
            and b.exposure is not Exposure.INTERNET
        )
    ),
    "many_readers": _many_readers,
    "dashboard_on_production": lambda f: f.links(
        lambda k, a, b: a.kind is K.BI and k.kind in {LinkKind.READS, LinkKind.WRITES} and f.serious(b.id)
    ),
    "supplier_writes": lambda f: f.links(
        lambda k, a, b: (
            a.hosting is Hosting.SAAS
            and a.kind not in BUILDS | {K.HOST}
            and k.kind in {LinkKind.WRITES, LinkKind.ADMINISTERS}
            and f.held[b.id]
        )
    ),
    "no_backup": _no_backup,
    "backup_never_restored": lambda f: f.lacking(
        lambda c: f.has(c, "backup_offline", "daily_backup"), "backup_restore_test"
    ),
    "deploys_alone": lambda f: f.lacking(
        lambda c: c.kind in BUILDS and (c.kind is K.FORGE or any(k.kind is LinkKind.DEPLOYS for k in f.out[c.id])),
        "branch_protection",
    ),
    "unpinned_supply": lambda f: f.lacking(lambda c: c.kind is K.CI, "pinned_dependencies"),
    "exposed_build": lambda f: f.each(
        lambda c: c.kind in BUILDS and c.exposure is Exposure.INTERNET and c.hosting in _SELF_HOSTED
    ),
    "supplier_outside_eu": lambda f: f.each(
        lambda c: c.location is Location.OTHER and (f.about_people(c) or f.serious(c.id))
    ),
    "unknown_location": lambda f: f.each(
        lambda c: c.location is None and c.hosting is Hosting.SAAS and (f.about_people(c) or f.held[c.id])
    ),
    "unnamed_supplier": lambda f: f.each(
        lambda c: c.hosting in {Hosting.SAAS, Hosting.PAAS} and not c.supplier and c.kind not in LIBRARIES
    ),
    "personal_data_in_a_tool": lambda f: f.each(
        lambda c: c.kind in {K.LOW_CODE, K.AI_SERVICE} and (f.about_people(c) or f.held[c.id])
    ),
    "secrets_unprotected": lambda f: f.lacking(
        lambda c: (DataKind.SECRET in c.data or c.secrets) and not left_keys(c), "secrets_manager"
    ),
    "keys_left": _keys_left,
    "no_longer_used": lambda f: f.lacking(lambda c: c.state in _NOT_SERVING, "dormant_removal"),
    "lasting_tokens": lambda f: f.lacking(lambda c: any(t.lasting for t in c.tokens or ()), "token_rotation"),
    "access_given_on_a_call": lambda f: f.lacking(lambda c: c.kind is K.HELP_DESK, "help_desk_procedure"),
    "exposed_without_firewall": lambda f: _unwatched_front(f, "waf"),
    "protected_by_something_else": lambda f: f.links(
        lambda k, a, b: k.kind is LinkKind.PROTECTED_BY and b.kind not in {K.WAF, K.CDN}
    ),
    "no_logs": lambda f: _unwatched_front(f, "central_logging"),
    "not_watched": lambda f: _unwatched_front(f, "availability_monitoring"),
    "asset_nowhere": lambda f: (_Hit(asset=a.id) for a in f.system.assets if not a.lives_in),
    "linked_to_nothing": lambda f: f.each(lambda c: len(f.components) > 1 and c.id not in f.reached),
    "late_measure": _late,
    "measure_without_owner": lambda f: _planned(f, lambda m: not m.due or not m.owner),
}
