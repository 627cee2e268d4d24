"""For whom a dossier waits: its authority or who signs for it, its reviewers."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from app.homologation.kinds import DossierState
from app.homologation.models import Delegation, Dossier, Opinion
from app.identity.kinds import Role
from app.platform import clock
from app.products.models import Product
from app.products.services import holds_role


def waits_for(person_id: str) -> ColumnElement[bool]:
    """The condition under which a dossier waits for this person's signature: its own, or one delegated to it today."""
    own = and_(Dossier.authority_id == person_id, holds_role(Dossier.authority_id, Role.AUTHORITY, Dossier.product_id))
    return or_(own, delegated_to(person_id).exists())


def delegated_to(person_id: str) -> Select[Delegation]:
    """The delegations by which this person signs today for the authority of a dossier of the outer query."""
    today = clock.today()
    return select(Delegation).where(
        Delegation.product_id == Dossier.product_id,
        Delegation.authority_id == Dossier.authority_id,
        Delegation.delegate_id == person_id,
        Delegation.starts_on <= today,
        Delegation.ends_on >= today,
        Delegation.ended_at.is_(None),
        holds_role(Delegation.authority_id, Role.AUTHORITY, Dossier.product_id),  # nobody lends a role that they lost
    )


def awaiting_decision(session: Session, person_id: str) -> Sequence[tuple[Dossier, Product]]:
    """Dossiers that wait for this authority, oldest first: those whose PDF is made, for it is what is signed."""
    rows = session.execute(
        select(Dossier, Product)
        .join(Product, Product.id == Dossier.product_id)
        .where(Dossier.state == DossierState.DECISION, Dossier.pdf_of == Dossier.content_sha256, waits_for(person_id))
        .order_by(Dossier.state_since)
    )
    return [(dossier, product) for dossier, product in rows]


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
