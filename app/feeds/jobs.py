"""What this feature asks of workers."""

from dataclasses import dataclass
from typing import ClassVar

from app.platform.jobs import Task


@dataclass(frozen=True)
class FetchFeed(Task):
    kind: ClassVar[str] = "fetch_feed"
    address: str
