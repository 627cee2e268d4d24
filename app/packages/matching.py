"""The flaws that the feeds know and that touch a product: its components, and the packages that they carry."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.feeds.models import ReleaseCycle
from app.feeds.services import affected_of
from app.inventory.models import Component
from app.packages.advised_rows import AdvisedRecord, advised_rows, records_of
from app.packages.flaw_names import FlawNames
from app.packages.kinds import FlawState
from app.packages.known_inside import ToldComponent, own_versions_flawed, usual_by_package
from app.packages.models import Judgement, Sbom
from app.packages.written_flaws import without_judged
from app.platform import clock
from risk_models.exposure.cyclonedx import library_component
from risk_models.exposure.package_names import full_purl, plain_name, source_of, split_purl, told_version
from risk_models.exposure.ranges import Affected, MatchVerdict
from risk_models.scales import Hosting, LinkKind
from risk_models.system import Component as ComponentValue
from risk_models.system import EndOfLife, Link, System
from risk_models.system import Vulnerability as VulnerabilityValue


@dataclass(frozen=True, slots=True)
class Match:
    """A flaw that touches a component or a package it carries; `inside`: one that only the catalogue knows it to hold, told
    by its own version; `fixed_of`: the source whose versions `fixed_in` are, where it has its own; `names`: all that records
    call the flaw; `about`: the CVE that they tell of, more than its names where one record tells of several; `places`: the packages and versions that records may name for it, its own and its source's; `again`: its judgement no longer holds, and why."""

    product_id: str
    component_id: str
    component_ref: str
    component: str
    package: str
    version: str
    embedded: bool
    development: bool
    inside: bool
    flaw: str
    names: frozenset[str]
    about: frozenset[str]
    places: frozenset[tuple[str, str]]
    advisory: str
    summary: str
    verdict: MatchVerdict
    cvss: float | None
    epss: float | None
    exploited: bool
    published: date | None
    fixed_in: tuple[str, ...]
    fixed_of: str
    ranges: str
    judgement: Judgement | None
    again: str

    @property
    def harmless(self) -> bool:
        """Whether it was judged harmless or mended, and still is."""
        judged = self.judgement is not None and self.judgement.state in {FlawState.NOT_AFFECTED, FlawState.RESOLVED}
        return judged and not self.again

    @property
    def counts(self) -> bool:
        """Whether the ranking sees it: exposed for sure in what runs, and not judged harmless or mended."""
        return self.verdict is MatchVerdict.EXPOSED and not self.development and not self.harmless


# A component, a package and its version, and a flaw.
_Line = tuple[str, str, str, str]


def matches_of(
    session: Session, product_ids: Sequence[str], packages: Collection[str] | None = None
) -> dict[str, list[Match]]:
    """By product, worst first, of these `packages` alone where some are named; in as many queries for many products as for
    one."""
    holding = usual_by_package(session)
    if packages is not None:
        holding = {package: known for package, known in holding.items() if package in packages}
    rows = advised_rows(session, product_ids, holding, packages)
    records = records_of(session, rows)
    flaws = FlawNames(session, records)
    judged = _Judged(session, rows)
    placed = {key: _Placed(key[1], record) for key, record in records.items()}
    found: dict[_Line, Match] = {}
    told: dict[_Line, list[_Told]] = defaultdict(list)
    mended: dict[tuple[str, str, str], frozenset[str]] = defaultdict(frozenset)
    for row in rows:
        record = placed[row.advisory_id, row.advised]
        affected = record.affected
        if row.inside:
            names = flaws.names(row.advised, row.advisory_id)
            holder = ToldComponent(row.name, row.cpe, row.eol_product, row.own_version)
            affected = own_versions_flawed(holding[row.package], holder, row.package, names)
        verdict = _verdict(row, affected)
        if verdict is MatchVerdict.NOT_EXPOSED and affected.is_mended_in_branch(advised_version(row)):
            mended[row.component_id, row.package, version_of_component(row)] |= flaws.cves(row.advised, row.advisory_id)
        if verdict is not MatchVerdict.NOT_EXPOSED:
            ranges, whole = record.fingerprints(row)
            match = _match(row, record.told, verdict, affected, ranges, judged, flaws)
            one = (row.component_id, row.package, match.version, match.flaw)
            told[one].append(_Told(affected, advised_version(row), frozenset({ranges, whole}), match.places))
            # Two advisories of one flaw are one match: the surer verdict stands, and what runs before what does not.
            rank = (_SURER[verdict], match.development)
            if one not in found or rank < (_SURER[found[one].verdict], found[one].development):
                found[one] = match
    _settle(found, told, mended)
    by_product: dict[str, list[Match]] = {product_id: [] for product_id in product_ids}
    for match in sorted(found.values(), key=_urgency):
        by_product[match.product_id].append(match)
    return by_product


