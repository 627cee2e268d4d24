"""For whom a dossier waits: its authority or who signs for it, its reviewers."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from app.homologation.dispensation_models import Dispensation
from app.homologation.kinds import DossierState, ReviewerRole
from app.homologation.models import (
    Delegation,
    Dossier,
    Opinion,
    RecordedSignature,
    Reservation,
    Withdrawal,
)
from app.identity.kinds import Role
from app.platform import clock
from app.products.models import Product
from app.products.services import holds_role


def waits_for(person_id: str, of: type[Dossier] | type[Dispensation]) -> ColumnElement[bool]:
    """The condition under which a row of `of` waits for this person's signature: its own, or one delegated to it today."""
    own = and_(of.authority_id == person_id, holds_role(of.authority_id, Role.AUTHORITY, of.product_id))
    lent = delegated_to(person_id).where(
        Delegation.product_id == of.product_id, Delegation.authority_id == of.authority_id
    )
    return or_(own, lent.exists())


def delegated_to(person_id: str) -> Select[Delegation]:
    """The delegations by which this person signs today for an authority."""
    today = clock.today()
    return select(Delegation).where(
        Delegation.delegate_id == person_id,
        Delegation.starts_on <= today,
        Delegation.ends_on >= today,
        Delegation.ended_at.is_(None),
        # nobody lends a role that they lost
        holds_role(Delegation.authority_id, Role.AUTHORITY, Delegation.product_id),
    )


def awaiting_decision(session: Session, person_id: str) -> Sequence[tuple[Dossier, Product]]:
    """Dossiers that wait for this authority, oldest first: those whose PDF is made, for it is what is signed."""
    rows = session.execute(
        select(Dossier, Product)
        .join(Product, Product.id == Dossier.product_id)
        .where(Dossier.state == DossierState.DECISION, Dossier.pdf_of == Dossier.content_sha256)
        .where(waits_for(person_id, Dossier))
        .order_by(Dossier.state_since)
    )
    return [(dossier, product) for dossier, product in rows]


def awaiting_dispensation(session: Session, person_id: str) -> Sequence[tuple[Dispensation, Product]]:
    """Dispensations that this authority is asked for, oldest first."""
    rows = session.execute(
        select(Dispensation, Product)
        .join(Product, Product.id == Dispensation.product_id)
        .where(Dispensation.granted.is_(None), Dispensation.cancelled_on.is_(None), Product.archived_on.is_(None))
        .where(waits_for(person_id, Dispensation))
        .order_by(Dispensation.asked_at)
    )
    return [(dispensation, product) for dispensation, product in rows]


def awaiting_confirmation(session: Session, person_id: str) -> Sequence[tuple[RecordedSignature, Dossier, Product]]:
    """Signatures made outside that somebody recorded, for this authority to confirm, oldest first."""
    rows = session.execute(
        select(RecordedSignature, Dossier, Product)
        .join(Dossier, Dossier.id == RecordedSignature.dossier_id)
        .join(Product, Product.id == Dossier.product_id)
        .where(Dossier.state == DossierState.DECISION, waits_for(person_id, Dossier))
        .order_by(RecordedSignature.recorded_at)
    )
    return [(recorded, dossier, product) for recorded, dossier, product in rows]


def awaiting_lifting(session: Session, person_id: str) -> Sequence[tuple[Reservation, Dossier, Product]]:
    """Reservations whose lifting is asked of this authority, or of this RSSI of the dossier, oldest first."""
    reviews = (
        select(Opinion.id)
        .where(Opinion.dossier_id == Dossier.id, Opinion.role == ReviewerRole.RSSI)
        .where(Opinion.reviewer_id == person_id, holds_role(Opinion.reviewer_id, Role.REVIEWER, Dossier.product_id))
    )
    rows = session.execute(
        select(Reservation, Dossier, Product)
        .join(Dossier, Dossier.id == Reservation.dossier_id)
        .join(Product, Product.id == Dossier.product_id)
        .outerjoin(Withdrawal, Withdrawal.dossier_id == Dossier.id)
        .where(Reservation.asked_on.is_not(None), Reservation.lifted_on.is_(None), Withdrawal.id.is_(None))
        .where(or_(waits_for(person_id, Dossier), reviews.exists()))
        .order_by(Reservation.asked_on, Reservation.position)
    )
    return [(reservation, dossier, product) for reservation, dossier, product in rows]


def awaiting_opinion(session: Session, person_id: str) -> Sequence[tuple[Dossier, Product]]:
    """Dossiers that wait for this reviewer, oldest first."""
    rows = session.execute(
        select(Dossier, Product)
        .join(Product, Product.id == Dossier.product_id)
        .join(Opinion, Opinion.dossier_id == Dossier.id)
        .where(Dossier.state == DossierState.OPINIONS, Opinion.reviewer_id == person_id, Opinion.given_at.is_(None))
        .where(holds_role(Opinion.reviewer_id, Role.REVIEWER, Dossier.product_id))
        .order_by(Dossier.state_since)
    )
    return [(dossier, product) for dossier, product in rows]
