"""A database as files, one a table, and back: of one instant, read by either database, counted and hashed.

What only a running Jalon needs (sessions, links just sent, challenges, counts) is left out: whoever restores signs in again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Connection, Date, Table, func, insert, select, text

from app.platform.database import Base, Database, UtcDateTime

_LEFT_OUT = frozenset({"web_session", "sign_in_link", "factor_challenge", "hit", "upload"})
_ROWS = 500


@dataclass(frozen=True, slots=True)
class TableSummary:
    """How many rows, and the SHA-256 of them as they are written."""

    rows: int
    sha256: str


class NotEmpty(ValueError):
    """The database to restore into holds something already."""


def dump_tables(database: Database, folder: Path) -> dict[str, TableSummary]:
    """Writes each table to `folder` as lines of JSON, all of one instant."""
    with database.reading() as session:
        return {table.name: _dump(session.connection(), table, folder) for table in _tables()}


def summarize_tables(database: Database) -> dict[str, TableSummary]:
    """The same summaries, of what a database holds now."""
    with database.reading() as session:
        connection = session.connection()
        return {table.name: _summary(_lines(connection, table)) for table in _tables()}


def load_tables(database: Database, folder: Path) -> None:
    """Puts back what `dump_tables` wrote, in one transaction, in a database just migrated. Raises `NotEmpty`."""
    with database.engine.begin() as connection:
        for table in _tables():
            if connection.scalar(select(func.count()).select_from(table)):
                raise NotEmpty(table.name)
        with _without_triggers(connection):
            for table in _tables():
                with (folder / f"{table.name}.jsonl").open(encoding="utf-8") as file:
                    for rows in _batches(_row(table, json.loads(line)) for line in file):
                        connection.execute(insert(table), rows)


def _tables() -> list[Table]:
    """In the order of their keys."""
    return [table for table in Base.metadata.sorted_tables if table.name not in _LEFT_OUT]


def _dump(connection: Connection, table: Table, folder: Path) -> TableSummary:
    path = folder / f"{table.name}.jsonl"
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:

        def written() -> Iterator[str]:
            for line in _lines(connection, table):
                file.write(line)
                yield line

        return _summary(written())


def _summary(lines: Iterator[str]) -> TableSummary:
    digest, rows = hashlib.sha256(), 0
    for line in lines:
        digest.update(line.encode())
        rows += 1
    return TableSummary(rows, digest.hexdigest())


def _lines(connection: Connection, table: Table) -> Iterator[str]:
    """Each row as a line, in an order that both databases give."""
    found = connection.execute(select(table))
    rows = (
        json.dumps({n: _plain(v) for n, v in row.items()}, ensure_ascii=False, sort_keys=True)
        for row in found.mappings()
    )
    # Collations differ from one database to the other: sorted here.
    yield from (f"{row}\n" for row in sorted(rows))


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    return value


def _row(table: Table, found: Mapping[str, Any]) -> dict[str, Any]:
    # Left out, a JSON that is not there is NULL; given as None, it would be the JSON null.
    return {
        column.name: _value(column, found[column.name])
        for column in table.columns
        if found[column.name] is not None or not isinstance(column.type, JSON)
    }


def _value(column: Column[Any], found: Any) -> Any:
    if found is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(found)
    if isinstance(column.type, Date):
        return date.fromisoformat(found)
    enum = getattr(column.type, "enum_class", None)
    return enum(found) if enum is not None else found


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Of the same columns each."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        if batch and (len(batch) == _ROWS or row.keys() != batch[0].keys()):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


@contextmanager
def _without_triggers(connection: Connection) -> Iterator[None]:
    """They refuse to write beside what is sealed, which is what a restoration does; back in their place at its end."""
    if connection.dialect.name == "postgresql":
        for table in _tables():
            connection.execute(text(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER'))
        yield
        for table in _tables():
            connection.execute(text(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER'))
        return
    found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    for name, _ in found:
        connection.execute(text(f'DROP TRIGGER "{name}"'))
    yield
    for _, statement in found:
        connection.exec_driver_sql(statement)
