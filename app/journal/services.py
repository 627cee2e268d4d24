"""Writing and reading the journal. Every service that changes state calls `record` in its transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, func, inspect, select, true
from sqlalchemy.orm import Session

from app.journal.actions import Action, Subject
from app.journal.chain import note_entry
from app.journal.models import JournalEntry
from app.platform import clock
from app.platform.database import Base, new_id
from app.platform.transactions import note_journaled

__all__ = [
    "PAGE",
    "Actor",
    "JournalEntry",
    "about_incubator",
    "about_person",
    "about_product",
    "changes_of",
    "count_entries",
    "everything",
    "has_acted",
    "read_entries",
    "record",
]

PAGE = 50


class Actor(Protocol):
    id: Any
    name: Any


def record(
    session: Session, actor: Actor | None, action: Action, what: str, *, product_id: str | None = None, **details: Any
) -> None:
    """Notes that `actor` (None: Jalon itself) did `action` on `what`."""
    note_journaled(session)
    note_entry(
        session,
        JournalEntry(
            id=new_id(),
            at=clock.now(),
            person_id=actor.id if actor else None,
            person_name=actor.name if actor else "Jalon",
            action=action,
            what=what[:300],
            product_id=product_id,
            details=details,
        ),
    )


def changes_of(row: Base) -> dict[str, dict[str, str]]:
    """What this transaction changes in a row known before, not yet written: `before` and `after`, by field; for `record`.

    Nothing of a new row, nor of who changed it and when, which the line says itself. Texts are cut at 300 signs.
    """
    state = inspect(row)
    before, after = dict[str, str](), dict[str, str]()
    for column in state.mapper.column_attrs if state.persistent else ():
        history = state.attrs[column.key].history
        if history.deleted and not column.key.endswith(("_at", "_by")):
            before[column.key] = _as_text(history.deleted[0])
            after[column.key] = _as_text(history.added[0] if history.added else None)
    return {"before": before, "after": after} if before else {}


def _as_text(value: object) -> str:
    return "" if value is None else str(value)[:300]


def has_acted(
    session: Session, person_id: str, product_id: str, actions: Collection[Action], *, since: datetime | None = None
) -> bool:
    """Whether a person did one of `actions` on a product, after `since`."""
    found = select(JournalEntry.id).where(
        JournalEntry.person_id == person_id, JournalEntry.product_id == product_id, JournalEntry.action.in_(actions)
    )
    return session.scalar((found.where(JournalEntry.at > since) if since else found).limit(1)) is not None


def texts_of(session: Session, person_id: str, action: Action) -> Sequence[str]:
    """What each line of an act of a person names, whatever became of it since."""
    lines = select(JournalEntry.what).where(JournalEntry.person_id == person_id, JournalEntry.action == action)
    return session.scalars(lines).all()


def about_product(product_id: str) -> ColumnElement[bool]:
    return JournalEntry.product_id == product_id


def about_incubator(incubator_id: str, product_ids: Select[str]) -> ColumnElement[bool]:
    """What was done on its products, `product_ids`, and on itself: its roles, its directory."""
    on_itself: ColumnElement[bool] = JournalEntry.details["incubator"].as_string() == incubator_id
    return JournalEntry.product_id.in_(product_ids) | on_itself


def about_person(person_id: str, email: str) -> ColumnElement[bool]:
    """What somebody did, and what others did to their account: the lines about people that give their address."""
    of_people = JournalEntry.action.in_([action for action in Action if action.subject is Subject.PERSON])
    named = (JournalEntry.what == email) | JournalEntry.what.contains(f"<{email}>", autoescape=True)
    return (JournalEntry.person_id == person_id) | (of_people & named)


def everything() -> ColumnElement[bool]:
    return true()


def count_entries(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(JournalEntry).where(which)) or 0


def read_entries(
    session: Session, which: ColumnElement[bool], *, page: int = 1, size: int = PAGE
) -> Sequence[JournalEntry]:
    """Those that `which` chooses, newest first."""
    statement = (
        select(JournalEntry)
        .where(which)
        .order_by(JournalEntry.at.desc(), JournalEntry.id)
        .limit(size)
        .offset((page - 1) * size)
    )
    return session.scalars(statement).all()
