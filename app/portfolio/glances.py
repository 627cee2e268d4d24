"""Each product at a glance, kept in a table so that a list of thousands answers at once."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from app.analysis.study_models import SecurityProfile
from app.homologation.models import Decision, Dossier, DossierState, Opinion, Reservation, Withdrawal
from app.identity.models import Grant, Person, Role
from app.mitigations.models import LossPoint
from app.platform import clock
from app.platform.database import Database
from app.platform.forms import EMAIL
from app.platform.plain import plain
from app.portfolio import services
from app.portfolio.models import Glance
from app.portfolio.services import Row, Urgency
from app.products import changes
from app.products.models import Incubator, Phase, Product
from app.products.services import is_active, phase_values
from app.renewals import deadlines
from app.renewals.models import Postponement
from risk_models import schedule

_AT_ONCE = 100
_MANY_ROWS = 500
_WRITTEN_TO = 3  # as many addresses as their column holds for sure
_MANY = 10**9  # points, more than anything loses or gains


def of_incubator(incubator: Incubator) -> ColumnElement[bool]:
    """Joining the table of links instead would take half the time of a list of thousands."""
    return Glance.incubators.contains(incubator.id)


def refresh(database: Database) -> None:
    """Makes the glances that are not of today: a day passed, and what is due with it."""
    missing = select(Product.id).outerjoin(Glance).where(Glance.day.is_distinct_from(clock.today()))
    count = 0
    with database.reading() as session:
        ids = session.scalars(missing).all()
    for start in range(0, len(ids), _AT_ONCE):
        with database.writing() as session:
            wanted = select(Product.id).where(Product.id.in_(ids[start : start + _AT_ONCE]))
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
        SecurityProfile,
        LossPoint,
    }
)


@changes.follow
def _remake(session: Session, ids: Sequence[str], kinds: Collection[type]) -> None:
    """In the transaction that changes the products, which holds them, so that lists only read."""
    if _MADE_OF.isdisjoint(kinds):
        return
    for start in range(0, len(ids), _AT_ONCE):
        # A session of its own: that of the change may hold rows as they were before somebody else's.
        with Session(session.connection(), join_transaction_mode="rollback_only") as apart:
            _make(apart, ids[start : start + _AT_ONCE])


def _make(session: Session, ids: Sequence[str]) -> None:
    today = clock.today()
    products = session.scalars(
        select(Product).where(Product.id.in_(ids)).options(joinedload(Product.phases), joinedload(Product.incubators))
    ).unique()
    rows = services.rows(session, list(products))
    losses = _losses(session, ids, today)
    levels = {p.product_id: p.level for p in session.scalars(select(SecurityProfile).where(SecurityProfile.product_id.in_(ids)))}  # fmt: skip
    dossiers = {
        d.product_id: d
        for d in session.scalars(
            select(Dossier)
            .where(Dossier.product_id.in_(ids), Dossier.state != DossierState.DECIDED)
            .options(joinedload(Dossier.authority), selectinload(Dossier.opinions).joinedload(Opinion.reviewer))
        )
    }
    teams, to_lift = teams_of(session, ids), _to_lift(session, rows, today)
    made = [
        _glance(row, losses.get(row.product.id), levels.get(row.product.id), today)
        | _next(row, dossiers.get(row.product.id), teams.get(row.product.id, []), to_lift.get(row.product.id))
        for row in rows
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


def _to_lift(session: Session, rows: Sequence[Row], today: date) -> dict[str, date]:
    """By homologated product, the day of its first reservation to lift: in its last month, or late."""
    decisions = {r.product.id: r.decision for r in rows if r.decision and r.urgency in _HOMOLOGATED}
    found: dict[str, date] = {}
    for reservation, product_id, _ in deadlines.to_lift(session, decisions):
        if reservation.lift_by and reservation.lift_by <= schedule.add_months(today, 1):
            found[product_id] = min(reservation.lift_by, found.get(product_id, date.max))
    return found


def sought(text: str) -> str:
    """As people search, no longer than its column."""
    return plain(text)[:200]


def _glance(row: Row, point: LossPoint | None, level: int | None, today: date) -> dict[str, Any]:
    phases = phase_values(row.product.phases)
    due, active = schedule.analysis_due(phases), is_active(row.product, today)
    decision, name = row.decision, sought(row.product.name)
    loss, drift = point.loss if point else None, _drift(decision, point)
    until = decision.expires_on if decision else None
    return {
        "product_id": row.product.id,
        "day": today,
        "slug": row.product.slug,
        "name": row.product.name,
        "sought": name,
        "place": f"{row.urgency.value}{row.day or date.max}{name}",
        "place_by_end": f"{until or date.max}{name}",
        "place_by_loss": f"{_most_first(loss)}{name}",
        "place_by_drift": f"{_most_first(drift)}{name}",
        "incubators": " ".join(i.id for i in row.product.incubators),
        "phase": row.phase.name.value if row.phase else None,
        "active": active,
        "urgency": row.urgency.value,
        "due": row.day,
        "without_analysis": bool(active and due and due < today and not row.product.declared_analysis),
        "homologated_until": until,
        "level": level,
        "loss": loss,
        "sealed": row.sealed,
        "drift": drift,
        "weak_point": point.weak_point if point else "",
    }


def _most_first(points: float | None) -> str:
    """A text that sorts before those of fewer points; one of none is last."""
    return f"{_MANY * 2 if points is None else _MANY - points:015.4f}"


def _drift(decision: Decision | None, point: LossPoint | None) -> float | None:
    signed = decision.loss if decision else None
    return point.loss - signed if point and signed is not None else None


LIFT = "lift"  # the reservations of an authority, in their last month
# Acts that somebody outside the team has in hand.
OF_OTHERS = (DossierState.OPINIONS.value, DossierState.DECISION.value)
_HOMOLOGATED = (Urgency.HOMOLOGATED, Urgency.EXPIRES_SOON)
_ACTS = {
    Urgency.EXPIRED: "renew",
    Urgency.EXPIRES_SOON: "renew",
    Urgency.REFUSED: "again",
    Urgency.WITHDRAWN: "again",
    Urgency.ANALYSIS_OVERDUE: "analyse",
}


def _next(row: Row, dossier: Dossier | None, team: list[Person], to_lift: date | None) -> dict[str, Any]:
    """The next act, by when, who has it in hand, since when. What an authority asked comes before a dossier to finish."""
    act, people, since = _ACTS.get(row.urgency, ""), team, None
    if row.urgency in (Urgency.NOT_HOMOLOGATED, Urgency.HOMOLOGATION_OVERDUE):
        act = "homologate" if row.product.declared_analysis else "analyse"
    elif row.urgency is Urgency.HOMOLOGATED and not row.product.declared_analysis:
        act = "analyse"
    contact = row.product.contact
    if to_lift and not (dossier and dossier.state in OF_OTHERS):
        act = LIFT
    elif dossier and row.urgency is not Urgency.INACTIVE:
        act, since = dossier.state.value, dossier.state_since.astimezone(clock.PARIS).date()
        if dossier.state is DossierState.DECISION:
            people, contact = [dossier.authority] if dossier.authority else [], ""
        elif dossier.state is DossierState.OPINIONS:
            people = [o.reviewer for o in dossier.opinions if o.given_at is None] or people
    if not act:
        return {"act": "", "whom": "", "addresses": "", "since": since, "act_due": None}
    names, addresses = [p.name for p in people] or [contact], [p.email for p in people] or [contact]
    return {
        "act": act,
        "whom": ", ".join(names)[:300],
        "addresses": ",".join([a for a in addresses if EMAIL.fullmatch(a)][:_WRITTEN_TO]),
        "since": since,
        "act_due": to_lift if act == LIFT else _due(row, act),
    }


def _due(row: Row, act: str) -> date | None:
    """The day that the urgency of `row` speaks of, where it is one by which `act` is asked."""
    past = row.urgency in (Urgency.REFUSED, Urgency.WITHDRAWN)
    of_renewal = act == "analyse" and row.urgency is Urgency.HOMOLOGATED
    return None if past or of_renewal else row.day
