"""The only place that asks what time it is; tests travel through it with time-machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
YEARS = range(1990, 2101)  # of the dates that people and files give: rules add years to them
_told: ContextVar[datetime | None] = ContextVar("told", default=None)


def now() -> datetime:
    """The present instant, in UTC."""
    return _told.get() or datetime.now(UTC)


def today() -> date:
    """The calendar day in France, on which deadlines are counted."""
    return now().astimezone(PARIS).date()


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Tells the past: what the demonstration writes inside happened at `instant`."""
    token = _told.set(instant)
    try:
        yield
    finally:
        _told.reset(token)


def instant_of(value: object) -> datetime | None:
    """An ISO instant, in UTC where it tells no zone; None for anything else."""
    try:
        found = datetime.fromisoformat(str(value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
