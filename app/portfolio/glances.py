"""Each product at a glance, kept in a table so that a list of thousands answers at once."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import ColumnElement, delete, insert, select, text
from sqlalchemy.orm import Session, joinedload

from app.analysis.study_models import SecurityProfile
from app.homologation.dispensation_models import Dispensation, DispensationEnd
from app.homologation.models import Decision, Dossier, Opinion, Reservation, Withdrawal
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.mitigations.models import LossPoint
from app.platform import clock
from app.platform.database import Database, in_batches
from app.platform.forms import EMAIL
from app.platform.search_text import as_plain_text
from app.portfolio.models import Glance
from app.products import changes
from app.products.models import Incubator, Phase, Product
from app.products.services import phase_values
from app.renewals import standings
from app.renewals.models import Postponement
from app.renewals.standings import ProductStanding
from risk_models import catalogue
from risk_models.rules import schedule
from risk_models.rules.standing import NextAct, ProductState

_AT_ONCE = 100
_MANY_ROWS = 500
_WRITTEN_TO = 3  # as many addresses as their column holds for sure
_MANY = 10**9  # points, more than anything loses or gains


def of_incubator(incubator: Incubator) -> ColumnElement[bool]:
    """Joining the table of links instead would take half the time of a list of thousands."""
    return Glance.incubators.contains(incubator.id)


def refresh_glances(database: Database) -> None:
    """Makes the glances that are not of today: a day passed, and what is due with it."""
    missing = select(Product.id).outerjoin(Glance).where(Glance.day.is_distinct_from(clock.today()))
    count = 0
    with database.reading() as session:
        ids = session.scalars(missing).all()
    for some in in_batches(ids, _AT_ONCE):
        with database.writing() as session:
            wanted = select(Product.id).where(Product.id.in_(some))
            # What somebody is changing is left to the next minute: nobody waits here, in whatever order.
            held = session.scalars(wanted.with_for_update(key_share=True, skip_locked=True)).all()
            _make(session, held)
        count += len(held)
    if count >= _MANY_ROWS and database.engine.dialect.name == "postgresql":
        # Lists of many new rows are four times slower until PostgreSQL has counted them, which it does in its own time.
        with database.writing() as session:
            session.execute(text("ANALYZE glance"))


# The rows that a glance is made of.
_MADE_OF = frozenset(
    {
        Product,
        Phase,
        Grant,
        Dossier,
        Opinion,
        Decision,
        Withdrawal,
        Reservation,
        Postponement,
        Dispensation,
        DispensationEnd,
        SecurityProfile,
        LossPoint,
    }
)


@changes.follow_changes
def _remake(session: Session, ids: Sequence[str], kinds: Collection[type]) -> None:
    """In the transaction that changes the products, which holds them, so that lists only read."""
    if _MADE_OF.isdisjoint(kinds):
        return
    for some in in_batches(ids, _AT_ONCE):
        # A session of its own: that of the change may hold rows as they were before somebody else's.
        with Session(session.connection(), join_transaction_mode="rollback_only") as apart:
            _make(apart, some)


def _make(session: Session, ids: Sequence[str]) -> None:
    today = clock.today()
    products = session.scalars(
        select(Product).where(Product.id.in_(ids)).options(joinedload(Product.phases), joinedload(Product.incubators))
    ).unique()
    found = standings.standings_of_products(session, products.all()).values()
    losses = _losses(session, ids, today)
    levels = {
        p.product_id: p.level
        for p in session.scalars(select(SecurityProfile).where(SecurityProfile.product_id.in_(ids)))
    }
    teams = teams_of(session, ids)
    made = [
        _glance(one, losses.get(one.product.id), levels.get(one.product.id), today)
        | _in_hand_of(one, teams.get(one.product.id, []))
        for one in found
    ]
    session.execute(delete(Glance).where(Glance.product_id.in_(ids)))
    if made:
        session.execute(insert(Glance), made)


def _losses(session: Session, ids: Sequence[str], today: date) -> dict[str, LossPoint]:
    """By product, its last noted loss: the jobs of a day come one after another."""
    found: dict[str, LossPoint] = {}
    recent = LossPoint.day >= today.replace(day=1) if today.day > 7 else LossPoint.day > schedule.add_months(today, -1)
    for point in session.scalars(
        select(LossPoint).where(LossPoint.product_id.in_(ids), recent).order_by(LossPoint.day)
    ):
        found[point.product_id] = point
    return found


def teams_of(session: Session, ids: Sequence[str]) -> dict[str, list[Person]]:
    """By product, its team by name."""
    found: dict[str, list[Person]] = {}
    rows = session.execute(
        select(Grant.product_id, Person)
        .join(Person, Person.id == Grant.person_id)
        .where(Grant.role == Role.TEAM_MEMBER, Grant.product_id.in_(ids))
        .order_by(Person.name)
    )
    for product_id, person in rows:
        found.setdefault(product_id or "", []).append(person)
    return found


def search_words(text: str) -> str:
    """As people search, no longer than its column."""
    return as_plain_text(text)[:200]


def _glance(one: ProductStanding, point: LossPoint | None, level: int | None, today: date) -> dict[str, object]:
    product, state, day = one.product, one.standing.state, one.standing.day
    due = schedule.analysis_due(phase_values(product.phases))
    asked = state not in (ProductState.INACTIVE, ProductState.DISPENSED)
    decision, name = one.decision, search_words(product.name)
    loss, drift = point.loss if point else None, _drift(decision, point)
    until = decision.expires_on if decision else None
    return {
        "product_id": product.id,
        "day": today,
        "slug": product.slug,
        "name": product.name,
        "sought": name,
        "place": f"{state.value:02}{day or date.max}{name}",
        "place_by_end": f"{until or date.max}{name}",
        "place_by_loss": f"{_most_first(loss)}{name}",
        "place_by_drift": f"{_most_first(drift)}{name}",
        "incubators": " ".join(i.id for i in product.incubators),
        "phase": one.phase.name.value if one.phase else None,
        "active": state is not ProductState.INACTIVE,
        "urgency": state.value,
        "due": day,
        "without_analysis": bool(asked and due and due < today and not product.declared_analysis),
        "homologated_until": until,
        "level": level,
        "loss": loss,
        "sealed": one.sealed,
        "drift": drift,
        "weak_point": point.weak_point if point else "",
    }


def _most_first(points: float | None) -> str:
    """A text that sorts before those of fewer points; one of none is last."""
    return f"{_MANY * 2 if points is None else _MANY - points:015.4f}"


def _drift(decision: Decision | None, point: LossPoint | None) -> float | None:
    signed = decision.comparable_loss if decision else None
    same = point is not None and point.model == catalogue.model().version
    return point.loss - signed if point and same and signed is not None else None


def _in_hand_of(one: ProductStanding, team: Sequence[Person]) -> dict[str, object]:
    """The next act, by when, who has it in hand, since when."""
    act, dossier = one.standing.act, one.in_hand
    if act is None:
        return {"act": "", "whom": "", "addresses": "", "since": None, "act_due": None}
    people, contact, since = list(team), one.product.contact, None
    if act is NextAct.DECIDE:
        people, contact = [dossier.authority] if dossier and dossier.authority else [], ""
    elif act is NextAct.GIVE_OPINIONS and dossier:
        people = [o.reviewer for o in dossier.opinions if o.given_at is None]
    if dossier and act in _OF_DOSSIERS:
        since = dossier.state_since.astimezone(clock.PARIS).date()
    names, addresses = [p.name for p in people] or [contact], [p.email for p in people] or [contact]
    return {
        "act": act.value,
        "whom": ", ".join(names)[:300],
        "addresses": ",".join([a for a in addresses if EMAIL.fullmatch(a)][:_WRITTEN_TO]),
        "since": since,
        "act_due": one.standing.act_due,
    }


# Acts that wait since the dossier is where it is.
_OF_DOSSIERS = frozenset({NextAct.FINISH_DOSSIER, NextAct.GIVE_OPINIONS, NextAct.TRANSMIT, NextAct.DECIDE})
