"""Who uses a package, and what flaws touch a product: indexed look-ups, however many rows there are."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.inventory.models import Component, Vulnerability
from app.packages.known_inside import is_called_like, names_of_the_same, tells_nothing_of, usual_by_package
from app.packages.matching import Match, matches_of
from app.packages.models import Judgement, Package, PackageUse, PackageVersion, Sbom
from app.platform.database import in_batches
from app.products.models import Contact, Product
from risk_models.exposure.package_names import (
    RELEASED,
    ecosystem_of,
    plain_name,
    source_of,
    split_purl,
    told_version,
    whole_name,
    without_major,
    without_release,
)
from risk_models.exposure.ranges import Affected, MatchVerdict
from risk_models.scales import Hosting, Patcher


class Use(NamedTuple):
    """A component that is a package, or that carries it; a tuple, for answers have thousands of them.

    `inside`: the catalogue alone knows of the package; `development`: nothing that runs holds it; `bringer`: the purl of the
    import by which the package came, its own where the team imports it itself, empty where no file tells; `judged`: the known
    flaws of this line, where its team says of each that it is harmless or mended; `exposed_to`: those that the component's own
    version tells of what is inside it; `noted`: its team, or a file, noted the flaw on the component itself.
    """

    product_id: str
    product: str
    product_slug: str
    component_id: str
    component: str
    component_ref: str
    hosting: Hosting
    patched_by: Patcher
    owner: str
    emergency: str
    package: str
    version: str
    embedded: bool
    verdict: MatchVerdict | None
    contacts: tuple[str, ...] = ()
    inside: bool = False
    development: bool = False
    bringer: str = ""
    judged: tuple[str, ...] = ()
    exposed_to: tuple[str, ...] = ()
    noted: bool = False

    @property
    def imported(self) -> bool:
        return bool(self.bringer) and self.bringer == self.package

    @property
    def brought_by(self) -> str:
        return whole_name(self.bringer)


MOST_PACKAGES, _MOST_ROWS = 50, 5_000


def packages_called(session: Session, words: str) -> Sequence[str]:
    """Packages whose name begins with `words`, in SBOM, as components, as sources of others, or that the catalogue knows
    within software: of a distribution, whatever the release. "group:name" and "@scope/name" are whole names.

    One more than `MOST_PACKAGES` where there are more.
    """
    wanted = words.lower().replace("\0", "").replace(":", "/").strip("/")
    group, slash, last = wanted.rpartition("/")
    if not last:
        return []
    # As people write them, and as purl does.
    lasts = {quote(name, safe=":~").lower() for name in (last, re.sub(r"[-_.]+", "-", last), last.replace("-", "_"))}
    groups = {quote(name, safe="/:~") for name in (group, f"@{group}")} if slash else {""}
    ends = tuple(f"/{g}{slash}{name}" for g in groups for name in lasts)
    found = {*_packages_ending(session, ends, whole=bool(slash)), *usual_by_package(session)}
    # A name that is only a folder of the purl is no name of it.
    kept = {
        package
        for package in map(without_release, found)
        if (
            any(name.endswith(ends) for name in (package.lower(), without_major(package.lower())))
            if slash
            else plain_name(package).lower().startswith(tuple(lasts))
        )
    }
    return sorted(kept, key=lambda p: (plain_name(p).lower() not in lasts, p))[: MOST_PACKAGES + 1]


def _packages_ending(session: Session, ends: Collection[str], *, whole: bool) -> Sequence[str]:
    after = ("", "?%", "/v%") if whole else ("%",)
    found = [
        select(name).where(
            or_(*(name.ilike(f"%{escape_like(end)}{rest}", escape="\\") for end in ends for rest in after))
        )
        for name in (Package.purl, PackageVersion.source, Component.package, Component.source)
    ]
    if not whole:
        names = or_(*(Package.name.startswith(end.lstrip("/"), autoescape=True) for end in ends))
        found[0] = select(Package.purl).where(names)
    return [name for name in session.scalars(union(*found).limit(_MOST_ROWS)) if name]


def escape_like(text: str) -> str:
    """What LIKE takes for this very text, with a backslash to escape."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def find_users(
    session: Session, package: str, affected: Affected | None = None, *, products: Collection[str] | None = None
) -> list[Use]:
    """Every component that is or carries `package`; only versions not clearly safe when `affected` is given.

    `products`: ids of those that may be told of; None is all of them.
    """
    uses = list(_carried(session, package, affected, products))
    statement = _component(literal("").label("version_id")).where(
        _is_called(package, Component.package, Component.source)
    )
    for row in session.execute(_within(statement, products)):
        verdict, version = None, told_version(row.purl, row.own_version)
        if affected is not None:
            source = source_of(row.purl) if not _names(package, split_purl(row.purl)[0]) else None
            placed = affected.source_verdict(source.version or version) if source else affected.verdict(version)
            verdict = MatchVerdict.TO_ASK if row.hosting is Hosting.SAAS else placed
        if verdict is not MatchVerdict.NOT_EXPOSED:
            uses.append(_use(row, package, version, verdict, embedded=False))
    uses += _known_to_embed(session, package, products, judged=affected is not None)
    return sorted(uses, key=flaws_by_urgency)