def _settle(
    found: dict[_Line, Match],
    told: Mapping[_Line, Sequence["_Told"]],
    mended: Mapping[tuple[str, str, str], frozenset[str]],
) -> None:
    """Gives each match what all records of its flaw tell together; `mended`: by component, package and version, the CVE that a
    branch of its own has mended."""
    for one, records in told.items():
        match = found[one]
        if match.verdict is MatchVerdict.EXPOSED and match.about and match.about <= mended.get(one[:3], frozenset()):
            match = found[one] = replace(match, verdict=MatchVerdict.UNKNOWN)
        # What was judged of one of its records is judged of the flaw.
        again = _again(match.judgement, match.version, frozenset().union(*(r.ranges for r in records)))
        fixed_in = _fixed_in_all(records) if len(records) > 1 else match.fixed_in
        places = frozenset().union(*(r.places for r in records))
        if (again, fixed_in, places) != (match.again, match.fixed_in, match.places):
            found[one] = replace(match, again=again, fixed_in=fixed_in, places=places)


class _Told(NamedTuple):
    """What one record says of a match: what it affects, the version compared, fingerprints of its ranges, and its places."""

    affected: Affected
    version: str
    ranges: frozenset[str]
    places: frozenset[tuple[str, str]]


class _Placed:
    """A record of a package, read once for all the rows that it touches."""

    def __init__(self, package: str, told: AdvisedRecord) -> None:
        self.told, self.affected = told, affected_of(package, told.affected)
        self._known: dict[object, str] = {}

    def fingerprints(self, row: Row[Any]) -> tuple[str, str]:
        """Of what of the record places a version, and of the whole: its ranges, and whether it lists that very one. That it
        lists more of them, or fewer, changes nothing. Of what is inside, its holder's own version places it."""
        told = self.told.affected
        if row.inside:
            whole = self._once(("inside", row.own_version), [told, row.own_version])
            return whole, whole
        listed = version_of_component(row) in told["versions"]
        placing = {"intervals": told["intervals"], "unreadable": told["unreadable"], "listed": listed}
        return self._once(listed, placing), self._once("whole", told)

    def _once(self, key: object, content: object) -> str:
        if key not in self._known:
            self._known[key] = _fingerprint(content)
        return self._known[key]


def _fixed_in_all(records: Sequence[_Told]) -> tuple[str, ...]:
    """The versions that mend a flaw of several records: none of them says that the flaw is there still."""
    ends = dict.fromkeys(end for told in records for end in told.affected.fixed_in(told.version))
    return tuple(end for end in ends if all(t.affected.verdict(end) is not MatchVerdict.EXPOSED for t in records))


def _verdict(row: Row[Any], affected: Affected) -> MatchVerdict:
    if row.hosting is Hosting.SAAS and (row.inside or not row.embedded):
        return MatchVerdict.TO_ASK
    version = advised_version(row)
    return affected.source_verdict(version) if _of_source(row) else affected.verdict(version)


_SURER = {MatchVerdict.EXPOSED: 0, MatchVerdict.UNKNOWN: 1, MatchVerdict.TO_ASK: 2, MatchVerdict.NOT_EXPOSED: 3}


