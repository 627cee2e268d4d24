"""The register: what was decided and where each decision stands today. A copied date lies one day; this one is live."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager, defer, joinedload, selectinload

from app.homologation.models import Decision, Dossier, DossierState, Origin, Outcome
from app.platform import clock
from app.products.models import Product
from risk_models import schedule


class Standing(StrEnum):
    CURRENT = "current"
    SOON = "soon"
    EXPIRED = "expired"
    REPLACED = "replaced"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"

    @property
    def ends_itself(self) -> bool:
        """Whether nothing but its own last day ends it."""
        return self in (Standing.CURRENT, Standing.SOON, Standing.EXPIRED)


@dataclass(frozen=True, slots=True)
class Entry:
    product: Product
    dossier: Dossier
    decision: Decision
    standing: Standing
    ended_on: date | None = None  # before its own end

    @property
    def reserved(self) -> bool:
        """Whether the authority set something to be lifted."""
        return self.decision.outcome is not Outcome.REFUSED and bool(self.decision.reservations)


def standing_of(decision: Decision, *, withdrawn: bool, next_one: Outcome | None, today: date) -> Standing:
    """Where a decision stands on `today`; the day it ends is still covered. `next_one`: the decision after it."""
    if decision.outcome is Outcome.REFUSED or decision.expires_on is None or decision.months is None:
        return Standing.REFUSED
    if withdrawn:
        return Standing.WITHDRAWN
    if next_one is not None:
        return Standing.CLOSED if next_one is Outcome.REFUSED else Standing.REPLACED
    if decision.expires_on < today:
        return Standing.EXPIRED
    return Standing.SOON if schedule.is_soon(decision.expires_on, decision.months, today) else Standing.CURRENT


def _decided() -> Select[Dossier]:
    """Decided dossiers with all that the register says, of each product the latest decision first."""
    return (
        select(Dossier)
        .join(Dossier.decision)
        .where(Dossier.state == DossierState.DECIDED)
        .options(contains_eager(Dossier.decision), joinedload(Dossier.withdrawal))
        .order_by(Dossier.product_id, Decision.decided_on.desc(), Dossier.number.desc())
    )


# A content weighs hundreds of kilobytes, of which lists show nothing.
_WITHOUT_CONTENT = defer(Dossier.content, raiseload=True)


def sealed_name(session: Session, entry: Entry) -> str | None:
    """The product's name as it was decided, which the living one may have left; None for what is not ours."""
    if entry.dossier.origin is not Origin.JALON:
        return None
    held = session.scalar(select(Dossier.content).where(Dossier.id == entry.dossier.id))
    return str(json.loads(held or "{}").get("product"))


def entries(session: Session, products: Sequence[Product]) -> list[Entry]:
    """Every decision about `products`, the soonest to end first; two queries at most."""
    by_id = {p.id: p for p in products}
    today, found = clock.today(), []
    later: dict[str, Decision] = {}
    for dossier in session.scalars(_decided().where(Dossier.product_id.in_(by_id)).options(_WITHOUT_CONTENT)):
        decision = dossier.decision
        if decision is None:
            continue
        standing = standing_of(
            decision,
            withdrawn=dossier.withdrawal is not None,
            next_one=after.outcome if (after := later.get(dossier.product_id)) else None,
            today=today,
        )
        later[dossier.product_id] = decision
        ended_on = None
        if standing is Standing.WITHDRAWN and dossier.withdrawal:
            ended_on = dossier.withdrawal.withdrawn_on
        elif after and standing in {Standing.REPLACED, Standing.CLOSED}:
            ended_on = after.decided_on
        if ended_on and decision.expires_on and ended_on > decision.expires_on:
            ended_on = None  # it had come to its end
        found.append(Entry(by_id[dossier.product_id], dossier, decision, standing, ended_on))
    order = list(Standing)
    return sorted(found, key=lambda e: (order.index(e.standing), e.decision.expires_on or date.max, e.product.name))


def last_dossiers(session: Session, product_ids: Sequence[str]) -> dict[str, Dossier]:
    """By product, the dossier of its last decision, whatever it was and whatever became of it."""
    found: dict[str, Dossier] = {}
    for dossier in session.scalars(_decided().where(Dossier.product_id.in_(product_ids)).options(_WITHOUT_CONTENT)):
        found.setdefault(dossier.product_id, dossier)
    return found


def last_decisions(session: Session, product_ids: Sequence[str]) -> dict[str, Decision]:
    """By product, its last decision unless it was withdrawn."""
    return {
        product_id: dossier.decision
        for product_id, dossier in last_dossiers(session, product_ids).items()
        if dossier.decision and dossier.withdrawal is None
    }


def in_force(session: Session, product_id: str) -> Decision | None:
    """The last decision that homologates, expired or not; None when the last one refused or was withdrawn."""
    last = last_decisions(session, [product_id]).get(product_id)
    return last if last and last.outcome is not Outcome.REFUSED else None


def dossier_in_force(session: Session, product_id: str) -> Dossier | None:
    """The dossier of the decision in force, with its content."""
    last = session.scalars(_decided().where(Dossier.product_id == product_id).limit(1)).first()
    if last is None or last.withdrawal or last.decision is None or last.decision.outcome is Outcome.REFUSED:
        return None
    return last


def last_decided(session: Session, product_id: str) -> Dossier | None:
    """The dossier of the last decision, whatever it was, with its reservations."""
    return session.scalars(
        _decided().where(Dossier.product_id == product_id).options(selectinload(Dossier.reservations)).limit(1)
    ).first()


def public_products(session: Session) -> Sequence[Product]:
    """The products whose team lets its decisions be seen, by name."""
    return session.scalars(select(Product).where(Product.in_public_register).order_by(Product.name)).all()


def public_product(session: Session, slug: str) -> Product | None:
    return session.scalar(select(Product).where(Product.slug == slug, Product.in_public_register))
