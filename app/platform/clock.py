"""The only place that asks what time it is; tests travel through it with time-machine."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The calendar day in France, on which deadlines are counted."""
    return now().astimezone(PARIS).date()
