"""What the catalogue knows of software whose packages nobody sees: a Metabase holds log4j, in a version that its own tells."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from app.inventory import component_catalogue
from app.inventory.models import Component
from app.packages.models import Package, PackageUse, PackageVersion, Sbom
from risk_models.catalogue import UsualComponent
from risk_models.exposure.ranges import Affected, MatchVerdict
from risk_models.exposure.typed_ranges import read_range

_SHORTEST_NAME = 3
ANY_SOFTWARE = "pkg:generic/software"


def usual_by_package(session: Session) -> Mapping[str, list[UsualComponent]]:
    """By package, the usual components that hold it."""
    found: dict[str, list[UsualComponent]] = defaultdict(list)
    for one in component_catalogue.known_usual_components(session):
        for package in one.embeds:
            found[package].append(one)
    return found


def is_called_like(known: Collection[UsualComponent]) -> ColumnElement[bool]:
    """Whether a component is one of `known`, by its cycle of releases, its CPE or its name."""
    cycles = [one.eol_product for one in known if one.eol_product]
    cpes = [one.in_cpe for one in known if one.in_cpe]
    names = [name for one in known for name in one.names if len(name) >= _SHORTEST_NAME]
    images = [
        image for name in names for image in (f"pkg:docker/{name}", f"pkg:docker/{name}/{name}", f"pkg:oci/{name}")
    ]
    return or_(
        Component.eol_product.in_(cycles),
        Component.package.in_(images),
        *(func.lower(Component.name).contains(name, autoescape=True) for name in names),
        *(func.lower(Component.cpe).contains(cpe, autoescape=True) for cpe in cpes),
    )


def tells_nothing_of(package: str) -> ColumnElement[bool]:
    """Whether the SBOM of a component lists no version of `package`: a list of its system, or of another part of it, does not
    say what its archives hold. True where it has none."""
    listed = (
        select(PackageUse.version_id)
        .join(Sbom, Sbom.id == PackageUse.sbom_id)
        .join(PackageVersion, PackageVersion.id == PackageUse.version_id)
        .join(Package, Package.id == PackageVersion.package_id)
        .where(Sbom.component_id == Component.id, Package.purl == package)
    )
    return ~exists(listed.correlate(Component))


def names_of_the_same(session: Session, name: str) -> frozenset[str]:
    """In lower case, `name` and the others that the catalogue gives to the component of that name."""
    name = name.lower()
    usual = component_catalogue.known_usual_components(session)
    return frozenset([name, *(other for one in usual if name in one.names for other in one.names)])


class ToldComponent(NamedTuple):
    """What says which software a component is, and its version."""

    name: str
    cpe: str
    eol_product: str
    version: str


def _is_written_short(one: UsualComponent, version: str) -> bool:
    """Whether a version is beyond those of its makers: 41.2 for a Metabase 0.41.2 or 1.41.2, which nobody can tell apart."""
    if not one.numbered:
        return False
    return read_range(ANY_SOFTWARE, one.numbered).verdict(version) is MatchVerdict.NOT_EXPOSED


def own_versions_flawed(
    known: Collection[UsualComponent], component: ToldComponent, package: str, flaws: Collection[str]
) -> Affected:
    """The versions of a component in which the `package` it holds has a flaw (under all its names).

    Of no version can one tell unless the catalogue says what its makers said, and of this very name, CPE or cycle of releases:
    the version of "Sauvegarde de Metabase" is not Metabase's.
    """
    for one in known:
        named = component.name.lower() in one.names or (one.in_cpe and one.in_cpe in component.cpe.lower())
        if named or (one.eol_product and one.eol_product == component.eol_product):
            for flaw, versions in one.flawed:
                if flaw in flaws and not _is_written_short(one, component.version):
                    return read_range(ANY_SOFTWARE, versions)
    return Affected(package, unreadable=True)
