"""What this feature asks of workers."""

from dataclasses import dataclass
from typing import ClassVar

from app.platform.jobs import Task


@dataclass(frozen=True)
class ReadCards(Task):
    kind: ClassVar[str] = "read_cards"
    import_id: str


@dataclass(frozen=True)
class WriteCards(Task):
    kind: ClassVar[str] = "write_cards"
    import_id: str
