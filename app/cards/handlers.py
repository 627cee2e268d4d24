"""Jobs of this feature: reading many cards, then writing them."""

from flask_babel import force_locale
from sqlalchemy import update
from sqlalchemy.orm import joinedload

from app.cards import services
from app.cards.jobs import ReadCards, WriteCards
from app.cards.kinds import ImportState
from app.cards.models import CardImport
from app.platform import clock
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.platform.refusals import Refusal
from app.products.importers.collections import Collection, read_file


def register(to: Jobs) -> None:
    to.handle(ReadCards, read_cards, on_giving_up=give_up_import)
    to.handle(WriteCards, write_cards, on_giving_up=give_up_import)


def read_cards(database: Database, task: ReadCards) -> None:
    """Imports them in a transaction that is then undone: its report is what would happen."""
    given = _load(database, task)
    if given.state is not ImportState.READING:
        return
    with force_locale(given.person.language):
        found = _found(database, given, fetch=given.fetched)
        if found is None:
            return
        with database.session(writing=True) as session:
            report = services.import_given(session, given, found)
            session.rollback()
    _end(database, given, ImportState.READ, report=report)


def write_cards(database: Database, task: WriteCards) -> None:
    given = _load(database, task)
    if given.state is not ImportState.WRITING:
        return
    with force_locale(given.person.language):
        found = _found(database, given, fetch=False)
        if found is None:
            return
        with database.writing() as session:
            mine = session.execute(
                update(CardImport)
                .where(CardImport.id == given.id, CardImport.state == ImportState.WRITING)
                .values(state=ImportState.WRITTEN, written_at=clock.now())
                .returning(CardImport.id)
            ).all()
            if mine:
                session.get_one(CardImport, given.id).report = services.import_given(session, given, found)


def _found(database: Database, given: CardImport, *, fetch: bool) -> Collection | None:
    """Its cards; None, and said so, where they cannot be read."""
    try:
        return read_file(services.content_of(given, fetch=fetch), given.source)
    except Refusal as refusal:
        _end(database, given, ImportState.REFUSED, error=str(refusal))
        return None


def give_up_import(database: Database, task: ReadCards | WriteCards, error: str) -> None:
    _end(database, _load(database, task), ImportState.REFUSED, error=error[:500])


def _load(database: Database, task: ReadCards | WriteCards) -> CardImport:
    with database.reading() as session:
        return session.get_one(CardImport, task.import_id, options=[joinedload(CardImport.person)])


def _end(
    database: Database,
    given: CardImport,
    state: ImportState,
    *,
    report: dict[str, object] | None = None,
    error: str = "",
) -> None:
    with database.writing() as session:
        session.execute(
            update(CardImport)
            .where(CardImport.id == given.id, CardImport.state == given.state)
            .values(state=state, report=report or {}, error=error)
        )
