"""What waits for somebody first: a team's next acts, an incubator's late products."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from app.homologation.models import DossierState
from app.identity.models import Person, Role
from app.platform import clock
from app.portfolio.models import Glance
from app.portfolio.services import Urgency
from app.products.models import Incubator, Product, product_incubator

ACTS = 3
_LATE = (Urgency.EXPIRED.value, Urgency.ANALYSIS_OVERDUE.value)
_OF_OTHERS = (DossierState.OPINIONS.value, DossierState.DECISION.value)


def followed(person: Person) -> ColumnElement[bool]:
    """The products whose glances the two lists below read: of the teams and incubators of `person`."""
    return Product.id.in_(_teams(person)) | Product.incubators.any(Incubator.id.in_(_incubators(person)))


def next_of(session: Session, person: Person) -> Sequence[Glance]:
    """The most urgent acts of the teams that `person` is in."""
    mine = Glance.act.not_in(("", *_OF_OTHERS)), Glance.product_id.in_(_teams(person))
    return session.scalars(_first(*mine)).all()


def late_of(session: Session, person: Person) -> Sequence[Glance]:
    """The most overdue products of the incubators that `person` is a member of."""
    members = select(product_incubator.c.product_id).where(product_incubator.c.incubator_id.in_(_incubators(person)))
    return session.scalars(_first(Glance.urgency.in_(_LATE), Glance.product_id.in_(members))).all()


def _first(*conditions: ColumnElement[bool]) -> Select[Glance]:
    return select(Glance).where(Glance.day == clock.today(), *conditions).order_by(Glance.place).limit(ACTS)


def _teams(person: Person) -> list[str]:
    return [g.product_id for g in person.grants if g.role is Role.TEAM_MEMBER and g.product_id]


def _incubators(person: Person) -> list[str]:
    return [g.incubator_id for g in person.grants if g.role is Role.INCUBATOR_MEMBER and g.incubator_id]