def _urgency(m: Match) -> tuple[object, ...]:
    return (
        not m.counts,
        _SURER[m.verdict],
        not m.exploited,
        -(m.epss or 0),
        -(m.cvss or 0),
        m.package,
        m.flaw,
        m.component,
    )


def _fingerprint(affected: object) -> str:
    return hashlib.sha256(json.dumps(affected, sort_keys=True).encode()).hexdigest()


def is_judgement_of(judgement: Judgement, names: frozenset[str]) -> bool:
    """Whether it is of the flaw of these names: records change what they call it, and some are withdrawn for others."""
    return not names.isdisjoint({judgement.flaw, *judgement.names})


class _Judged:
    """What was judged, by component, package and flaw, under any of its names: of the version at hand, else of one that is no
    longer there."""

    def __init__(self, session: Session, rows: Sequence[Row[Any]]) -> None:
        ids = {row.component_id for row in rows}
        self._carried = {(row.component_id, row.package, version_of_component(row)) for row in rows}
        self._known: dict[tuple[str, str], list[Judgement]] = defaultdict(list)
        statement = select(Judgement).where(Judgement.component_id.in_(ids)).order_by(Judgement.judged_at)
        for judgement in session.scalars(statement):
            self._known[judgement.component_id, judgement.package].append(judgement)

    def of(self, component_id: str, package: str, names: frozenset[str], version: str) -> Judgement | None:
        known = [j for j in self._known.get((component_id, package), ()) if is_judgement_of(j, names)]
        same = [j for j in known if j.version == version]
        gone = [j for j in known if (component_id, package, j.version) not in self._carried]
        return next(reversed(same or gone), None)


def version_of_component(row: Row[Any]) -> str:
    """The version of a package carried, or of a component: its own, else that of its purl."""
    return str(row.version) if row.embedded else told_version(row.purl, row.version)


def advised_version(row: Row[Any]) -> str:
    """The version compared: of the component for what is inside, of the source where the advisory names one with its own."""
    if row.inside:
        return str(row.own_version or split_purl(row.own_purl)[1]) if row.own_version or row.own_purl else ""
    if not _of_source(row):
        return version_of_component(row)
    source = None if row.embedded else source_of(row.purl)
    return row.source_version or (source.version if source else "") or version_of_component(row)


def _of_source(row: Row[Any]) -> bool:
    """Whether the advisory names what the package is built from."""
    return bool(row.advised != row.package and not row.inside)


def _match(
    row: Row[Any],
    record: AdvisedRecord,
    verdict: MatchVerdict,
    affected: Affected,
    ranges: str,
    judged: _Judged,
    flaws: FlawNames,
) -> Match:
    version, names = version_of_component(row), flaws.names(row.advised, row.advisory_id)
    judgement = judged.of(row.component_id, row.package, names, version)
    return Match(
        product_id=row.product_id,
        component_id=row.component_id,
        component_ref=row.ref,
        component=row.name,
        package=row.package,
        version=version,
        embedded=row.embedded,
        development=row.development,
        inside=row.inside,
        flaw=flaws.name(row.advised, row.advisory_id),
        names=names,
        about=flaws.cves(row.advised, row.advisory_id),
        places=frozenset({(row.package, version), (row.advised, advised_version(row))}),
        advisory=row.advisory_id,
        summary=record.summary,
        verdict=verdict,
        cvss=record.cvss,
        epss=flaws.score(row.advised, row.advisory_id),
        exploited=flaws.exploited(row.advised, row.advisory_id),
        published=record.published,
        fixed_in=affected.fixed_in(advised_version(row)),
        fixed_of=plain_name(row.advised) if _of_source(row) and advised_version(row) != version else "",
        ranges=ranges,
        judgement=judgement,
        again="",
    )


def _again(judgement: Judgement | None, version: str, ranges: frozenset[str]) -> str:
    """Why a judgement must be given anew: "version", "range" or "until"; empty while it holds."""
    if judgement is None:
        return ""
    if judgement.version != version:
        return "version"
    if judgement.ranges not in ranges:
        return "range"
    if judgement.until is not None and judgement.until < clock.today():
        return "until"
    return ""


