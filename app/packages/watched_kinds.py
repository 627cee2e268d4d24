"""Kinds of packages of which no advisory that is loaded speaks: of those, an empty list of flaws says nothing."""

from sqlalchemy import ColumnElement, case, exists, func, or_, select
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
    carried = (
        select(_beginning(Package.purl))
        .join(PackageVersion, PackageVersion.package_id == Package.id)
        .join(PackageUse, PackageUse.version_id == PackageVersion.id)
        .join(Sbom, Sbom.id == PackageUse.sbom_id)
        .where(Sbom.product_id == product_id)
    )
    own = select(_beginning(Component.package)).where(Component.product_id == product_id, Component.package != "")
    found = set()
    for purl in session.scalars(carried.union(own)):
        kind, slash, rest = purl.partition("/")
        distribution, deeper, _ = rest.partition("/")
        found.add(f"{kind}/{distribution}{deeper}" if kind[4:] in RELEASED else f"{kind}{slash}")
    return found


def _beginning(purl: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """The characters of a purl that hold its kind: few enough that thousands of packages have the same."""
    of_release = or_(*(purl.startswith(f"pkg:{kind}/") for kind in sorted(RELEASED)))
    return case((of_release, func.substr(purl, 1, _DISTRIBUTION)), else_=func.substr(purl, 1, _TYPE))
