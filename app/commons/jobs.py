"""What this feature asks of workers."""

from dataclasses import dataclass
from typing import ClassVar

from app.platform.jobs import Task


@dataclass(frozen=True)
class TellServiceChanged(Task):
    """`what` became of the `service`, or of one of its measures; `contact`: whom to call about it."""

    kind: ClassVar[str] = "common_service_letter"
    person_id: str
    product_id: str
    service: str
    what: str
    measure: str
    contact: str
    at: str