def flaws_by_urgency(use: Use) -> tuple[object, ...]:
    return _ORDER[use.verdict], use.product, use.component, use.version


_ORDER: dict[MatchVerdict | None, int] = {
    MatchVerdict.EXPOSED: 0,
    MatchVerdict.UNKNOWN: 1,
    MatchVerdict.TO_ASK: 2,
    None: 3,
}


def _carried(
    session: Session, package: str, affected: Affected | None, products: Collection[str] | None
) -> Iterator[Use]:
    rows = select(PackageVersion.id, PackageVersion.version, PackageVersion.source_version, Package.purl).join(Package)
    # Apart, for no index answers for two tables at once.
    called = [_is_called(package, Package.purl)]
    if ecosystem_of(package) in RELEASED:
        called.append((PackageVersion.source != "") & _is_called(package, PackageVersion.source))
    versions = {row.id: row for one in called for row in session.execute(rows.where(one))}
    verdicts = {i: _verdict_of(package, row, affected) if affected else None for i, row in versions.items()}
    for some in in_batches(i for i, verdict in verdicts.items() if verdict is not MatchVerdict.NOT_EXPOSED):
        statement = (
            _component(PackageUse.version_id)
            .add_columns(PackageUse.development, PackageUse.bringer_id)
            .join(Sbom, Sbom.component_id == Component.id)
            .join(PackageUse, PackageUse.sbom_id == Sbom.id)
            .where(PackageUse.version_id.in_(some))
        )
        found = session.execute(_within(statement, products)).all()
        bringers = _purls_of(session, {row.bringer_id for row in found} - {None})
        for row in found:
            of, verdict = versions[row.version_id], verdicts[row.version_id]
            bringer = bringers.get(row.bringer_id, "")
            yield _use(row, of.purl, of.version, verdict, embedded=True, development=row.development, bringer=bringer)


def _purls_of(session: Session, ids: Collection[int]) -> dict[int, str]:
    """By id, the purls of packages: thousands of lines have a few of them, which a join would read again for each."""
    found: dict[int, str] = {}
    for some in in_batches(ids):
        for package_id, purl in session.execute(select(Package.id, Package.purl).where(Package.id.in_(some))):
            found[package_id] = purl
    return found


def _verdict_of(package: str, row: Any, affected: Affected) -> MatchVerdict:
    """By its own version what bears this name, by that of its source what is built from it."""
    if _names(package, row.purl):
        return affected.verdict(row.version)
    return affected.source_verdict(row.source_version or row.version)


