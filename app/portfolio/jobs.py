"""What this feature asks of workers."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from app.platform.jobs import Task
from risk_models.rules.standing import NextAct


@dataclass(frozen=True)
class RemindTeam(Task):
    """`act` and `due`: what is next and its day, None where nothing is; one letter a `day`."""

    kind: ClassVar[str] = "relaunch"
    product_id: str
    person_id: str
    sender: str
    note: str
    act: NextAct | None
    due: date | None
    day: str
