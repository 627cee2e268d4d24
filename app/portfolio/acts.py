"""What waits for somebody first: a team's next acts, an incubator's late products."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, selectinload

from app.identity.kinds import Role
from app.identity.models import Person
from app.platform import clock
from app.platform.i18n import word
from app.portfolio import services
from app.portfolio.models import Glance
from app.products.models import Product, product_incubator
from app.products.services import visible_to
from app.renewals import deadlines, standings
from risk_models.rules.standing import NextAct, ProductState
from risk_models.scales import DeadlineKind

ACTS = 3
# What a product owes beside its analysis and its homologation, which its glance tells.
_BESIDE = {DeadlineKind.RESERVATION, DeadlineKind.MEASURE, DeadlineKind.PROOF, DeadlineKind.CERTIFICATE}


@dataclass(frozen=True, slots=True)
class UpcomingAct:
    """Something to do, said in words, by a day where there is one; on the page of `endpoint`."""

    slug: str
    name: str
    endpoint: str
    said: str
    due: date | None


def followed_products(person: Person) -> list[ColumnElement[bool]]:
    """The products whose glances the lists below read: all that `person` may read, but for those archived."""
    return [Product.archived_on.is_(None), *visible_to(person)]


def first_of(session: Session, person: Person, count: int) -> tuple[Sequence[Product], int]:
    """The most urgent products that `person` may read, phases loaded, and how many there are in all."""
    mine = select(Product).where(*followed_products(person))
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    placed = mine.outerjoin(Glance, Glance.product_id == Product.id)
    first = placed.options(selectinload(Product.phases)).order_by(func.coalesce(Glance.place, "")).limit(count)
    return session.scalars(first).all(), total


def next_of(session: Session, person: Person) -> list[UpcomingAct]:
    """The soonest acts of the teams that `person` is in, those without a day as of today."""
    teams = _teams(person)
    if not teams:
        return []
    mine = Glance.act.in_([act.value for act in NextAct if not act.is_of_others]), Glance.product_id.in_(teams)
    asked = session.scalars(_first(*mine)).all()
    found = [UpcomingAct(g.slug, g.name, "home.product", word(NextAct(g.act)), g.act_due) for g in asked]
    products = services.products_among(session, teams)
    owed = deadlines.deadlines_of_many(session, standings.standings_of_products(session, products).values())
    lifting = {g.slug for g in asked if g.act == NextAct.LIFT_RESERVATIONS}
    found += [
        UpcomingAct(p.slug, p.name, deadlines.PAGES[d.kind], f"{word(d.kind).lower()}, {d.rule}", d.due)
        for p in products
        for d in owed[p.id]
        if d.kind in _BESIDE and not (d.kind is DeadlineKind.RESERVATION and p.slug in lifting)
    ]
    return sorted(found, key=lambda act: (act.due or clock.today(), act.name))[:ACTS]


def late_of(session: Session, person: Person) -> Sequence[Glance]:
    """The most overdue products of the incubators that `person` is a member of."""
    members = select(product_incubator.c.product_id).where(product_incubator.c.incubator_id.in_(_incubators(person)))
    return session.scalars(
        _first(
            Glance.urgency.in_([state.value for state in ProductState if state.is_late]), Glance.product_id.in_(members)
        )
    ).all()


def _first(*conditions: ColumnElement[bool]) -> Select[Glance]:
    return select(Glance).where(*conditions).order_by(Glance.place).limit(ACTS)


def _teams(person: Person) -> list[str]:
    return [g.product_id for g in person.grants if g.role is Role.TEAM_MEMBER and g.product_id]


def _incubators(person: Person) -> list[str]:
    return [g.incubator_id for g in person.grants if g.role is Role.INCUBATOR_MEMBER and g.incubator_id]
