"""Each day, what was sealed is compared with what is kept: contents with their hashes, rows with contents, issued files with
their SHA-256, the journal with its chain. Whoever keeps this Jalon, and who audits it, hears at once of what differs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.homologation.dispensation_models import Dispensation
from app.homologation.jobs import TellDamage
from app.homologation.kinds import Act, DossierState
from app.homologation.models import Dossier, IssuedFile, Lifting, Reservation, Withdrawal
from app.identity import services as identity
from app.identity.models import Person
from app.journal import chain
from app.platform import attachments, clock, jobs, mail_templates, rates
from app.platform.database import Database
from app.platform.extensions import document_storage
from app.platform.logs import note_security
from app.platform.rates import Rate
from app.platform.storage import Storage
from app.products.models import Product
from reports import dossier as content
from reports.frozen import FrozenDispensation

_ONCE_A_DAY = Rate(1, timedelta(hours=24))
# A letter names that many; the log names them all.
_TOLD = 20


class Damage(StrEnum):
    """What is no longer as it was sealed."""

    CONTENT = "content"
    DECISION = "decision"
    RESERVATIONS = "reservations"
    FILE_GONE = "file_gone"
    FILE_ALTERED = "file_altered"
    FILE_OF_OTHER = "file_of_other"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class DamageFound:
    """`where`: the product and the number of its dossier or dispensation, or a line of the journal."""

    kind: Damage
    where: str


def watch_integrity(database: Database) -> None:
    """Once a day, compares everything and tells of what differs."""
    with database.writing() as session:
        if not rates.is_allowed(session, _ONCE_A_DAY, "integrity"):
            return
    with database.reading() as session:
        found = list(find_damage(session, document_storage()))
    for one in found:
        note_security("sealed thing changed", damage=one.kind.value, where=one.where)
    if not found:
        return
    lines = tuple(f"{one.kind.value} {one.where}" for one in found[:_TOLD])
    with database.writing() as session:
        told = {p.id for p in (*identity.auditors(session), *identity.administrators(session))}
        for person_id in sorted(told):
            jobs.enqueue(session, TellDamage(person_id, len(found), lines, clock.now().isoformat()))


def find_damage(session: Session, storage: Storage) -> Iterator[DamageFound]:
    """Everything that is no longer as it was sealed."""
    names = dict(session.execute(select(Product.id, Product.name)).all())
    for dossier_id in session.scalars(
        select(Dossier.id).where(Dossier.content.is_not(None)).order_by(Dossier.id)
    ).all():
        dossier = session.scalars(
            select(Dossier).where(Dossier.id == dossier_id).options(joinedload(Dossier.decision))
        ).one()
        where = f"{names.get(dossier.product_id, dossier.product_id)} {dossier.number}"
        for kind in (*_of_content(session, dossier), *_of_files(session, dossier, storage)):
            yield DamageFound(kind, where)
        session.expunge(dossier)  # a content is large
    for found in session.scalars(
        select(Dispensation).where(Dispensation.granted.is_not(None)).options(joinedload(Dispensation.end))
    ):
        for kind in _of_dispensation(session, found, storage):
            yield DamageFound(kind, f"{names.get(found.product_id, found.product_id)} {found.number}")
    lost = _heads_without_a_day(session, storage)
    for _, line in chain.verify_journal(session, *lost).faults:
        yield DamageFound(Damage.JOURNAL, line)


# What a sealed head of the journal says, within its signature, and how such a document begins: no file that people may attach
# does, so nobody raises the alarm with one. It is small.
_SIGNED = re.compile(rb"\x30.{1,5}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", re.DOTALL)
_HEAD = re.compile(rb"20\d\d-\d\d-\d\d (\d{1,12}):([0-9a-f]{64})\n")
_HEAD_SIZE = 30_000


def _heads_without_a_day(session: Session, storage: Storage) -> list[chain.JournalHead]:
    """Heads that were sealed among the documents and whose day is no longer in the database: a copy from before was put
    back, or the chain was cut and its days with it. Such a document stays for a week after its row is gone.
    """
    found = []
    for digest in attachments.unnamed_documents(session, list(storage.documents_before(clock.now()))):
        try:
            document = storage.get(digest)
        except (FileNotFoundError, ValueError):
            continue
        sealed = len(document) < _HEAD_SIZE and _SIGNED.match(document)
        said = _HEAD.search(document) if sealed else None
        if said:
            found.append(chain.JournalHead(int(said[1]), said[2].decode()))
    return found


def _of_content(session: Session, dossier: Dossier) -> Iterator[Damage]:
    if content.sha256(dossier.content or "") != dossier.content_sha256:
        yield Damage.CONTENT
        return
    if dossier.state is not DossierState.DECIDED:
        return
    frozen, row = content.loads(dossier.content or "").decision, dossier.decision
    if frozen is None or row is None:
        yield Damage.DECISION
        return
    said = (frozen.outcome, frozen.months, frozen.decided_on, frozen.expires_on)
    if said != (row.outcome.value, row.months, row.decided_on, row.expires_on):
        yield Damage.DECISION
    kept = select(Reservation.text).where(Reservation.dossier_id == dossier.id).order_by(Reservation.position)
    if frozen.to_lift and tuple(session.scalars(kept)) != frozen.to_lift:
        yield Damage.RESERVATIONS


def _of_files(session: Session, dossier: Dossier, storage: Storage) -> Iterator[Damage]:
    withdrawn = session.scalar(select(Withdrawal).where(Withdrawal.dossier_id == dossier.id))
    if withdrawn is not None and content.sha256(withdrawn.content) != withdrawn.content_sha256:
        yield Damage.CONTENT
    lifted = {}
    for page in session.scalars(select(Lifting).where(Lifting.dossier_id == dossier.id)):
        lifted[page.content_sha256] = page
        if content.sha256(page.content) != page.content_sha256:
            yield Damage.CONTENT
    of = {Act.DECISION: dossier.content_sha256, Act.WITHDRAWAL: withdrawn.content_sha256 if withdrawn else None}
    for issued in session.scalars(select(IssuedFile).where(IssuedFile.dossier_id == dossier.id)):
        # A project is of what was asked, which the decision's content followed.
        if issued.act is Act.LIFTING and issued.content_sha256 not in lifted:
            yield Damage.FILE_OF_OTHER
        if issued.act in of and issued.content_sha256 != of[issued.act]:
            yield Damage.FILE_OF_OTHER
        yield from _of_file(issued, storage)


def _of_dispensation(session: Session, found: Dispensation, storage: Storage) -> Iterator[Damage]:
    page = (
        content.loads_any(found.content or "") if content.sha256(found.content or "") == found.content_sha256 else None
    )
    if not isinstance(page, FrozenDispensation) or (
        found.end and content.sha256(found.end.content) != found.end.content_sha256
    ):
        yield Damage.CONTENT
        return
    if (page.granted, page.ends_on, page.frozen_on) != (found.granted, found.ends_on, found.decided_on):
        yield Damage.DECISION
    of = {
        Act.DISPENSATION: found.content_sha256,
        Act.DISPENSATION_END: found.end.content_sha256 if found.end else None,
    }
    for issued in session.scalars(select(IssuedFile).where(IssuedFile.dispensation_id == found.id)):
        if issued.content_sha256 != of.get(issued.act):
            yield Damage.FILE_OF_OTHER
        yield from _of_file(issued, storage)


def _of_file(issued: IssuedFile, storage: Storage) -> Iterator[Damage]:
    try:
        storage.get(issued.sha256)
    except FileNotFoundError:
        yield Damage.FILE_GONE
    except ValueError:
        yield Damage.FILE_ALTERED


def tell_damage(database: Database, task: TellDamage) -> None:
    """To who keeps this Jalon, or audits it."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
    lines = [tuple(line.split(" ", 1)) for line in task.lines]
    mail_templates.write_to(person, "damage", person.id, task.at, count=task.count, lines=lines)
