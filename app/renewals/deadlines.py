"""What is due and when: the calendar rules of `risk_models/schedule.py` read on what is stored, each said in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence import proofs
from app.homologation import delegating, register
from app.homologation.models import Decision, Outcome, Reservation
from app.mitigations import services as mitigations
from app.platform import clock
from app.platform.i18n import language
from app.products.models import Product
from app.products.services import is_active, phase_values
from app.renewals.models import DeadlineKind, Postponement
from risk_models import catalogue, schedule
from risk_models.schedule import Milestone

# What somebody may put off; the others are facts, or have their own date to change.
POSTPONABLE = frozenset({DeadlineKind.ANALYSIS, DeadlineKind.FIRST_HOMOLOGATION})
# Where each is dealt with, under the address of its product; the others from the product's home.
PAGES = {
    DeadlineKind.MEASURE: "/plan",
    DeadlineKind.PROOF: "/preuves",
    DeadlineKind.CERTIFICATE: "/preuves",
    DeadlineKind.DELEGATION: "/dossier/delegations",
    DeadlineKind.RESERVATION: "/dossier",
}
# Of these the incubator and the authority are told when they are late.
DUTIES = frozenset(
    {DeadlineKind.ANALYSIS, DeadlineKind.FIRST_HOMOLOGATION, DeadlineKind.EXPIRY, DeadlineKind.RESERVATION}
)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day on which something is due; `rule` says in words where it comes from.

    `ref` names what it is about where a product has several of its kind; `people` are told in place of its team.
    """

    kind: DeadlineKind
    due: date
    milestones: tuple[Milestone, ...]
    rule: Any
    ref: str = ""
    people: tuple[str, ...] = ()
    postponed: Postponement | None = field(default=None, compare=False)


Postponements = Mapping[tuple[str, DeadlineKind], Postponement]


def of_product(session: Session, product: Product) -> tuple[Deadline, ...]:
    """What `product` (phases loaded) owes, soonest first."""
    return of_many(session, [product], register.last_decisions(session, [product.id]))[product.id]


def of_many(
    session: Session, products: Sequence[Product], decisions: Mapping[str, Decision]
) -> dict[str, tuple[Deadline, ...]]:
    """By product, what it owes, soonest first; nothing once it is no longer active. Six queries, whatever their number.

    `decisions` are the last ones, as `register.last_decisions` gives them.
    """
    ids = [p.id for p in products]
    own, postponed = _own(session, ids), postponements(session, ids)
    for reservation, product_id, decided_on in to_lift(session, decisions):
        own[product_id].append(_reservation(reservation, decided_on))
    return {p.id: _of(p, decisions.get(p.id), own[p.id], postponed) for p in products}


def _of(
    product: Product, decision: Decision | None, own: Iterable[Deadline], postponed: Postponements
) -> tuple[Deadline, ...]:
    if not is_active(product, clock.today()):
        return ()
    found = [*own]
    if decision and decision.outcome is not Outcome.REFUSED and decision.expires_on and decision.months:
        found.append(_expiry(decision.expires_on, decision.months, decision.decided_on))
    else:
        found += filter(None, [first(product, postponed)])
    return tuple(sorted(found, key=lambda d: (d.due, d.kind.value)))


def _expiry(expires_on: date, months: int, decided_on: date) -> Deadline:
    return Deadline(
        DeadlineKind.EXPIRY,
        expires_on,
        schedule.relaunched(expires_on, schedule.RENEWAL_MILESTONES[months], schedule.DUTY_RELAUNCHES),
        _l("décision du %(day)s pour %(months)d mois", day=_iso(decided_on), months=months),
    )


def _reservation(reservation: Reservation, decided_on: date) -> Deadline:
    due = reservation.lift_by or decided_on
    rule = _l("« %(text)s », décision du %(day)s", text=reservation.text[:200], day=_iso(decided_on))
    milestones = schedule.relaunched(due, (1,), schedule.DUTY_RELAUNCHES)
    return Deadline(DeadlineKind.RESERVATION, due, milestones, rule, reservation.id)


def to_lift(session: Session, decisions: Mapping[str, Decision]) -> Iterator[tuple[Reservation, str, date]]:
    """What `decisions` set with a date and nobody has lifted: each with its product and the day of its decision."""
    of = {decision.dossier_id: (product_id, decision.decided_on) for product_id, decision in decisions.items()}
    if not of:
        return
    open_ones = select(Reservation).where(
        Reservation.dossier_id.in_(of), Reservation.lifted_on.is_(None), Reservation.lift_by.is_not(None)
    )
    for reservation in session.scalars(open_ones.order_by(Reservation.position)):
        yield reservation, *of[reservation.dossier_id]


