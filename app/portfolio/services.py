"""Many products at a glance: where each stands, most urgent first; the queries do not grow with the rows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, subqueryload

from app.analysis import services as analysis
from app.identity import directory, policy
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.identity.policy import Permission
from app.products.models import Incubator, Product
from app.products.services import is_active_product, phase_values
from app.renewals import standings
from app.renewals.standings import ProductStanding
from risk_models.ranking.systemic import SharedThirdParty, shared_third_parties
from risk_models.rules import schedule


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of an incubator, or of all cards, on one day."""

    active: int
    past_six_months: int
    without_analysis: int


def products_by_urgency(session: Session, products: Sequence[Product]) -> list[ProductStanding]:
    """Where each of `products` (phases loaded) stands, most urgent first."""
    found = standings.standings_of_products(session, products).values()
    return sorted(found, key=lambda r: (r.standing.state, r.standing.day or date.max, r.product.name.lower()))


def count_figures(products: Sequence[Product], today: date) -> Figures:
    """The figures of `products` on `today`; "past" means that the six months ended before that day."""
    active = [p for p in products if is_active_product(p, today)]
    past = [p for p in active if (due := schedule.analysis_due(phase_values(p.phases))) and due < today]
    return Figures(
        active=len(active),
        past_six_months=len(past),
        without_analysis=sum(not p.declared_analysis for p in past),
    )


@dataclass(frozen=True, slots=True)
class ProposedAuthority:
    """Somebody whom teams of an incubator named as authority, and whom its directory does not hold."""

    person: Person
    products: tuple[str, ...]


def proposed_authorities(session: Session, incubator_id: str) -> list[ProposedAuthority]:
    """Whom the teams of an incubator propose as authority, by name."""
    listed = {a.person_id for a in directory.listed_authorities(session, incubator_id)}
    named: dict[Person, list[str]] = {}
    for person, product in session.execute(
        select(Person, Product.name)
        .join(Grant, Grant.person_id == Person.id)
        .join(Product, Product.id == Grant.product_id)
        .where(
            Grant.role == Role.AUTHORITY,
            Person.id.not_in(listed),
            Person.closed_at.is_(None),
            Product.archived_on.is_(None),
            Product.incubators.any(Incubator.id == incubator_id),
        )
        .order_by(Person.name, Person.id, Product.name)
    ):
        named.setdefault(person, []).append(product)
    return [ProposedAuthority(person, tuple(products)) for person, products in named.items()]


def find_incubator(session: Session, slug: str) -> Incubator | None:
    return session.scalar(select(Incubator).where(Incubator.slug == slug))


def names_of_incubators(session: Session, ids: Collection[str]) -> dict[str, str]:
    """By id."""
    return dict(session.execute(select(Incubator.id, Incubator.name).where(Incubator.id.in_(ids))).all())


def readable_incubators(session: Session, person: Person) -> Sequence[Incubator]:
    """The incubators whose portfolio `person` may read, by name."""
    readers = policy.TABLE[Permission.READ_INCUBATOR]
    grants = [g for g in person.grants if g.role in readers]
    statement = select(Incubator).order_by(Incubator.name)
    if not any(g.product_id is None and g.incubator_id is None for g in grants):
        statement = statement.where(Incubator.id.in_([g.incubator_id for g in grants if g.incubator_id]))
    return session.scalars(statement).all()


def readable_product_ids(
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
