"""Letting another authority sign, between two dates."""

from collections.abc import Sequence
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.homologation import notifications
from app.homologation.awaiting import delegated_to
from app.homologation.dispensation_models import Dispensation
from app.homologation.kinds import Heard
from app.homologation.models import Delegation, Dossier
from app.homologation.separation import scope_of_product
from app.identity.acts import prove_act
from app.identity.factors import FactorProof
from app.identity.models import Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models.rules import limits, schedule


def delegation_of(session: Session, person: Person, of: Dossier | Dispensation) -> Delegation | None:
    """The delegation by which `person` signs `of` for its authority today."""
    return session.scalar(
        delegated_to(person.id)
        .where(Delegation.product_id == of.product_id, Delegation.authority_id == of.authority_id)
        .options(joinedload(Delegation.authority))
        .limit(1)
    )


def delegations_of(session: Session, product_ids: Sequence[str]) -> Sequence[Delegation]:
    """Those that hold or will on these products, with their people."""
    return session.scalars(
        select(Delegation)
        .where(
            Delegation.product_id.in_(product_ids), Delegation.ended_at.is_(None), Delegation.ends_on >= clock.today()
        )
        .options(joinedload(Delegation.authority), joinedload(Delegation.delegate))
        .order_by(Delegation.starts_on, Delegation.id)
    ).all()


@transaction
def delegate_signature(
    session: Session,
    actor: Person,
    product: Product,
    others: Sequence[Person],
    *,
    delegate_id: str,
    starts_on: date,
    ends_on: date,
    deed: str,
    proof: FactorProof,
) -> None:
    """Lets another authority of this product sign for `actor`, between two dates. Raises `Refusal`."""
    if delegate_id == actor.id or delegate_id not in {p.id for p in others}:
        raise Refusal(_l("Choisissez une autre personne qui a le rôle d’autorité sur ce produit."), "delegate")
    if ends_on < starts_on or ends_on < clock.today():
        raise Refusal(_l("La fin vient après le début, et elle est à venir."), "ends_on")
    if ends_on > schedule.add_months(starts_on, limits.LONGEST_DELEGATION_MONTHS):
        raise Refusal(_l("Une délégation dure trois ans au plus ; elle se redonne."), "ends_on")
    purpose, scope = f"delegate:{product.id}", scope_of_product(session, product.id)
    prove_act(session, actor, BindingAct.DELEGATE, proof, purpose, scope, delegate_id)
    session.add(
        Delegation(
            product_id=product.id,
            authority_id=actor.id,
            delegate_id=delegate_id,
            starts_on=starts_on,
            ends_on=ends_on,
            deed=deed,
            given_at=clock.now(),
        )
    )
    notifications.tell_people(session, actor, product, Heard.DELEGATED, [p for p in others if p.id == delegate_id])
    record(session, actor, Action.DELEGATE, deed, product_id=product.id, until=ends_on.isoformat())


@transaction
def end_delegation(session: Session, actor: Person, product: Product, delegation_id: str) -> None:
    """Ends what one gave. Raises `Refusal`."""
    found = session.scalar(
        select(Delegation).where(
            Delegation.id == delegation_id, Delegation.product_id == product.id, Delegation.ended_at.is_(None)
        )
    )
    if found is None or actor.id != found.authority_id:
        raise Refusal(_l("Seule la personne qui a délégué peut y mettre fin."))
    found.ended_at = clock.now()
    record(session, actor, Action.END_DELEGATION, found.deed, product_id=product.id)