def with_flaws(session: Session, systems: dict[str, System]) -> dict[str, System]:
    """Each product's system with what the feeds know of it: flaws, libraries that carry some, ends of life."""
    matches = matches_of(session, list(systems))
    carried = _counts(session, list(systems))
    ends = _ends(session, [c for system in systems.values() for c in system.components])
    return {
        product_id: _with(system, matches[product_id], carried.get(product_id, {}), ends)
        for product_id, system in systems.items()
    }


def _counts(session: Session, product_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """By product and component, how many packages its SBOM names."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    statement = select(Sbom.product_id, Component.ref, Sbom.count.label("packages")).join(
        Component, Component.id == Sbom.component_id
    )
    for row in session.execute(statement.where(Sbom.product_id.in_(product_ids), Sbom.count > 0)):
        found[row.product_id][row.ref] = row.packages
    return found


def _ends(session: Session, components: Iterable[ComponentValue]) -> dict[tuple[str, str], EndOfLife]:
    """By product and cycle, the end that the feed tells, with its day or not."""
    cycles = {(c.eol.product, c.eol.cycle) for c in components if c.eol and c.eol.product and c.eol.cycle}
    statement = select(ReleaseCycle).where(ReleaseCycle.product.in_({product for product, _ in cycles}))
    return {
        (row.product, row.cycle): EndOfLife(row.product, row.cycle, row.eol, ended=row.ended and row.eol is None)
        for row in session.scalars(statement)
        if (row.eol or row.ended) and (row.product, row.cycle) in cycles
    }


def _with(
    system: System, matches: Sequence[Match], carried: dict[str, int], ends: dict[tuple[str, str], EndOfLife]
) -> System:
    own: dict[str, list[VulnerabilityValue]] = defaultdict(list)
    embedded: dict[tuple[str, str, str], list[VulnerabilityValue]] = defaultdict(list)
    harmless = {(m.component_ref, name) for m in matches if m.harmless and not m.embedded for name in m.names}
    written = {(c.id, v.id) for c in system.components for v in c.vulnerabilities}
    for match in matches:
        # What a team wrote under another of its names stands once.
        known = not match.embedded and any((match.component_ref, name) in written for name in match.names)
        if match.counts and not known:
            holder = (
                embedded[match.component_ref, match.package, match.version]
                if match.embedded
                else own[match.component_ref]
            )
            holder.append(_flaw(match))
    components = [
        _enriched(without_judged(c, harmless), own.get(c.id, ()), carried.get(c.id), ends) for c in system.components
    ]
    by_id = {c.id: c for c in components}
    links = list(system.links)
    for (ref, package, version), flaws in sorted(embedded.items()):
        name = plain_name(package)
        found = library_component(by_id[ref], full_purl(package, version), name, version, flaws)
        if found.id not in by_id:
            by_id[found.id] = found
            components.append(found)
        links.append(Link(ref, found.id, LinkKind.EMBEDS))
    return replace(system, components=tuple(components), links=tuple(dict.fromkeys(links)))


def _flaw(match: Match) -> VulnerabilityValue:
    of = match.component if match.inside else match.fixed_of  # what has the version that mends
    fixed = f"{of} {match.fixed_in[-1]}".strip() if match.fixed_in else None
    return VulnerabilityValue(match.flaw, match.cvss, match.epss, match.exploited, match.published, fixed)


def _enriched(
    component: ComponentValue,
    flaws: Iterable[VulnerabilityValue],
    packages: int | None,
    ends: dict[tuple[str, str], EndOfLife],
) -> ComponentValue:
    """What the team wrote of a flaw stands before what the feeds say."""
    more = tuple(f for f in flaws if f.id not in {v.id for v in component.vulnerabilities})
    eol = component.eol
    if eol and eol.date is None and (end := ends.get((eol.product or "", eol.cycle or ""))):
        eol = end
    return replace(
        component,
        vulnerabilities=component.vulnerabilities + more,
        eol=eol,
        libraries=packages if packages is not None else component.libraries,
    )
