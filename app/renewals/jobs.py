"""What this feature asks of workers."""

from dataclasses import dataclass
from typing import ClassVar

from app.platform.jobs import Task


@dataclass(frozen=True)
class SendDigest(Task):
    kind: ClassVar[str] = "digest"
    digest_id: str
