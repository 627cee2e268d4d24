"""Kinds of packages of which no advisory that is loaded speaks: of those, an empty list of flaws says nothing."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.feeds.models import AdvisoryPackage
from app.inventory.models import Component
from app.packages.models import Package, PackageUse, PackageVersion, Sbom
from risk_models.exposure.package_names import RELEASED

_TYPE, _DISTRIBUTION = 16, 32  # characters that hold the type of a purl, and its namespace
_NAMELESS = "pkg:generic/"  # told apart: they have no purl


def unwatched_kinds(session: Session, product_id: str) -> list[str]:
    """Types of purl, with their distribution where they are of one, that a product has and no advisory names; in a constant
    number of queries."""
    kinds = sorted(_kinds_of(session, product_id) - {_NAMELESS})
    if not kinds:
        return []
    named = (exists().where(AdvisoryPackage.package.startswith(kind, autoescape=True)) for kind in kinds)
    told = session.execute(select(*named)).one()
    return [kind[4:].rstrip("/") for kind, known in zip(kinds, told, strict=True) if not known]


def _kinds_of(session: Session, product_id: str) -> set[str]:
    found: set[str] = set()
    for released, length in ((False, _TYPE), (True, _DISTRIBUTION)):
        carried = (
            select(func.substr(Package.purl, 1, length))
            .join(PackageVersion, PackageVersion.package_id == Package.id)
            .join(PackageUse, PackageUse.version_id == PackageVersion.id)
            .join(Sbom, Sbom.id == PackageUse.sbom_id)
            .where(Sbom.product_id == product_id, _is_released(Package.purl, released=released))
        )
        own = select(func.substr(Component.package, 1, length)).where(
            Component.product_id == product_id,
            Component.package != "",
            _is_released(Component.package, released=released),
        )
        found |= _beginnings(session.scalars(carried.union(own)), parts=2 if released else 1)
    return found


def _is_released(purl: InstrumentedAttribute[str], *, released: bool) -> ColumnElement[bool]:
    of_release = or_(*(purl.startswith(f"pkg:{kind}/") for kind in sorted(RELEASED)))
    return of_release if released else ~of_release


def _beginnings(purls: Iterable[str], parts: int) -> set[str]:
    """`pkg:npm/`, `pkg:rpm/redhat/`."""
    return {"/".join(purl.split("/")[:parts]) + "/" for purl in purls}
