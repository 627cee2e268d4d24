"""One engine a process, one session a request or a job, one transaction a use case."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from itertools import islice
from typing import Annotated, Any, TypeVar
from uuid import uuid4

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    Text,
    create_engine,
    event,
)
from sqlalchemy import (
    Enum as SqlEnum,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")
MOST_VALUES = 5_000  # in one statement: SQLite takes 32,766, PostgreSQL 65,535


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in UTC on every database; refuses naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def new_id() -> str:
    """An identifier that says nothing about how many others there are."""
    return uuid4().hex


Id = Annotated[str, mapped_column(String(32), primary_key=True, default=new_id)]
Name = Annotated[str, mapped_column(String(200))]
LongText = Annotated[str, mapped_column(Text)]
Instant = Annotated[datetime, mapped_column(UtcDateTime)]
Json = Annotated[Any, mapped_column(JSON)]


def _values(enum: type[Enum]) -> list[str]:
    return [str(member.value) for member in enum]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        # Stored by value, as text: a member added later needs no migration.
        Enum: SqlEnum(Enum, native_enum=False, length=40, values_callable=_values, create_constraint=False),
    }


def make_engine(url: str) -> Engine:
    """An engine for SQLite (WAL, foreign keys, explicit BEGIN) or PostgreSQL."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=5, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": 15, "check_same_thread": False}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # this module begins transactions itself
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", "recursive_triggers=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # A deferred BEGIN that later writes fails at once under two writers, whatever the timeout.
    writing = connection.get_execution_options().get("writing")  # None in a migration
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if writing is False else 'OFF'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def in_batches(values: Iterable[T], size: int = MOST_VALUES) -> Iterator[list[T]]:
    """The same values, `size` of them at once."""
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch


def only_reads(session: Session) -> bool:
    """Whether the database refuses `session` to write: all that it sees was committed."""
    return session.info.get("writing") is False


class Database:
    """Sessions on one engine; `ring` is told of each job once its transaction is committed."""

    def __init__(self, engine: Engine, ring: Callable[[str, datetime], None] | None = None) -> None:
        self.engine = engine
        self._writing = engine.execution_options(writing=True)
        self._reading = engine.execution_options(writing=False, postgresql_readonly=True)
        if engine.dialect.name == "postgresql":
            self._reading = self._reading.execution_options(isolation_level="REPEATABLE READ")
        self._info: dict[str, object] = {"ring": ring} if ring else {}

    def session(self, *, writing: bool) -> Session:
        """A session whose transactions are begun for writing, or for reading only: the database then refuses to write, and
        all that is read is of one instant."""
        bind = self._writing if writing else self._reading
        return Session(bind, expire_on_commit=False, info=self._info | {"writing": writing})

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.session(writing=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error."""
        with self.session(writing=True) as session, session.begin():
            yield session
