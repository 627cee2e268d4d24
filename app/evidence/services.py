"""What proves each measure: readings of tools written over at each run, proofs of people kept for ever."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence.importers import CERTIFICATE_END, CERTIFICATE_SINCE, GOOD_DAYS, Reading
from app.evidence.kinds import EvidenceSource
from app.evidence.models import Evidence
from app.evidence.proofs import shown_state
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.mitigations.models import Measure
from app.platform import attachments, clock
from app.platform.attachments import Attachment
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from reports.frozen import FrozenProof
from risk_models import catalogue
from risk_models.rules import schedule
from risk_models.scales import ObservationState


def evidence_of(session: Session, product_id: str) -> Sequence[Evidence]:
    return session.scalars(
        select(Evidence)
        .where(Evidence.product_id == product_id)
        .order_by(Evidence.source, Evidence.check, Evidence.subject, Evidence.observed_on.desc(), Evidence.id)
    ).all()


@dataclass(frozen=True, slots=True)
class Arrival:
    """What brought readings: when, by whom, the hash of the payload, and the day of those that tell none."""

    source: EvidenceSource
    by: str
    sha256: str
    undated: date


def write_readings(session: Session, product: Product, readings: Iterable[Reading], arrival: Arrival) -> int:
    """Writes what a tool says now; how many changed. An older reading changes nothing."""
    known = {
        (row.check, row.subject): row
        for row in session.scalars(
            select(Evidence).where(Evidence.product_id == product.id, Evidence.source == arrival.source)
        )
    }
    changed = []
    for reading in readings:
        subject = _clean(reading.subject)
        row = known.get((reading.check, subject))
        before, certificate = shown_state(row) if row else None, _before(row).get(CERTIFICATE_END)
        if row is None:
            row = Evidence(
                id=new_id(), product_id=product.id, source=arrival.source, check=reading.check, subject=subject
            )
            known[reading.check, subject] = row
            session.add(row)
        elif dates_of(reading, arrival.undated)[0] < row.observed_on:
            continue
        _fill(row, reading, arrival)
        if shown_state(row) is not before and (before or row.state is ObservationState.SEEN):
            changed.append(f"{reading.check} {subject}: {before or '–'} → {shown_state(row)}")
        elif certificate != row.detail.get(CERTIFICATE_END):
            changed.append(f"{reading.check} {subject}: {certificate or '–'} → {row.detail.get(CERTIFICATE_END, '–')}")
    if changed:
        record(
            session,
            None,
            Action.EVIDENCE_CHANGED,
            f"{arrival.source}: {len(changed)}",
            product_id=product.id,
            changes=changed[:50],
            sha256=arrival.sha256,
        )
    return len(changed)


def _clean(text: str) -> str:
    """Text that every database keeps: no control character, no lone surrogate."""
    return "".join(ch for ch in text if unicodedata.category(ch) not in {"Cc", "Cs"})[:500]


def dates_of(reading: Reading, undated: date) -> tuple[date, date]:
    """The day of a reading, never in the future, and the last one on which it is good."""
    seen = min(reading.observed_on or reading.dated_by or undated, clock.today())
    return seen, min(filter(None, (seen + timedelta(days=GOOD_DAYS), reading.until)))


def _fill(row: Evidence, reading: Reading, arrival: Arrival) -> None:
    seen, good_until = dates_of(reading, arrival.undated)
    row.state, row.grade = reading.state, reading.grade
    if reading.state is ObservationState.SEEN or row.seen_on is None:
        row.holds = reading.holds  # seeing nothing changes nothing to what was last seen
    row.detail = _detail(row, reading, seen)
    row.observed_on, row.dated = seen, reading.observed_on is not None
    row.good_until = good_until
    row.seen_on = seen if reading.state is ObservationState.SEEN else row.seen_on
    row.recorded_at, row.recorded_by, row.sha256 = clock.now(), arrival.by[:200], arrival.sha256
    row.withdrawn_at, row.withdrawn_by = None, ""


def _detail(row: Evidence, reading: Reading, seen: date) -> dict[str, object]:
    """What a reading says, and since when a certificate is known, by its end: tools do not all say when it began."""
    detail, before = dict(reading.detail), _before(row)
    since = before.get(CERTIFICATE_SINCE)
    if end := detail.get(CERTIFICATE_END):
        first = row.observed_on if before.get(CERTIFICATE_END) == end else seen
        since = {end: since[end] if isinstance(since, dict) and end in since else first.isoformat()}
    return detail | ({CERTIFICATE_SINCE: since} if since else {})  # a day on which nothing was read forgets nothing


def _before(row: Evidence | None) -> dict[str, object]:
    return row.detail if row and isinstance(row.detail, dict) else {}


def forget_subjects(session: Session, product: Product, source: EvidenceSource, gone: Iterable[str], by: str) -> None:
    """Subjects that a tool no longer follows: what it said of them is lost, not forgotten."""
    names = list(gone)
    rows = session.scalars(
        select(Evidence).where(
            Evidence.product_id == product.id,
            Evidence.source == source,
            Evidence.subject.in_(names),
            Evidence.withdrawn_at.is_(None),
        )
    ).all()
    for row in rows:
        row.withdrawn_at, row.withdrawn_by = clock.now(), by[:200]
    if rows:
        record(session, None, Action.EVIDENCE_GONE, ", ".join(sorted({r.subject for r in rows})), product_id=product.id)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person shows: a file, the day it speaks of, and where it is read."""

    observed_on: date
    note: str
    link: str
    file: Attachment | None


