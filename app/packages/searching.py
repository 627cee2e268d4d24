"""What a person types in "who uses what?": a flaw, a package or a name, over the products that they may read."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.orm import Session

from app.feeds.models import Advisory, AdvisoryPackage
from app.feeds.services import affected_of
from app.packages import queries
from app.packages.known_inside import ANY_SOFTWARE
from risk_models.exposure.package_names import RELEASED, ecosystem_of, split_purl
from risk_models.exposure.ranges import Affected, MatchVerdict, UnreadableRange
from risk_models.exposure.typed_ranges import read_range

_CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.IGNORECASE)
# Names that no software bears: of a flaw that no loaded source knows, nobody can say whom it touches.
_FLAW_ONLY = re.compile(
    r"GHSA-[\w-]{14}$|(DSA|DLA|PYSEC|RUSTSEC|GO-\d{4}|MAL|USN|RHSA|RLSA|ALSA|ALAS|SUSE-SU|OSV|GSD|MGASA|JLSEC|HSEC|CGA|BIT)-(?=.*\d)",
    re.IGNORECASE,
)
# What records are called: RHSA-2022:1065, DSA-5417-1, GHSA-jfh8-c2jp-5v3q, GO-2022-0968.
_RECORD = re.compile(r"GHSA-[\w-]{14}|[A-Z]{2,12}-(?=.*\d)[\w:.-]{1,40}", re.IGNORECASE)


class FoundUses(NamedTuple):
    """`flaw`: what was asked is one, of these names; `known`: some record or team speaks of it; `cut`: more packages bear the
    name than were looked for."""

    uses: list[queries.Use]
    flaw: bool = False
    known: bool = True
    cut: bool = False


def search_users(session: Session, asked: str, span: str, products: Collection[str] | None) -> FoundUses:
    """Who carries what was asked. Raises `UnreadableName`, and `UnreadableRange` where none of the packages reads the range."""
    found = _of_flaw(session, asked, span, products) or _of_software(session, asked, span, products)
    if not found.uses and _FLAW_ONLY.match(asked):
        return FoundUses([], flaw=True, known=found.flaw and found.known)
    return found


def _of_flaw(session: Session, asked: str, span: str, products: Collection[str] | None) -> FoundUses | None:
    """None where what was asked is no flaw's name."""
    names = _names_of(session, asked) if _RECORD.fullmatch(asked) else frozenset()
    if not names and not _CVE.fullmatch(asked):
        return None
    names |= {asked.upper()} if _CVE.fullmatch(asked) else set()
    rows = session.execute(
        select(AdvisoryPackage.package, AdvisoryPackage.affected).where(AdvisoryPackage.advisory_id.in_(names))
    ).all()
    typed = _ranges({row.package for row in rows}, span) if span else {}
    told = [
        (use, row.package)
        for row in rows
        for use in queries.find_users(
            session, row.package, typed.get(row.package) or affected_of(row.package, row.affected), products=products
        )
    ]
    # What a record says of no release in particular is said of those whose release nobody knows.
    found = [u for u, of in told if "?" in of or ecosystem_of(of) not in RELEASED or "?" not in u.package]
    noted = queries.components_noted(session, names, products=products)
    uses = queries.with_known_flaws(session, _once([*found, *noted]), names)
    # What a team judged harmless of its component is judged however the flaw was found there.
    judged = {u.component_id for u in uses if u.package and not u.embedded and u.judged}
    uses = [u for u in uses if not (u.noted and u.component_id in judged)]
    return FoundUses(queries.with_contacts(session, uses), flaw=True, known=bool(rows or noted))


def _names_of(session: Session, asked: str) -> frozenset[str]:
    """The records that are called so, or that are about a flaw that is; none where there are none."""
    within = f'%"{queries.escape_like(asked)}"%'
    told = (cast(column, String).ilike(within, escape="\\") for column in (Advisory.aliases, Advisory.upstream))
    called = func.lower(Advisory.id) == asked.lower()
    records = session.execute(select(Advisory.id, Advisory.cve).where(or_(called, *told), ~Advisory.withdrawn)).all()
    cves = {row.cve for row in records if row.cve and row.id.lower() == asked.lower()}
    same = select(Advisory.id).where(Advisory.cve.in_(cves), ~Advisory.withdrawn)
    return frozenset([*(row.id for row in records), *cves, *session.scalars(same)])


def _of_software(session: Session, asked: str, span: str, products: Collection[str] | None) -> FoundUses:
    if asked[:4].lower() == "pkg:":
        packages: Sequence[str] = [split_purl(f"pkg:{asked[4:]}")[0]]
        found = []
        ranges = _ranges(packages, span)
    else:
        packages = queries.packages_called(session, asked)
        ranges = _ranges([ANY_SOFTWARE, *packages], span)
        found = queries.components_called(session, asked, ranges[ANY_SOFTWARE], products=products)
    for package in packages[: queries.MOST_PACKAGES]:
        found += queries.find_users(session, package, ranges[package], products=products)
    uses = queries.with_contacts(session, queries.with_known_flaws(session, _once(found)))
    return FoundUses(uses, cut=len(packages) > queries.MOST_PACKAGES)


def _once(found: Sequence[queries.Use]) -> list[queries.Use]:
    """Each line once, at its surest; of a component found by its package, which was found well, its name adds nothing."""
    placed = {u.component_id for u in found if u.package and not u.embedded}
    sure = {u.component_id for u in found if u.package and not u.embedded and u.verdict is MatchVerdict.EXPOSED}
    once: dict[tuple[str, str, str, bool], queries.Use] = {}
    for u in sorted(found, key=queries.flaws_by_urgency):
        if u.package or u.component_id not in (sure if u.noted else placed):
            once.setdefault((u.component_id, u.package, u.version, u.embedded), u)
    return list(once.values())


def _ranges(packages: Collection[str], span: str) -> dict[str, Affected | None]:
    """What a person typed, for each package: to check where its kind has no order. Raises `UnreadableRange` where all do."""
    if not span:
        return dict.fromkeys(packages)
    read: dict[str, Affected | None] = {}
    refused: UnreadableRange | None = None
    for package in packages:
        try:
            read[package] = read_range(package, span)
        except UnreadableRange as error:
            refused = error
            read[package] = Affected(package, unreadable=True)
    if refused and all(affected and affected.unreadable for affected in read.values()):
        raise refused
    return read