def first(product: Product, postponed: Postponements) -> Deadline | None:
    """The analysis, then the first homologation, of a product (phases loaded) that no decision homologates."""
    phases = phase_values(product.phases)
    start, due = schedule.clock_start(phases), schedule.analysis_due(phases)
    if start is None or due is None:
        return None
    rule = _l(
        "six mois après le début de la phase « %(phase)s », le %(day)s", phase=start.name.value, day=_iso(start.start)
    )
    kind = DeadlineKind.FIRST_HOMOLOGATION if product.declared_analysis else DeadlineKind.ANALYSIS
    if kind is DeadlineKind.FIRST_HOMOLOGATION:
        due = schedule.first_homologation_due(due)
        rule = _l(
            "un an après le début de la phase « %(phase)s », le %(day)s", phase=start.name.value, day=_iso(start.start)
        )
    put_off = postponed.get((product.id, kind))
    if put_off and put_off.until <= due:  # the card moved past it
        put_off = None
    if put_off:
        rule = _l(
            "%(rule)s ; reporté du %(due)s au %(until)s par %(by)s : %(reason)s",
            rule=rule, due=_iso(put_off.due), until=_iso(put_off.until), by=put_off.by, reason=put_off.reason,
        )  # fmt: skip
        due = put_off.until
    milestones = schedule.relaunched(due, schedule.ANALYSIS_MILESTONES, schedule.DUTY_RELAUNCHES)
    return Deadline(kind, due, milestones, rule, postponed=put_off)


def _iso(day: date) -> str:
    return day.strftime("%d/%m/%Y")


def _own(session: Session, product_ids: Sequence[str]) -> dict[str, list[Deadline]]:
    """By product: the measures that its team planned, proofs, certificates and delegations that end; four queries."""
    found: dict[str, list[Deadline]] = {product_id: [] for product_id in product_ids}

    def add(product_id: str, kind: DeadlineKind, due: date, rule: Any, ref: str, *months_before: int) -> None:
        milestones = schedule.relaunched(due, months_before, schedule.OWN_RELAUNCHES)
        found[product_id].append(Deadline(kind, due, milestones, rule, ref))

    for m in mitigations.planned_of_many(session, product_ids):
        if m.due:
            rule = _l("« %(name)s », par %(owner)s", name=_measure_name(m.measure), owner=m.owner or "–")
            add(m.product_id, DeadlineKind.MEASURE, m.due, rule, m.id, 1)
    for product_id, measure, until in proofs.ends_of_many(session, product_ids):
        rule = _l("preuve de « %(name)s »", name=_measure_name(measure))
        add(product_id, DeadlineKind.PROOF, until, rule, measure, 1)
    for c in proofs.certificates_of_many(session, product_ids):
        rule = _l("%(site)s, vu le %(day)s, finit le %(end)s", site=c.site, day=_iso(c.seen_on), end=_iso(c.ends_on))
        due, ref = schedule.certificate_due(c.known_since, c.ends_on), sha256(c.site.encode()).hexdigest()
        add(c.product_id, DeadlineKind.CERTIFICATE, due, rule, ref)
    for d in delegating.delegations_of(session, product_ids):
        rule = _l("%(delegate)s signe pour %(authority)s (%(deed)s)", delegate=d.delegate.name, authority=d.authority.name, deed=d.deed)  # fmt: skip
        milestones = schedule.milestones(d.ends_on, (1,))
        people = (d.authority_id, d.delegate_id)
        found[d.product_id].append(Deadline(DeadlineKind.DELEGATION, d.ends_on, milestones, rule, d.id, people))
    return found


def postponements(session: Session, product_ids: Sequence[str]) -> Postponements:
    """What was put off the latest, by product and kind: it holds when the card moves the day that was put off."""
    found = select(Postponement).where(Postponement.product_id.in_(product_ids)).order_by(Postponement.until)
    return {(p.product_id, p.kind): p for p in session.scalars(found)}


def _measure_name(measure: str) -> LazyString:
    """Its name in the language of who reads it: a sweep has no language of its own."""
    kind = catalogue.measures().get(measure)
    return LazyString(lambda: kind.name.in_(language()) if kind else measure)
