"""What is due and when, who is reminded of it, and what was sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import select
from sqlalchemy.orm import Session, subqueryload

from app.evidence import proofs
from app.homologation import register
from app.homologation.models import Decision, Outcome
from app.identity.models import Grant, Person, Role
from app.mitigations import services as mitigations
from app.platform import clock, jobs, letters
from app.platform.database import new_id
from app.platform.i18n import language
from app.products.models import Product
from app.products.services import phase_values
from app.renewals.models import DeadlineKind, Reminder
from risk_models import catalogue, schedule
from risk_models.schedule import Milestone


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day on which something is due; `rule` says in words where it comes from."""

    kind: DeadlineKind
    due: date
    milestones: tuple[Milestone, ...]
    rule: Any
    ref: str = ""  # what it is about, where a product has several of its kind


def deadlines(
    product: Product, decision: Decision | None, today: date, own: Iterable[Deadline] = ()
) -> tuple[Deadline, ...]:
    """What `product` owes, soonest first, with what its team set itself (`own`); nothing once it is no longer active."""
    phases = phase_values(product.phases)
    if not schedule.is_active(phases, today):
        return ()
    found = [*own]
    if decision and decision.expires_on and decision.months:
        found.append(_expiry(decision.expires_on, decision.months, decision.decided_on))
    else:
        found += _first(product, today)
    return tuple(sorted(found, key=lambda d: d.due))


def _expiry(expires_on: date, months: int, decided_on: date) -> Deadline:
    return Deadline(
        DeadlineKind.EXPIRY,
        expires_on,
        schedule.milestones(expires_on, schedule.RENEWAL_MILESTONES[months]),
        _l("décision du %(day)s pour %(months)d mois", day=_iso(decided_on), months=months),
    )


def _first(product: Product, today: date) -> list[Deadline]:
    phases = phase_values(product.phases)
    start, due = schedule.clock_start(phases), schedule.analysis_due(phases)
    if start is None or due is None:
        return []
    rule = _l(
        "six mois après le début de la phase « %(phase)s », le %(day)s", phase=start.name.value, day=_iso(start.start)
    )
    kind = DeadlineKind.FIRST_HOMOLOGATION if product.declared_analysis else DeadlineKind.ANALYSIS
    if kind is DeadlineKind.FIRST_HOMOLOGATION:
        due = schedule.first_homologation_due(due)
        rule = _l(
            "un an après le début de la phase « %(phase)s », le %(day)s", phase=start.name.value, day=_iso(start.start)
        )
    return [Deadline(kind, due, schedule.milestones(due, schedule.ANALYSIS_MILESTONES), rule)]


def _iso(day: date) -> str:
    return day.strftime("%d/%m/%Y")


def of_product(session: Session, product: Product) -> tuple[Deadline, ...]:
    own = own_deadlines(session, [product.id])[product.id]
    return deadlines(product, register.in_force(session, product.id), clock.today(), own)


def own_deadlines(session: Session, product_ids: Sequence[str]) -> dict[str, list[Deadline]]:
    """By product, the measures that its team planned and the proofs that come to their end; two queries."""
    found: dict[str, list[Deadline]] = {product_id: [] for product_id in product_ids}
    for m in mitigations.planned_of_many(session, product_ids):
        if m.due:
            rule = _l("« %(name)s », par %(owner)s", name=_measure_name(m.measure), owner=m.owner or "–")
            found[m.product_id].append(Deadline(DeadlineKind.MEASURE, m.due, schedule.relaunches(m.due), rule, m.id))
    for product_id, measure, until in proofs.ends_of_many(session, product_ids):
        rule = _l("preuve de « %(name)s »", name=_measure_name(measure))
        found[product_id].append(Deadline(DeadlineKind.PROOF, until, schedule.relaunches(until), rule, measure))
    return found


def _measure_name(measure: str) -> LazyString:
    """Its name in the language of who reads it: a sweep has no language of its own."""
    kind = catalogue.measures().get(measure)
    return LazyString(lambda: kind.name.in_(language()) if kind else measure)


def plan(session: Session) -> int:
    """Plans a job for each reminder whose day has come and that has no row yet; the number planned.

    It asks "what is due and not yet told?", so a day without Jalon loses nothing. Of several milestones
    missed at once only the latest is told: people get one message, not a flood.
    """
    today = clock.today()
    products = session.scalars(
        select(Product).options(subqueryload(Product.phases), subqueryload(Product.incubators))
    ).all()
    decisions = register.last_decisions(session, [p.id for p in products])
    people = _people(session)
    own = own_deadlines(session, [p.id for p in products])
    known = {(r.product_id, r.kind, r.due, r.months_before, r.person_id) for r in session.scalars(select(Reminder))}
    planned = 0
    for product in products:
        for deadline in deadlines(product, _homologates(decisions.get(product.id)), today, own[product.id]):
            reached = [m for m in deadline.milestones if m.day <= today]
            if not reached:
                continue
            for person_id in people(product):
                key = (product.id, deadline.kind, deadline.due, reached[-1].months_before, person_id)
                if key not in known:
                    known.add(key)  # several measures of one day make one message
                    _plan_one(session, key)
                    planned += 1
    return planned


def _homologates(decision: Decision | None) -> Decision | None:
    return decision if decision and decision.outcome is not Outcome.REFUSED else None


def _plan_one(session: Session, key: tuple[str, DeadlineKind, date, int, str]) -> None:
    product_id, kind, due, months_before, person_id = key
    reminder = Reminder(
        id=new_id(),
        product_id=product_id,
        kind=kind,
        due=due,
        months_before=months_before,
        person_id=person_id,
        planned_at=clock.now(),
        message_id=letters.message_id("reminder", product_id, kind, due.isoformat(), str(months_before), person_id),
    )
    session.add(reminder)
    jobs.enqueue(session, "reminder", reminder_id=reminder.id)


class _People:
    """Whom to tell of a product: its team; the incubator's people where it has no team."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        self._teams: dict[str, list[str]] = {}
        self._incubators: dict[str, list[str]] = {}
        for grant in grants:
            if grant.role is Role.TEAM_MEMBER and grant.product_id:
                self._teams.setdefault(grant.product_id, []).append(grant.person_id)
            if grant.role is Role.INCUBATOR_MEMBER and grant.incubator_id:
                self._incubators.setdefault(grant.incubator_id, []).append(grant.person_id)

    def __call__(self, product: Product) -> list[str]:
        fallback = [p for i in product.incubators for p in self._incubators.get(i.id, [])]
        return sorted(set(self._teams.get(product.id) or fallback))


def _people(session: Session) -> _People:
    return _People(session.scalars(select(Grant).where(Grant.role.in_([Role.TEAM_MEMBER, Role.INCUBATOR_MEMBER]))))


def reminders_of(session: Session, product_id: str) -> Sequence[tuple[Reminder, Person]]:
    """Reminders already planned or sent, newest first, with who gets them."""
    rows = session.execute(
        select(Reminder, Person)
        .join(Person, Person.id == Reminder.person_id)
        .where(Reminder.product_id == product_id)
        .order_by(Reminder.planned_at.desc(), Person.name)
    )
    return [(reminder, person) for reminder, person in rows]
