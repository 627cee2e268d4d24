"""What this feature asks of workers."""

from dataclasses import dataclass
from typing import ClassVar

from app.platform.jobs import Task


@dataclass(frozen=True)
class RunConnector(Task):
    kind: ClassVar[str] = "run_connector"
    connector_id: str
