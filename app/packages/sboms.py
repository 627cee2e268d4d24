"""The SBOM of a component: looked at, then imported in one transaction. Rows are written in sets, never as objects."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import SEEK_END
from typing import IO, Any, cast

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from app.identity.models import Person
from app.inventory import services as inventory
from app.inventory.models import Component
from app.journal.actions import Action
from app.journal.services import record
from app.packages.importers import open_reading
from app.packages.importers.reading import BomReading, UnreadableSbom
from app.packages.models import Sbom, SbomGraph
from app.packages.sbom_rows import count_staged, keep_packages, keep_uses, stage_packages
from app.platform import clock
from app.platform.transactions import transaction
from app.products.models import Product

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: how many packages, and the first names of each kind of change."""

    format: str
    count: int
    added: Sequence[str]
    changed: Sequence[str]
    gone: Sequence[str]
    added_count: int
    changed_count: int
    gone_count: int
    services: Sequence[str]
    exceptions: Sequence[dict[str, object]]
    unchanged: bool


@dataclass(frozen=True, slots=True)
class SbomOutcome:
    """What an import did; `unchanged` when the very same file already stood for the component."""

    component: str
    format: str
    count: int
    new_packages: int
    services: int
    exceptions: Sequence[dict[str, object]]
    unchanged: bool = False


def sbom_of(session: Session, component_id: str) -> Sbom | None:
    return session.scalar(select(Sbom).where(Sbom.component_id == component_id))


def _tells_needs(session: Session, sbom: Sbom) -> bool:
    """Whether it was read since Jalon keeps who needs whom: if not, the same file teaches something."""
    return bool(session.scalar(select(exists().where(SbomGraph.sbom_id == sbom.id))))


def counts_of(session: Session, product_id: str) -> dict[str, int]:
    """By id of the components whose SBOM is known, how many packages it names."""
    rows = session.execute(select(Sbom.component_id, Sbom.count).where(Sbom.product_id == product_id, Sbom.count > 0))
    return dict(row.tuple() for row in rows)


def count_unmatched(session: Session, product_id: str) -> tuple[int, int]:
    """How many lines of its SBOM have no purl that can be read, which no advisory can be compared with; and how many are of a
    distribution without their source, which some cannot."""
    found = session.scalars(select(Sbom.exceptions).where(Sbom.product_id == product_id))
    counts: Counter[str] = Counter()
    for exceptions in found:
        counts.update({one["kind"]: int(one["count"]) for one in exceptions})
    return counts["no_purl"] + counts["wrong_purl"], counts["no_source"]


def preview_sbom(session: Session, component: Component, file: IO[bytes], file_name: str) -> Preview:
    """What importing `file` would change. Raises `UnreadableSbom`; writes nothing."""
    reading = open_reading(file, file_name)
    new = {(carried.package, carried.version) for carried in reading.packages}
    _must_find(reading, len(new), file, file_name)
    standing = sbom_of(session, component.id)
    old = set(_packages_of(session, standing.id)) if standing else set()
    before, after = _versions(old - new), _versions(new - old)
    changed = before.keys() & after.keys()

    def listed(rows: dict[str, list[str]], names: Iterable[str]) -> list[str]:
        return [f"{name} {', '.join(sorted(rows[name]))}".strip() for name in sorted(names)[:_SHOWN]]

    return Preview(
        format=reading.format,
        count=len(new),
        added=listed(after, after.keys() - changed),
        changed=[
            f"{name} {', '.join(sorted(before[name]))} → {', '.join(sorted(after[name]))}"
            for name in sorted(changed)[:_SHOWN]
        ],
        gone=listed(before, before.keys() - changed),
        added_count=len(after) - len(changed),
        changed_count=len(changed),
        gone_count=len(before) - len(changed),
        services=[s.name for s in reading.services],
        exceptions=_exceptions(reading),
        unchanged=standing is not None and standing.sha256 == sha256_of(file) and _tells_needs(session, standing),
    )


def _versions(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for package, version in rows:
        found.setdefault(package, []).append(version)
    return found


def _packages_of(session: Session, sbom_id: int) -> Iterator[tuple[str, str]]:
    statement = text(
        "SELECT p.purl, v.version FROM package_use u JOIN package_version v ON v.id = u.version_id"
        " JOIN package p ON p.id = v.package_id WHERE u.sbom_id = :sbom"
    )
    for row in session.execute(statement, {"sbom": sbom_id}):
        yield row[0], row[1]


@transaction
def import_sbom(
    session: Session, actor: Person | None, product: Product, component: Component, file: IO[bytes], file_name: str
) -> SbomOutcome:
    """Makes `file` the SBOM of `component`. Raises `UnreadableSbom` and changes nothing when it cannot be read.

    The same file again changes nothing; what people wrote about components and flaws stays.
    """
    file_name = file_name.encode("utf-8", "replace").decode()
    digest = sha256_of(file)
    standing = sbom_of(session, component.id)
    if standing and standing.sha256 == digest and _tells_needs(session, standing):
        return SbomOutcome(component.name, standing.format, standing.count, 0, 0, standing.exceptions, unchanged=True)
    reading = open_reading(file, file_name)
    connection = session.connection()
    lines = stage_packages(connection, reading.packages)
    count = count_staged(connection)
    _must_find(reading, count, file, file_name)
    new_packages = keep_packages(connection)
    sbom = standing or Sbom(component_id=component.id, product_id=product.id)
    sbom.file_name, sbom.format, sbom.sha256 = file_name[:200], reading.format, digest
    sbom.dated, sbom.imported_at = reading.dated, clock.now()
    sbom.imported_by = actor.name if actor else "Jalon"
    sbom.exceptions = _exceptions(reading)
    sbom.count = count
    session.add(sbom)
    session.flush()
    keep_uses(connection, sbom.id, lines, reading.needs)
    services = inventory.add_services(session, product, component, reading.services, reading.service_links)
    record(
        session, actor, Action.IMPORT_SBOM, f"{file_name} – {component.name}", product_id=product.id, count=sbom.count
    )
    return SbomOutcome(component.name, reading.format, sbom.count, new_packages, services, sbom.exceptions)


def _must_find(reading: BomReading, count: int, file: IO[bytes], file_name: str) -> None:
    """Raises `UnreadableSbom` for a file in which nothing was found: it is not what it seems, or was not made as it should."""
    if not count and not reading.services:
        size = file.seek(0, SEEK_END)
        raise UnreadableSbom("nothing_found", size=max(1, round(size / 1000)), format=reading.format, name=file_name)


def _exceptions(reading: BomReading) -> list[dict[str, object]]:
    return [{"kind": kind, "count": n, "first": first} for kind, (n, first) in sorted(reading.odd.items())]


def sha256_of(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
