"""The SBOM of a component: looked at, then imported in one transaction. Rows are written in sets, never as objects."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import SEEK_END
from itertools import islice
from typing import IO, Any, cast

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.orm import Session

from app.identity.models import Person
from app.inventory import services as inventory
from app.inventory.models import Component
from app.journal.actions import Action
from app.journal.services import record
from app.packages.importers import open_reading
from app.packages.importers.reading import BomReading, Carried, UnreadableSbom
from app.packages.models import PackageUse, Sbom
from app.platform import clock
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models.exposure.package_names import plain_name, source_package

_BATCH = 5_000
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


def counts_of(session: Session, product_id: str) -> dict[str, int]:
    """By id of the components whose SBOM is known, how many packages it names."""
    rows = session.execute(select(Sbom.component_id, Sbom.count).where(Sbom.product_id == product_id, Sbom.count > 0))
    return dict(row.tuple() for row in rows)


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
        unchanged=standing is not None and standing.sha256 == sha256_of(file),
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
    digest = sha256_of(file)
    standing = sbom_of(session, component.id)
    if standing and standing.sha256 == digest:
        return SbomOutcome(component.name, standing.format, standing.count, 0, 0, standing.exceptions, unchanged=True)
    reading = open_reading(file, file_name)
    connection = session.connection()
    _stage(connection, reading.packages)
    count = connection.execute(text("SELECT count(*) FROM staged")).scalar_one()
    _must_find(reading, count, file, file_name)
    new_packages = _keep_packages(connection)
    if standing is not None:
        session.execute(delete(PackageUse).where(PackageUse.sbom_id == standing.id))
        sbom = standing
    else:
        sbom = Sbom(component_id=component.id, product_id=product.id)
    sbom.file_name, sbom.format, sbom.sha256 = file_name[:200], reading.format, digest
    sbom.dated, sbom.imported_at = reading.dated, clock.now()
    sbom.imported_by = actor.name if actor else "Jalon"
    sbom.exceptions = _exceptions(reading)
    sbom.count = count
    session.add(sbom)
    session.flush()
    _keep_uses(connection, sbom.id)
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


def _stage(connection: Connection, packages: Iterable[Carried]) -> None:
    """The packages of one file in a temporary table, each once."""
    on_postgres = connection.dialect.name == "postgresql"
    connection.execute(text("DROP TABLE IF EXISTS staged"))
    connection.execute(
        text(
            "CREATE TEMPORARY TABLE staged (purl VARCHAR(500), version VARCHAR(100), name VARCHAR(500), source VARCHAR(500),"
            " development BOOLEAN)" + " ON COMMIT DROP" * on_postgres
        )
        if on_postgres
        else text(
            "CREATE TEMPORARY TABLE staged (purl VARCHAR(500), version VARCHAR(100), name VARCHAR(500), source VARCHAR(500),"
            " development BOOLEAN, PRIMARY KEY (purl, version))"
            " WITHOUT ROWID"
        )
    )
    rows = (
        (purl, version, plain_name(purl).lower(), _source(purl), development) for purl, version, development in packages
    )
    if on_postgres:
        cursor = connection.connection.cursor()
        with cursor.copy("COPY staged (purl, version, name, source, development) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE staged_once ON COMMIT DROP AS SELECT purl, version, name, source,"
                " bool_and(development) AS development FROM staged GROUP BY 1, 2, 3, 4"
            )
        )
        connection.execute(text("DROP TABLE staged"))
        connection.execute(text("ALTER TABLE staged_once RENAME TO staged"))
        return
    while batch := list(islice(rows, _BATCH)):
        connection.exec_driver_sql(_STAGE, batch)


# What runs holds it where one of its lines says so.
_STAGE = (
    "INSERT INTO staged VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (purl, version) DO UPDATE SET development = development AND excluded.development"
)


def _source(purl: str) -> str | None:
    found = source_package(purl) if "upstream=" in purl else None
    return found[0] if found else None


# SQLite joins in the order written where it reads CROSS JOIN: from the few rows of the file to the millions of the
# portfolio. Left to choose, it reads every version known. PostgreSQL chooses rightly by itself.
def _keep_packages(connection: Connection) -> int:
    """Packages and versions not known yet, in one order for all so that two imports never wait for each other."""
    added = connection.execute(
        text(
            "INSERT INTO package (purl, name, source) SELECT DISTINCT purl, name, source FROM staged s"
            " WHERE NOT EXISTS (SELECT 1 FROM package p WHERE p.purl = s.purl) ORDER BY purl ON CONFLICT DO NOTHING"
        )
    )
    connection.execute(
        text(
            "INSERT INTO package_version (package_id, version) SELECT p.id, s.version FROM staged s"
            " CROSS JOIN package p WHERE p.purl = s.purl AND NOT EXISTS"
            " (SELECT 1 FROM package_version v WHERE v.package_id = p.id AND v.version = s.version)"
            " ORDER BY p.id, s.version ON CONFLICT DO NOTHING"
        )
    )
    return added.rowcount


def _keep_uses(connection: Connection, sbom_id: int) -> None:
    connection.execute(
        text(
            "INSERT INTO package_use (version_id, sbom_id, development) SELECT v.id, :sbom, s.development FROM staged s"
            " CROSS JOIN package p CROSS JOIN package_version v"
            " WHERE p.purl = s.purl AND v.package_id = p.id AND v.version = s.version ORDER BY v.id"
        ),
        {"sbom": sbom_id},
    )
    connection.execute(text("DROP TABLE staged"))
