"""Many products at a glance: where each stands, most urgent first; the queries do not grow with the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, subqueryload

from app.analysis import services as analysis
from app.homologation import register
from app.homologation.models import Decision, Dossier, Origin, Outcome
from app.identity import policy
from app.identity.models import Person
from app.identity.policy import Permission
from app.platform import clock
from app.products.models import Incubator, Product
from app.products.services import is_active, phase_values
from app.renewals import deadlines
from app.renewals.deadlines import Deadline
from app.renewals.models import DeadlineKind
from risk_models import schedule
from risk_models.system import Phase
from risk_models.systemic import SharedThirdParty, shared_third_parties


class Urgency(IntEnum):
    """Most urgent first."""

    EXPIRED = 1
    ANALYSIS_OVERDUE = 2
    HOMOLOGATION_OVERDUE = 3
    EXPIRES_SOON = 4
    REFUSED = 5
    WITHDRAWN = 6
    NOT_HOMOLOGATED = 7
    HOMOLOGATED = 8
    INACTIVE = 9


LATE = (Urgency.EXPIRED, Urgency.ANALYSIS_OVERDUE, Urgency.HOMOLOGATION_OVERDUE)


@dataclass(frozen=True, slots=True)
class Row:
    """One product; `day` is the date its urgency speaks of, `decision` its last one unless it was withdrawn.

    `sealed`: that decision was taken and sealed here.
    """

    product: Product
    phase: Phase | None
    urgency: Urgency
    day: date | None
    decision: Decision | None
    sealed: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of an incubator, or of all cards, on one day."""

    active: int
    past_six_months: int
    without_analysis: int


def rows(session: Session, products: Sequence[Product]) -> list[Row]:
    """Rows of `products` (phases loaded), most urgent first."""
    ids, today = [p.id for p in products], clock.today()
    dossiers, postponed = register.last_dossiers(session, ids), deadlines.postponements(session, ids)
    found = [_row(p, dossiers.get(p.id), deadlines.first(p, postponed), today) for p in products]
    return sorted(found, key=lambda r: (r.urgency, r.day or date.max, r.product.name.lower()))


def _row(product: Product, last: Dossier | None, owed: Deadline | None, today: date) -> Row:
    phase = schedule.current_phase(phase_values(product.phases), today)
    urgency, day = _urgency(last, owed, today) if is_active(product, today) else (Urgency.INACTIVE, None)
    decision = last.decision if last and last.withdrawal is None else None
    return Row(product, phase, urgency, day, decision, last is not None and last.origin is Origin.JALON)


def _urgency(last: Dossier | None, owed: Deadline | None, today: date) -> tuple[Urgency, date | None]:
    """`owed`: what a product owes that no decision homologates, postponed or not."""
    withdrawal = last.withdrawal if last else None
    decision = last.decision if last and withdrawal is None else None
    if decision and decision.expires_on and decision.months:
        if decision.expires_on < today:
            return Urgency.EXPIRED, decision.expires_on
        soon = schedule.is_soon(decision.expires_on, decision.months, today)
        return (Urgency.EXPIRES_SOON if soon else Urgency.HOMOLOGATED), decision.expires_on
    late = owed is not None and owed.due < today
    due = owed.due if owed else None
    if late and owed and owed.kind is DeadlineKind.ANALYSIS:
        return Urgency.ANALYSIS_OVERDUE, due
    if withdrawal:
        return Urgency.WITHDRAWN, withdrawal.withdrawn_on
    if decision and decision.outcome is Outcome.REFUSED:
        return Urgency.REFUSED, decision.decided_on
    return (Urgency.HOMOLOGATION_OVERDUE if late else Urgency.NOT_HOMOLOGATED), due


def figures(found: Sequence[Row], today: date) -> Figures:
    """The figures of a portfolio on `today`; "past" means that the six months ended before that day."""
    active = [r for r in found if is_active(r.product, today)]
    past = [r for r in active if (due := schedule.analysis_due(phase_values(r.product.phases))) and due < today]
    return Figures(
        active=len(active),
        past_six_months=len(past),
        without_analysis=sum(not r.product.declared_analysis for r in past),
    )


def incubator(session: Session, slug: str) -> Incubator | None:
    return session.scalar(select(Incubator).where(Incubator.slug == slug))


def readable_incubators(session: Session, person: Person) -> Sequence[Incubator]:
    """The incubators whose portfolio `person` may read, by name."""
    readers = policy.TABLE[Permission.READ_INCUBATOR]
    grants = [g for g in person.grants if g.role in readers]
    statement = select(Incubator).order_by(Incubator.name)
    if not any(g.product_id is None and g.incubator_id is None for g in grants):
        statement = statement.where(Incubator.id.in_([g.incubator_id for g in grants if g.incubator_id]))
    return session.scalars(statement).all()


def readable_products(
    session: Session, person: Person, permission: Permission = Permission.READ_INCUBATOR
) -> list[str] | None:
    """Ids of the products of the incubators on which `person` has `permission`; None is all products."""
    grants = [g for g in person.grants if g.role in policy.TABLE[permission]]
    if any(g.product_id is None and g.incubator_id is None for g in grants):
        return None
    incubators = [g.incubator_id for g in grants if g.incubator_id]
    return list(session.scalars(select(Product.id).where(Product.incubators.any(Incubator.id.in_(incubators)))))


def products_of(session: Session, incubator_id: str | None) -> Sequence[Product]:
    """The products of an incubator, or all of them, phases and incubators loaded."""
    statement = select(Product).options(subqueryload(Product.phases), subqueryload(Product.incubators))
    if incubator_id is not None:
        statement = statement.where(Product.incubators.any(Incubator.id == incubator_id))
    return session.scalars(statement.order_by(Product.name)).all()


def products_among(session: Session, ids: Sequence[str]) -> Sequence[Product]:
    """These products, phases and incubators loaded."""
    return session.scalars(
        select(Product)
        .where(Product.id.in_(ids))
        .options(subqueryload(Product.phases), subqueryload(Product.incubators))
        .order_by(Product.name)
    ).all()


def third_parties(session: Session, incubator_id: str) -> tuple[SharedThirdParty, ...]:
    """What the products of an incubator share, and what its fall would cost them all."""
    products = session.scalars(
        select(Product)
        .where(Product.incubators.any(Incubator.id == incubator_id))
        .options(subqueryload(Product.phases), subqueryload(Product.incubators), subqueryload(Product.contacts))
    ).all()
    return shared_third_parties(s for s in analysis.read_systems(session, products) if s.components)
