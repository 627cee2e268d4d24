"""Cards in bulk: given or fetched, read by a job, looked at, then written by another in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from app.cards.jobs import ReadCards, WriteCards
from app.cards.kinds import ImportState
from app.cards.models import CardImport
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, outbound, uploads
from app.platform.database import new_id
from app.platform.extensions import document_storage
from app.platform.outbound import Unreachable
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.product_files import cards
from app.products.importers.collections import Collection

_KEPT = 50


@transaction
def start_import(session: Session, actor: Person, content: bytes | None, source: str) -> CardImport:
    """Begins to read these cards; without `content`, those of the public address `source`."""
    upload = uploads.keep_upload(session, actor.id, "cards", content or b"", source)
    made = CardImport(
        id=new_id(),
        person_id=actor.id,
        upload_id=upload,
        source=source[:500],
        fetched=content is None,
        archive_gone=False,
        state=ImportState.READING,
        made_at=clock.now(),
    )
    session.add(made)
    jobs.enqueue(session, ReadCards(made.id))
    record(session, actor, Action.READ_CARDS, made.source)
    return made


@transaction
def confirm_import(session: Session, actor: Person, given: CardImport, *, archive_gone: bool) -> None:
    """Asks for what was looked at to be written. Raises `Refusal` once it has been."""
    uploads.read_confirmed(session, given.person_id, "cards", given.upload_id)
    taken = session.execute(
        update(CardImport)
        .where(CardImport.id == given.id, CardImport.state == ImportState.READ)
        .values(state=ImportState.WRITING, archive_gone=archive_gone)
        .returning(CardImport.id)
    ).all()
    if not taken:
        raise Refusal(_l("Ces fiches sont déjà importées, ou en train de l’être."))
    jobs.enqueue(session, WriteCards(given.id))
    record(session, actor, Action.CONFIRM_CARDS, given.source)


def recent_imports(session: Session) -> Sequence[CardImport]:
    """The last imports, newest first, with who gave them."""
    return session.scalars(
        select(CardImport).options(joinedload(CardImport.person)).order_by(CardImport.made_at.desc()).limit(_KEPT)
    ).all()


def load_import(session: Session, import_id: str) -> CardImport | None:
    return session.get(CardImport, import_id, options=[joinedload(CardImport.person)])


def content_of(given: CardImport, *, fetch: bool) -> bytes:
    """Its file; `fetch` reads the public address first, and keeps what it answered. Raises `Refusal`."""
    if fetch:
        settings = current_app.config["SETTINGS"]
        try:
            answer = outbound.ask_address(
                given.source, private_hosts=settings.private_hosts, most=settings.max_upload_bytes
            )
        except Unreachable as error:
            raise Refusal(_l("%(address)s ne répond pas (%(why)s).", address=given.source, why=error.code)) from error
        if answer.status != 200:
            raise Refusal(_l("%(address)s répond %(status)d.", address=given.source, status=answer.status))
        document_storage().put_upload(given.upload_id, answer.body)
        return answer.body
    try:
        return document_storage().get_upload(given.upload_id)
    except FileNotFoundError as error:
        raise Refusal(_l("Ce fichier n’est plus là : choisissez-le de nouveau.")) from error


def import_given(session: Session, given: CardImport, found: Collection) -> dict[str, object]:
    """Writes the cards, and tells what it did."""
    return asdict(cards.import_cards(session, given.person, found, archive_gone=given.archive_gone))
