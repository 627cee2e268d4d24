"""Jobs of this feature: each configured address is fetched once a day and loaded as a file would be."""

import tempfile
from datetime import timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select

from app.feeds import services
from app.feeds.jobs import FetchFeed
from app.feeds.loading import read_feed
from app.platform import clock, outbound
from app.platform.database import Database
from app.platform.jobs import Job, Jobs, enqueue

_EVERY = timedelta(hours=23)
_WHOLE_SECONDS = 1800  # the largest are some hundred megabytes
_MOST_BYTES = 2_000_000_000


def register(jobs: Jobs) -> None:
    jobs.every_minute(plan_fetches)
    jobs.handle(FetchFeed, fetch_feed)


def plan_fetches(database: Database) -> None:
    """Asks for each address that was not asked for today."""
    addresses = current_app.config["SETTINGS"].feeds
    if not addresses:
        return
    with database.writing() as session:
        recent = select(Job.arguments).where(Job.kind == FetchFeed.kind, Job.created_at > clock.now() - _EVERY)
        asked = {arguments["address"] for arguments in session.scalars(recent)}
        for address in addresses:
            if address not in asked:
                enqueue(session, FetchFeed(address))


def fetch_feed(database: Database, task: FetchFeed) -> None:
    """Loads what `address` answers. A failure is shown beside the feeds and tried again."""
    address = task.address
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (PurePosixPath(urlsplit(address).path).name or "feed")
        _download(address, path)
        loaded = read_feed(path)
    loaded.source = address
    with database.session(writing=True) as session:
        services.load_feed(session, None, loaded)


def _download(address: str, path: Path) -> None:
    """Writes what `address` answers to `path`; it may redirect within its own host. Raises `Unreachable`, `ValueError`."""
    parts = urlsplit(address)
    with path.open("wb") as file:
        answer = outbound.ask_address(
            address,
            {"Accept": "*/*"},
            private_hosts=current_app.config["SETTINGS"].private_hosts,
            redirects_to=(f"{parts.scheme}://{parts.netloc}",),
            most=_MOST_BYTES,
            seconds=_WHOLE_SECONDS,
            into=file,
        )
    if answer.status != 200:
        raise ValueError(f"{address} answers HTTP {answer.status}")
