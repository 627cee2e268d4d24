"""Several people at one page: whoever saves second sees what the first one changed, and keeps what was typed."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column
from sqlalchemy.orm.exc import StaleDataError
from wtforms import HiddenField

from app.platform import clock
from app.platform.database import Base, UtcDateTime
from app.platform.forms import BaseForm, choice_label
from app.platform.http import discard_changes
from app.platform.refusals import Refusal


class Edited:
    """A row that several people edit: each change gives it a new revision, which a form carries."""

    revision: Mapped[int] = mapped_column(default=1)
    edited_by: Mapped[str] = mapped_column(default="")
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, object]:
        return {"version_id_col": cls.__table__.c.revision}  # type: ignore[attr-defined]

    def touched(self, name: str) -> None:
        """Notes who changed it; the database gives it its next revision."""
        self.edited_by, self.edited_at = name[:200], clock.now()


@dataclass(frozen=True, slots=True)
class Difference:
    """A field where what is kept now is not what was typed."""

    label: Any
    theirs: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody saved meanwhile."""

    by: str
    at: datetime | None
    differences: tuple[Difference, ...]


class Overtaken(Refusal):
    """The row was changed since the form was opened."""

    def __init__(self) -> None:
        super().__init__(_l("Quelqu’un a enregistré entre-temps : rien n’est écrasé. Comparez, puis enregistrez."))


class EditForm(BaseForm):
    """A form over an `Edited` row."""

    revision = HiddenField()
    conflict: Conflict | None = None

    def check(self, session: Session, row: Base, stored: "Stored") -> None:
        """Raises `Overtaken` unless `row` is still as this form showed it; others wait until this one is saved."""
        columns = [column.key for column in inspect(type(row)).column_attrs]
        try:
            session.refresh(row, columns, with_for_update=True)
        except InvalidRequestError:
            raise Refusal(_l("Quelqu’un vient de retirer cette ligne.")) from None
        if self.revision.data != str(stored()[1].revision.data):
            raise Overtaken

    def show_conflict(self, row: Base, stored: "EditForm") -> None:
        """What is kept now beside what was typed; saving again then keeps what was typed."""
        theirs, mine = stored.shown(), self.shown()
        self.conflict = Conflict(
            getattr(row, "edited_by", ""),
            getattr(row, "edited_at", None),
            tuple(Difference(self[name].label.text, theirs[name]) for name in mine if mine[name] != theirs[name]),
        )
        self.revision.data = str(stored.revision.data)
        self.revision.raw_data = None

    def shown(self) -> dict[str, str]:
        """What a person reads of each field, by its name."""
        return {f.short_name: _shown(f) for f in self if f.short_name not in {"revision", "csrf_token"}}


class ComparedForm(EditForm):
    """A form over rows that count no revisions: what they said when it was opened stands for one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stamp()

    def stamp(self) -> None:
        """Notes what the form shows, once whoever fills it is done; what was sent keeps its own."""
        if self.revision.raw_data is None:
            text = json.dumps(self.shown(), sort_keys=True)
            self.revision.data = hashlib.sha256(text.encode()).hexdigest()[:16]


Stored = Callable[[], tuple[Base, EditForm]]


def save_edited(
    session: Session,
    form: EditForm,
    row: Base,
    save: Callable[[], object],
    *,
    stored: Stored | None,
) -> bool:
    """Saves what a form holds; False where it was not sent, or where it now shows why nothing was saved.

    `stored` reads the row again with its form, to show what somebody else saved meanwhile; None for a new row.
    """
    if not form.validate_on_submit():
        return False
    try:
        if stored is not None:
            form.check(session, row, stored)
        save()
    except (IntegrityError, StaleDataError):
        discard_changes()
        flash(
            gettext(
                "Quelqu’un vient d’enregistrer la même chose : votre saisie est gardée. Comparez, puis enregistrez."
            ),
            "warning",
        )
        return False
    except Overtaken:
        discard_changes()
        if stored is not None:
            form.show_conflict(*stored())
        return False
    except Refusal as refusal:
        discard_changes()
        form.refuse(refusal)
        return False
    return True


def reread_edited(session: Session, kind: type[Base], row_id: str, form: type[EditForm]) -> Stored:
    """What `save_edited` asks of a row whose form is filled from it alone: the row as it is stored, and its form."""

    def stored() -> tuple[Base, EditForm]:
        row = session.get_one(kind, row_id)
        return row, form(formdata=None, obj=row)

    return stored


def _shown(field: Any) -> str:
    """What a person reads of a field."""
    value = field.data
    labels = {str(v): str(choice_label(label)) for v, label in getattr(field, "choices", None) or ()}
    if isinstance(value, list | tuple | set):
        return ", ".join(sorted(labels.get(str(v), str(v)) for v in value))
    if isinstance(value, bool):
        return str(_l("oui")) if value else str(_l("non"))
    return "" if value in (None, "") else labels.get(str(value), str(choice_label(value)))
