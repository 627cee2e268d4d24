"""The cases of dispensation: those that Jalon comes with, and those that an administrator read in a text and added."""

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.homologation.dispensation_models import AddedDispensationCase
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from risk_models.catalogue import Text
from risk_models.catalogue.dispensations import DispensationCase, dispensation_cases


def known_cases(session: Session) -> Mapping[str, DispensationCase]:
    """By id, every case, those that were retired included: dispensations of years ago are of them."""
    return {case.id: case for case in (*dispensation_cases(), *map(_as_case, _added(session)))}


def usable_cases(session: Session) -> list[DispensationCase]:
    """Those that a team may ask for today, those of Jalon first."""
    return [*dispensation_cases(), *(_as_case(row) for row in _added(session) if row.retired_at is None)]


def added_cases(session: Session) -> dict[str, AddedDispensationCase]:
    """By id, those that an administrator added and nobody retired."""
    return {row.id: row for row in _added(session) if row.retired_at is None}


@transaction
def add_case(session: Session, actor: Person, row: AddedDispensationCase) -> None:
    """Raises `Refusal` where a case of that name is there already."""
    if any(row.name_fr.strip().lower() == case.name.fr.lower() for case in usable_cases(session)):
        raise Refusal(_l("Un cas de ce nom existe déjà."), "name_fr")
    row.added_by, row.added_at = actor.name, clock.now()
    session.add(row)
    record(session, actor, Action.ADD_DISPENSATION_CASE, row.name_fr, source=row.source, months=row.months)


@transaction
def retire_case(session: Session, actor: Person, row: AddedDispensationCase) -> None:
    """Nobody asks for it any more; what was granted under it holds."""
    row.retired_at = clock.now()
    record(session, actor, Action.RETIRE_DISPENSATION_CASE, row.name_fr)


def _added(session: Session) -> Sequence[AddedDispensationCase]:
    return session.scalars(select(AddedDispensationCase).order_by(AddedDispensationCase.added_at)).all()


def _as_case(row: AddedDispensationCase) -> DispensationCase:
    return DispensationCase(
        id=row.id,
        name=Text(row.name_fr, row.name_en),
        asks=Text(row.asks_fr, row.asks_en),
        source=Text(
            f"{row.source} ; cas ajouté dans Jalon par {row.added_by} le {row.added_at:%d/%m/%Y}",
            f"{row.source}; case added in Jalon by {row.added_by} on {row.added_at:%Y-%m-%d}",
        ),
        months=row.months,
        to_homologate=row.to_homologate,
    )
