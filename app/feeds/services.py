"""Keeps what feeds say, each file in one transaction, and tells how old and how full each one is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.feeds.jobs import FetchFeed
from app.feeds.kinds import STALE_AFTER_DAYS, FeedName
from app.feeds.loading import Loaded, day_of
from app.feeds.models import Advisory, AdvisoryPackage, ExploitedFlaw, ExploitScore, Feed, ReleaseCycle
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.database import in_batches
from app.platform.jobs import Job
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from risk_models.exposure.ranges import Affected, Interval, ParsedAdvisory
from risk_models.plain_values import from_plain

_BATCH = 1_000
_ROWS: dict[FeedName, Any] = {
    FeedName.OSV: Advisory,
    FeedName.KEV: ExploitedFlaw,
    FeedName.EPSS: ExploitScore,
    FeedName.EOL: ReleaseCycle,
}


@dataclass(frozen=True, slots=True)
class FeedState:
    """How a feed stands: `alarm` is "absent", "empty", "old", or empty when it can be trusted."""

    name: FeedName
    feed: Feed | None
    age_days: int | None
    alarm: str


def read_feeds(session: Session) -> list[FeedState]:
    known = {feed.name: feed for feed in session.scalars(select(Feed))}
    found = []
    for name in FeedName:
        feed = known.get(name)
        # A feed without a date of its own is as old as its loading.
        age = (clock.today() - (feed.dated or feed.loaded_at.date())).days if feed else None
        alarm = (
            "absent"
            if feed is None or age is None
            else "empty"
            if not feed.count
            else "old"
            if age > STALE_AFTER_DAYS[name]
            else ""
        )
        found.append(FeedState(name, feed, age, alarm))
    return found


@dataclass(frozen=True, slots=True)
class Fetch:
    """The last time an address was asked for its feed; `error` is empty when it went well or is under way."""

    address: str
    asked_at: datetime
    done: bool
    error: str


def read_fetches(session: Session) -> list[Fetch]:
    """The last fetch of each configured address."""
    statement = select(Job).where(Job.kind == FetchFeed.kind).order_by(Job.created_at.desc()).limit(100)
    found: dict[str, Fetch] = {}
    for job in session.scalars(statement):
        address = from_plain(job.arguments, FetchFeed).address
        found.setdefault(address, Fetch(address, job.created_at, job.done_at is not None, job.error or ""))
    return sorted(found.values(), key=lambda f: f.address)


@transaction
def load_feed(session: Session, actor: Person | None, loaded: Loaded) -> int:
    """Writes what a file holds, in one transaction; gives how many records the feed now holds.

    OSV files add to what is there, record by record; the others are whole catalogues and take its place.
    Raises `Refusal` for a catalogue older than the one already there.
    """
    tomorrow = clock.today() + timedelta(days=1)  # feeds are dated in their own zones
    if loaded.dated and loaded.dated > tomorrow:
        if loaded.name is not FeedName.OSV:
            raise Refusal(f"{loaded.source} is dated {loaded.dated}, in the future: nothing is loaded")
        loaded.dated = None
    feed = session.get(Feed, loaded.name) or Feed(name=loaded.name)
    if feed.dated and loaded.dated and loaded.dated < feed.dated and loaded.name is not FeedName.OSV:
        raise Refusal(f"{loaded.source} is dated {loaded.dated}, older than what is loaded ({feed.dated})")
    if loaded.name is FeedName.OSV:
        _load_advisories(session, loaded)
    else:
        table = _ROWS[loaded.name]
        session.execute(delete(table))
        keys = {tuple(row[c.name] for c in table.__table__.primary_key): row for row in loaded.rows}
        _insert(session, table, list(keys.values()))
    feed.source, feed.sha256, feed.loaded_at = loaded.source[:500], loaded.sha256, clock.now()
    feed.dated = max(filter(None, (feed.dated, loaded.dated)), default=None)
    standing = select(func.count()).select_from(_ROWS[loaded.name])
    standing = standing.where(~Advisory.withdrawn) if loaded.name is FeedName.OSV else standing
    feed.count = session.scalar(standing) or 0
    session.add(feed)
    record(session, actor, Action.LOAD_FEED, f"{loaded.name}: {loaded.source}", count=feed.count, sha256=loaded.sha256)
    return feed.count


def _load_advisories(session: Session, loaded: Loaded) -> None:
    by_id = {a.id: a for a in loaded.advisories}
    told = {**loaded.withdrawn, **{a.id: clock.instant_of(a.modified) for a in by_id.values()}}
    newer = _newer_than(session, told)
    by_id = {name: a for name, a in by_id.items() if name not in newer}
    withdrawn = loaded.withdrawn.keys() - by_id.keys() - newer
    gone = [*by_id, *withdrawn]
    for some in in_batches(gone, _BATCH):
        session.execute(delete(AdvisoryPackage).where(AdvisoryPackage.advisory_id.in_(some)))
        session.execute(delete(Advisory).where(Advisory.id.in_(some)))
    _insert(session, Advisory, [_advisory_row(a, told[a.id]) for a in by_id.values()])
    _insert(session, Advisory, [_withdrawn_row(name, told[name]) for name in sorted(withdrawn)])
    _insert(
        session,
        AdvisoryPackage,
        [
            {"advisory_id": a.id, "package": one.package[:500], "affected": affected_json(one)}
            for a in by_id.values()
            for one in a.affected
        ],
    )


def _advisory_row(advisory: ParsedAdvisory, modified: datetime | None) -> dict[str, Any]:
    return {
        "id": advisory.id,
        "cve": advisory.cve,
        "aliases": list(advisory.aliases),
        "upstream": list(advisory.upstream),
        "summary": advisory.summary.replace("\0", ""),
        "published": day_of(advisory.published),
        "cvss": advisory.cvss,
        "modified": modified,
        "withdrawn": False,
    }


def _withdrawn_row(name: str, modified: datetime | None) -> dict[str, Any]:
    nothing = ParsedAdvisory(name, (), (), "", None, None, None, ())
    return _advisory_row(nothing, modified) | {"withdrawn": True}


def _newer_than(session: Session, told: Mapping[str, datetime | None]) -> set[str]:
    """The records known in a later state than a file tells them."""
    found = set()
    for names in in_batches(told):
        statement = select(Advisory.id, Advisory.modified).where(Advisory.id.in_(names))
        for name, modified in session.execute(statement):
            instant = told[name]
            if modified and instant and instant < modified:
                found.add(name)
    return found


def _insert(session: Session, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    for batch in in_batches(rows, _BATCH):
        session.execute(insert(table), batch)


def affected_json(affected: Affected) -> dict[str, Any]:
    return {
        "intervals": [asdict(i) for i in affected.intervals],
        "versions": list(affected.versions),
        "unreadable": affected.unreadable,
    }


def affected_of(package: str, written: dict[str, Any]) -> Affected:
    return Affected(
        package,
        tuple(Interval(**i) for i in written["intervals"]),
        tuple(written["versions"]),
        written["unreadable"],
    )
