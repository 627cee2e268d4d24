"""The register: what was decided and where each decision stands today. A copied date lies one day; this one is live."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Select, case, or_, select
from sqlalchemy.orm import Session, contains_eager, defer, joinedload, selectinload

from app.homologation.kinds import DossierState, Origin, Outcome
from app.homologation.models import ConfirmedElsewhere, Decision, Dossier
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models.rules.standing import ClosingAct, DecisionState, PastDecision


@dataclass(frozen=True, slots=True)
class Entry:
    product: Product
    dossier: Dossier
    decision: Decision
    state: DecisionState
    ended_on: date | None = None  # before its own end

    @property
    def reserved(self) -> bool:
        """Whether the authority set something to be lifted."""
        return self.decision.outcome is not Outcome.REFUSED and bool(self.decision.reservations)


def past_decision(dossier: Dossier) -> PastDecision | None:
    """What the rules read of the decision of `dossier`."""
    decision, withdrawal = dossier.decision, dossier.withdrawal
    if decision is None:
        return None
    months = None if decision.outcome is Outcome.REFUSED else decision.months
    withdrawn_on = withdrawal.withdrawn_on if withdrawal else None
    return PastDecision(decision.decided_on, months, decision.expires_on if months else None, withdrawn_on)


def _decided() -> Select[Dossier]:
    """Decided dossiers with all that the register says, of each product the latest decision first.

    What a team alone declares to have been decided elsewhere comes after all that somebody else vouches for: it replaces and
    closes nothing. Of one day, what was decided here comes after what was decided elsewhere.
    """
    here = Dossier.origin == Origin.JALON
    return (
        select(Dossier)
        .join(Dossier.decision)
        .outerjoin(Dossier.confirmed)
        .where(Dossier.state == DossierState.DECIDED)
        .options(contains_eager(Dossier.decision), joinedload(Dossier.withdrawal), contains_eager(Dossier.confirmed))
        .order_by(
            Dossier.product_id,
            case((or_(here, ConfirmedElsewhere.dossier_id.is_not(None)), 0), else_=1),
            Decision.decided_on.desc(),
            case((here, 0), else_=1),
            Dossier.number.desc(),
        )
    )


# A content weighs hundreds of kilobytes, of which lists show nothing.
WITHOUT_CONTENT = defer(Dossier.content, raiseload=True)


def sealed_name(session: Session, entry: Entry) -> str | None:
    """The product's name as it was decided, which the living one may have left; None for what is not ours."""
    if entry.dossier.origin is not Origin.JALON:
        return None
    held = session.scalar(select(Dossier.content).where(Dossier.id == entry.dossier.id))
    return str(json.loads(held or "{}").get("product"))


def decided_entries(session: Session, products: Sequence[Product]) -> list[Entry]:
    """Every decision about `products`, the soonest to end first; two queries at most."""
    by_id = {p.id: p for p in products}
    today, found = clock.today(), []
    later: dict[str, list[Decision]] = defaultdict(list)
    for dossier in session.scalars(_decided().where(Dossier.product_id.in_(by_id)).options(WITHOUT_CONTENT)):
        decision, past = dossier.decision, past_decision(dossier)
        if decision is None or past is None:
            continue
        # Those read before are vouched for, and later; of what is declared alone, some may be older.
        following = [d for d in later[dossier.product_id] if d.decided_on >= decision.decided_on]
        after = min(following, key=lambda d: d.decided_on) if following else None
        state = past.state(today, next_refused=after.outcome is Outcome.REFUSED if after else None)
        later[dossier.product_id].append(decision)
        ended_on = None
        if state is DecisionState.WITHDRAWN:
            ended_on = past.withdrawn_on
        elif after and state in {DecisionState.REPLACED, DecisionState.CLOSED}:
            ended_on = after.decided_on
        if ended_on and decision.expires_on and ended_on > decision.expires_on:
            ended_on = None  # it had come to its end
        found.append(Entry(by_id[dossier.product_id], dossier, decision, state, ended_on))
    order = list(DecisionState)
    return sorted(found, key=lambda e: (order.index(e.state), e.decision.expires_on or date.max, e.product.name))


def last_dossiers(session: Session, product_ids: Sequence[str]) -> dict[str, Dossier]:
    """By product, the dossier of its last decision, whatever it was and whatever became of it."""
    found: dict[str, Dossier] = {}
    for dossier in session.scalars(_decided().where(Dossier.product_id.in_(product_ids)).options(WITHOUT_CONTENT)):
        found.setdefault(dossier.product_id, dossier)
    return found


def closing_acts(session: Session, product_ids: Sequence[str]) -> dict[str, list[ClosingAct]]:
    """By product, its decisions and withdrawals with the instant they were noted, those only declared apart; one query."""
    found: dict[str, list[ClosingAct]] = defaultdict(list)
    for dossier in session.scalars(_decided().where(Dossier.product_id.in_(product_ids)).options(WITHOUT_CONTENT)):
        decision = dossier.decision
        if dossier.is_declared_only or decision is None:
            continue
        noted_at = dossier.confirmed.confirmed_at if dossier.confirmed else dossier.state_since
        found[dossier.product_id].append(ClosingAct(decision.decided_on, noted_at, decision.expires_on))
        if dossier.withdrawal:
            day = dossier.withdrawal.withdrawn_on
            noted_at = dossier.withdrawal.noted_at or datetime.combine(day, time.min, UTC)
            found[dossier.product_id].append(ClosingAct(day, noted_at))
    return found


def dossier_in_force(session: Session, product_id: str) -> Dossier | None:
    """The dossier of the decision that homologates the product today, with its content."""
    last = session.scalars(_decided().where(Dossier.product_id == product_id).limit(1)).first()
    past = past_decision(last) if last else None
    return last if past and past.state(clock.today()).in_force else None


def last_decided(session: Session, product_id: str) -> Dossier | None:
    """The dossier of the last decision, whatever it was, with its reservations."""
    return session.scalars(
        _decided().where(Dossier.product_id == product_id).options(selectinload(Dossier.reservations)).limit(1)
    ).first()


def last_decided_here(session: Session, product_id: str) -> Dossier | None:
    """The dossier of the last decision on a dossier of ours, whatever it was."""
    ours = _decided().where(Dossier.product_id == product_id, Dossier.origin == Origin.JALON)
    return session.scalars(ours.options(WITHOUT_CONTENT).limit(1)).first()


@transaction
def show_publicly(session: Session, actor: Person, product: Product, *, shown: bool) -> None:
    """Puts the product's decisions in the public register, or takes them out of it."""
    product.in_public_register = shown
    record(session, actor, Action.PUBLIC_REGISTER, "oui" if shown else "non", product_id=product.id)


def public_products(session: Session) -> Sequence[Product]:
    """The products whose team lets its decisions be seen, by name."""
    return session.scalars(select(Product).where(Product.in_public_register).order_by(Product.name)).all()


def public_product(session: Session, slug: str) -> Product | None:
    return session.scalar(select(Product).where(Product.slug == slug, Product.in_public_register))