@transaction
def attest_measure(session: Session, actor: Person, product: Product, measure: Measure, shown: Shown) -> Evidence:
    """Keeps a person's proof of `measure`, good for as long as the catalogue says from its own date. Raises `Refusal`."""
    kind = catalogue.measures().get(measure.measure)
    if kind is None:
        raise Refusal(_l("Cette mesure n’est pas au catalogue."))
    if shown.observed_on > clock.today():
        raise Refusal(_l("Une preuve date d’aujourd’hui ou d’avant."), "observed_on")
    if shown.file is None:
        raise Refusal(_l("Joignez-en une copie : une adresse change ou disparaît, et ne prouve rien seule."), "file")
    digest = attachments.keep_attachment(session, shown.file, by=actor.id, of=product.id)
    file_name = shown.file.name
    row = Evidence(
        id=new_id(),
        product_id=product.id,
        source=EvidenceSource.PERSON,
        check=None,
        measure=measure.measure,
        components=[c.ref for c in measure.on],
        subject=file_name,
        state=ObservationState.SEEN,
        holds=True,
        observed_on=shown.observed_on,
        dated=True,
        good_until=schedule.add_months(shown.observed_on, kind.proof_months),
        seen_on=shown.observed_on,
        recorded_at=clock.now(),
        recorded_by=actor.name,
        sha256=digest,
        file_name=file_name,
        link=shown.link,
        note=shown.note,
    )
    session.add(row)
    record(
        session,
        actor,
        Action.ATTEST,
        kind.name.fr,
        product_id=product.id,
        observed_on=shown.observed_on.isoformat(),
        sha256=digest,
        link=shown.link,
        file=file_name,
    )
    return row


@transaction
def withdraw_proof(session: Session, actor: Person, product: Product, evidence_id: str) -> None:
    """A person's proof that should not have been given; it stays in the record, and no longer counts."""
    row = session.get(Evidence, evidence_id)
    if row is None or row.product_id != product.id or row.source is not EvidenceSource.PERSON or row.withdrawn_at:
        raise Refusal(_l("Cette preuve a déjà été retirée."))
    row.withdrawn_at, row.withdrawn_by = clock.now(), actor.name
    record(session, actor, Action.WITHDRAW_EVIDENCE, row.subject, product_id=product.id, sha256=row.sha256)


def document_of(session: Session, product_id: str, evidence_id: str) -> Evidence | None:
    row = session.get(Evidence, evidence_id)
    return row if row and row.product_id == product_id and row.file_name else None


def as_frozen(row: Evidence) -> FrozenProof:
    """A proof as a dossier freezes it: its state that day, its own date apart from that of its arrival, its hash."""
    return FrozenProof(
        measure=row.measure,
        check=row.check,
        source=row.source.value,
        subject=row.subject,
        state=shown_state(row),
        grade=row.grade,
        observed_on=row.observed_on,
        dated=row.dated,
        good_until=row.good_until,
        recorded_on=row.recorded_at.astimezone(clock.PARIS).date(),
        recorded_by=row.recorded_by,
        sha256=row.sha256,
        file_name=row.file_name,
        link=row.link,
        note=row.note,
        withdrawn=row.withdrawn_at is not None,
    )
