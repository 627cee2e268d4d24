"""The register of dispensations: what was asked, granted or refused, and where each stands today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.homologation import register
from app.homologation.dispensation_models import Dispensation
from app.homologation.kinds import DispensationState
from app.platform import clock
from reports import dossier as content
from reports.frozen import FrozenDispensation
from risk_models.rules.standing import ClosingAct, PastDispensation, closing_day

_WHOLE = (joinedload(Dispensation.end), joinedload(Dispensation.authority))


def dispensations_of(session: Session, product_ids: Sequence[str]) -> Sequence[Dispensation]:
    """All that was ever asked for these products, the latest first."""
    return session.scalars(
        select(Dispensation)
        .where(Dispensation.product_id.in_(product_ids))
        .options(*_WHOLE)
        .order_by(Dispensation.product_id, Dispensation.number.desc())
    ).all()


def dispensation_of(session: Session, product_id: str, number: int, *, lock: bool = False) -> Dispensation | None:
    """One of a product; with `lock`, whoever else would answer it waits until this transaction ends."""
    statement = (
        select(Dispensation)
        .where(Dispensation.product_id == product_id, Dispensation.number == number)
        .options(*_WHOLE)
    )
    return session.scalar(statement.with_for_update(of=Dispensation) if lock else statement)


@dataclass(frozen=True, slots=True)
class ShownDispensation:
    """A dispensation as it stands on a day; `past`: what the rules read of one that was granted."""

    row: Dispensation
    state: DispensationState
    past: PastDispensation | None = None


def read_states(session: Session, rows: Sequence[Dispensation]) -> list[ShownDispensation]:
    """Where each of `rows` (their ends loaded) stands today, in their order; one query."""
    decided, today = register.closing_acts(session, list({row.product_id for row in rows})), clock.today()
    found = []
    for row in rows:
        past = _past(row, decided.get(row.product_id, []))
        found.append(ShownDispensation(row, _state(row, past, today), past))
    return found


def _past(row: Dispensation, decided: Sequence[ClosingAct]) -> PastDispensation | None:
    if not row.granted or row.decided_on is None:
        return None
    answered_at = row.answered_at or datetime.combine(row.decided_on, time.max, UTC)
    closed_on = closing_day(row.decided_on, answered_at, decided)
    return PastDispensation(row.decided_on, row.until, row.to_homologate, closed_on)


def _state(row: Dispensation, past: PastDispensation | None, today: date) -> DispensationState:
    if row.cancelled_on:
        return DispensationState.CANCELLED
    if past is None:
        return DispensationState.ASKED if row.granted is None else DispensationState.REFUSED
    if past.closed_on and past.closed_on <= past.until:
        return DispensationState.CLOSED
    if row.end:
        return DispensationState.ENDED
    return DispensationState.OVER if past.until < today else DispensationState.IN_FORCE


def granted_of_many(session: Session, product_ids: Sequence[str]) -> dict[str, list[PastDispensation]]:
    """By product, the dispensations granted, whether they still hold or not; two queries."""
    rows = session.scalars(
        select(Dispensation)
        .where(Dispensation.product_id.in_(product_ids), Dispensation.granted.is_(True))
        .options(joinedload(Dispensation.end))
    ).all()
    found: dict[str, list[PastDispensation]] = {}
    for shown in read_states(session, rows) if rows else ():
        if shown.past:
            found.setdefault(shown.row.product_id, []).append(shown.past)
    return found


@dataclass(frozen=True, slots=True)
class HeldDispensation:
    """One that holds today: the product's name as its sealed page bears it, and its last day."""

    product: str
    until: date


def held_of_many(session: Session, product_ids: Sequence[str]) -> dict[str, HeldDispensation]:
    """By product, the dispensation that holds today, the longest of several; two queries."""
    found: dict[str, HeldDispensation] = {}
    for shown in read_states(session, dispensations_of(session, product_ids)):
        known = found.get(shown.row.product_id)
        if shown.past and shown.past.holds(clock.today()) and (known is None or shown.past.last_day > known.until):
            page = page_of(shown.row)
            found[shown.row.product_id] = HeldDispensation(page.product, shown.past.last_day)
    return found


def page_of(row: Dispensation) -> FrozenDispensation:
    """What was answered, as it was sealed."""
    page = content.loads_any(row.content or "")
    if not isinstance(page, FrozenDispensation):
        raise ValueError("what is answered has its page")
    return page