def _names(package: str, found: str) -> bool:
    """Whether `package` is `found`, of its release or, where none is told, of any."""
    return found == package or ("?" not in package and found.partition("?")[0] == package)


def _is_called(package: str, *names: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Of this name, or built from a source of this name; of a distribution, of any release where none is told.

    Of what has no releases the indices answer alone: a search by beginning reads every package known.
    """
    if "?" in package or ecosystem_of(package) not in RELEASED:
        return or_(*(name == package for name in names))
    of_releases = (name.startswith(f"{package}?", autoescape=True) for name in names)
    return or_(*(name == package for name in names), *of_releases)


def _known_to_embed(session: Session, package: str, products: Collection[str] | None, *, judged: bool) -> Iterator[Use]:
    """Components whose like, says the catalogue, embed `package`, and whose SBOM does not tell it: nobody can see in which
    version."""
    known = usual_by_package(session).get(package)
    if not known:
        return
    statement = _component(literal("").label("version_id")).where(
        Component.package != package, is_called_like(known), tells_nothing_of(package)
    )
    for row in session.execute(_within(statement, products)):
        verdict = MatchVerdict.TO_ASK if row.hosting is Hosting.SAAS else MatchVerdict.UNKNOWN
        use = _use(row, package, row.own_version, verdict if judged else None, embedded=True)
        yield use._replace(inside=True)


def _component(version_id: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Product.id.label("product_id"),
            Product.name.label("product"),
            Product.slug.label("product_slug"),
            Component.id.label("component_id"),
            Component.name.label("component"),
            Component.ref,
            Component.hosting,
            Component.patched_by,
            Component.owner,
            Component.emergency,
            Component.version.label("own_version"),
            Component.purl,
            version_id,
        )
        .select_from(Component)
        .join(Product, Product.id == Component.product_id)
    )


def _within(statement: Select[*tuple[Any, ...]], products: Collection[str] | None) -> Select[*tuple[Any, ...]]:
    return statement if products is None else statement.where(Product.id.in_(products))


def _use(
    row: Row[Any],
    package: str,
    version: str,
    verdict: MatchVerdict | None,
    *,
    embedded: bool,
    development: bool = False,
    bringer: str = "",
) -> Use:
    return Use(
        row.product_id,
        row.product,
        row.product_slug,
        row.component_id,
        row.component,
        row.ref,
        row.hosting,
        row.patched_by,
        row.owner,
        row.emergency,
        package,
        version,
        embedded,
        verdict,
        development=development,
        bringer=bringer,
    )


def components_called(
    session: Session, words: str, affected: Affected | None = None, *, products: Collection[str] | None = None
) -> list[Use]:
    """Components whose name or supplier holds `words`: how third-party software without a package is found.

    `affected`: a range of any software, in which only what bears this very name, or another that the catalogue gives it, is
    placed by its own version; what only resembles is left to check.
    """
    like = f"%{escape_like(words)}%"
    statement = _component(literal("").label("version_id")).where(
        or_(
            Component.name.ilike(like, escape="\\"),
            Component.supplier.ilike(like, escape="\\"),
            Component.cpe.ilike(f"%:{escape_like(words)}:%", escape="\\"),
            func.lower(Component.eol_product) == words.lower(),
        )
    )
    very = names_of_the_same(session, words)
    uses = []
    for row in session.execute(_within(statement, products).order_by(Product.name, Component.name)):
        verdict = None
        if affected is not None:
            placed = affected.verdict(row.own_version) if row.component.lower() in very else MatchVerdict.UNKNOWN
            verdict = MatchVerdict.TO_ASK if row.hosting is Hosting.SAAS else placed
        if verdict is not MatchVerdict.NOT_EXPOSED:
            uses.append(_use(row, "", row.own_version, verdict, embedded=False))
    return uses


def components_noted(session: Session, names: Collection[str], *, products: Collection[str] | None = None) -> list[Use]:
    """Components on which a flaw is noted under any of its names."""
    statement = (
        _component(literal("").label("version_id"))
        .join(Vulnerability, Vulnerability.component_id == Component.id)
        .where(Vulnerability.name.in_(names))
        .distinct()
    )
    return [
        _use(row, "", row.own_version, MatchVerdict.EXPOSED, embedded=False)._replace(noted=True)
        for row in session.execute(_within(statement, products))
    ]


def with_known_flaws(session: Session, uses: Sequence[Use], names: Collection[str] | None = None) -> list[Use]:
    """The same uses with what is known of the flaws of each, of those of these `names` alone where some are given, and what
    their teams say, as their own pages read it.

    Only of products where somebody judged one of these packages, or where the catalogue alone knows of it.
    """
    packages = {use.package for use in uses if use.verdict and use.package}
    judging = select(Component.product_id).join(Judgement, Judgement.component_id == Component.id)
    judged = set(session.scalars(judging.where(Judgement.package.in_(packages)).distinct()))
    placed = [u for u in uses if u.verdict and (u.inside or u.product_id in judged or (names and _has_branches(u)))]
    found: dict[tuple[str, str], list[Match]] = defaultdict(list)
    for some in in_batches(dict.fromkeys(u.product_id for u in placed)):
        for matches in matches_of(session, some, packages).values():
            for match in matches:
                if names is None or not match.names.isdisjoint(names):
                    found[match.component_id, match.package].append(match)
    told = [(use, found.get((use.component_id, use.package), ())) for use in uses]
    if names is None:
        return [_with_known_flaws(use, of) for use, of in told]
    # Of what the catalogue alone knows to be inside, the version of its holder answers, as on its own page.
    answered = [(_of_holder(use, of), of) for use, of in told if of or not (use.inside and use.verdict)]
    return [_with_known_flaws(_of_branch(use, of), of) for use, of in answered]


def _of_holder(use: Use, matches: Sequence[Match]) -> Use:
    surest = min((m.verdict for m in matches if m.inside), key=lambda v: _ORDER[v], default=None)
    return use._replace(verdict=surest) if use.inside and surest else use


def _has_branches(use: Use) -> bool:
    """Whether what one record says of it, another may have mended for its own minor release."""
    return use.verdict is MatchVerdict.EXPOSED and use.package.startswith("pkg:rpm/")


def _of_branch(use: Use, matches: Sequence[Match]) -> Use:
    """The line as its own page has it, where all records of the flaw asked for were read together."""
    same = [m for m in matches if m.version == use.version]
    if same and _has_branches(use) and all(m.verdict is not MatchVerdict.EXPOSED for m in same):
        return use._replace(verdict=MatchVerdict.UNKNOWN)
    return use


def _with_known_flaws(use: Use, matches: Sequence[Match]) -> Use:
    """A flaw inside has no version of its package: it is of the line that has that of its component."""
    same = [m for m in matches if m.inside or m.version == use.version]
    if not same:
        return use
    if all(m.harmless for m in same):
        return use._replace(judged=tuple(m.flaw for m in same))
    return use._replace(exposed_to=tuple(m.flaw for m in same if m.inside and m.counts))


def with_contacts(session: Session, uses: Sequence[Use]) -> list[Use]:
    """The same uses with whom to call: the component's own emergency contact, then those who can suspend its product."""
    people: dict[str, list[str]] = defaultdict(list)
    statement = select(Contact).order_by(Contact.can_suspend.desc(), Contact.name)
    for some in in_batches(dict.fromkeys(use.product_id for use in uses)):
        for c in session.scalars(statement.where(Contact.product_id.in_(some))):
            people[c.product_id].append(" ".join(filter(None, (c.name, c.phone, c.email))))
    return [u._replace(contacts=tuple(filter(None, (u.emergency, u.owner, *people[u.product_id][:2])))) for u in uses]
