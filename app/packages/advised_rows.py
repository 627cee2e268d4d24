"""Rows of what advisories speak of: packages that components carry, that they are, that they are known to hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, and_, literal, select
from sqlalchemy.orm import Session

from app.feeds.models import Advisory, AdvisoryPackage
from app.inventory.models import Component
from app.packages.known_inside import is_called_like, tells_nothing_of
from app.packages.models import Package, PackageUse, PackageVersion, Sbom
from app.platform.database import in_batches
from risk_models.catalogue import UsualComponent


def advised_rows(
    session: Session,
    product_ids: Sequence[str],
    holding: Mapping[str, Collection[UsualComponent]],
    packages: Collection[str] | None,
) -> list[Row[Any]]:
    """One by component, package and advisory that names it, of these `packages` alone where some are named; `holding`: by
    package, the usual components that are known to hold it."""
    return [
        *_carried(session, product_ids, packages),
        *_own(session, product_ids, packages),
        *_inside(session, product_ids, holding),
    ]


_COLUMNS = (
    Component.product_id,
    Component.id.label("component_id"),
    Component.ref,
    Component.name,
    Component.hosting,
    Component.eol_product,
    Component.cpe,
    Component.version.label("own_version"),
    Component.purl.label("own_purl"),
    AdvisoryPackage.advisory_id,
    AdvisoryPackage.package.label("advised"),
)


class AdvisedRecord(NamedTuple):
    """What an advisory says, and of which versions of one package."""

    affected: dict[str, Any]
    aliases: list[str]
    upstream: list[str]
    summary: str
    published: date | None
    cvss: float | None


def records_of(session: Session, rows: Iterable[Row[Any]]) -> dict[tuple[str, str], AdvisedRecord]:
    """By advisory and package, each once: the rows of a portfolio name the same ones thousands of times."""
    wanted = {(row.advisory_id, row.advised) for row in rows}
    columns = (Advisory.aliases, Advisory.upstream, Advisory.summary, Advisory.published, Advisory.cvss)
    statement = select(AdvisoryPackage.advisory_id, AdvisoryPackage.package, AdvisoryPackage.affected, *columns).join(
        Advisory, Advisory.id == AdvisoryPackage.advisory_id
    )
    found = {}
    for some in in_batches({advisory_id for advisory_id, _ in wanted}):
        for advisory_id, package, *told in session.execute(statement.where(Advisory.id.in_(some))).tuples():
            if (advisory_id, package) in wanted:
                found[advisory_id, package] = AdvisedRecord._make(told)
    return found


_is_source = and_(PackageVersion.source != "", AdvisoryPackage.package == PackageVersion.source)


def _carried(session: Session, product_ids: Sequence[str], packages: Collection[str] | None) -> list[Row[Any]]:
    """By the name of each package, and by that of the source it is built from."""
    statement: Select[*tuple[Any, ...]] = (
        select(
            *_COLUMNS,
            Package.purl.label("package"),
            Package.purl,
            PackageVersion.version,
            PackageVersion.source_version,
            literal(value=True).label("embedded"),
            PackageUse.development,
            literal(value=False).label("inside"),
        )
        .select_from(Sbom)
        .join(Component, Component.id == Sbom.component_id)
        .join(PackageUse, PackageUse.sbom_id == Sbom.id)
        .join(PackageVersion, PackageVersion.id == PackageUse.version_id)
        .join(Package, Package.id == PackageVersion.package_id)
        .where(Sbom.product_id.in_(product_ids))
    )
    if packages is not None:
        statement = statement.where(Package.purl.in_(packages))
    return [
        row
        for named in (AdvisoryPackage.package == Package.purl, _is_source)
        for row in session.execute(statement.join(AdvisoryPackage, named))
    ]


def _own(session: Session, product_ids: Sequence[str], packages: Collection[str] | None) -> list[Row[Any]]:
    statement: Select[*tuple[Any, ...]] = (
        select(
            *_COLUMNS,
            Component.package,
            Component.purl,
            Component.version,
            literal("").label("source_version"),
            literal(value=False).label("embedded"),
            literal(value=False).label("development"),
            literal(value=False).label("inside"),
        )
        .select_from(Component)
        .where(Component.product_id.in_(product_ids), Component.package != "")
    )
    if packages is not None:
        statement = statement.where(Component.package.in_(packages))
    return [
        row
        for named in (Component.package, Component.source)
        for row in session.execute(statement.join(AdvisoryPackage, AdvisoryPackage.package == named))
    ]


def _inside(
    session: Session, product_ids: Sequence[str], holding: Mapping[str, Collection[UsualComponent]]
) -> list[Row[Any]]:
    """What the like of components are known to hold, of which their SBOM, where they have one, tells nothing."""
    statement: Select[*tuple[Any, ...]] = (
        select(
            *_COLUMNS,
            AdvisoryPackage.package,
            AdvisoryPackage.package.label("purl"),
            literal("").label("version"),
            literal("").label("source_version"),
            literal(value=True).label("embedded"),
            literal(value=False).label("development"),
            literal(value=True).label("inside"),
        )
        .select_from(Component)
        .where(Component.product_id.in_(product_ids))
    )
    return [
        row
        for package, known in holding.items()
        for row in session.execute(
            statement.join(AdvisoryPackage, AdvisoryPackage.package == package).where(
                Component.package != package, is_called_like(known), tells_nothing_of(package)
            )
        )
    ]
