"""What is due and when: the calendar rules of `risk_models/rules/schedule.py` read on what is stored, each said in words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from app.evidence import proofs
from app.homologation import delegating
from app.mitigations import services as mitigations
from app.platform.i18n import language
from app.products.models import Product
from app.products.services import phase_values
from app.renewals import standings
from app.renewals.models import Postponement
from app.renewals.standings import ProductStanding
from risk_models import catalogue
from risk_models.rules import schedule
from risk_models.rules.schedule import Milestone
from risk_models.rules.standing import Duty, ProductState
from risk_models.scales import DeadlineKind

# What somebody may put off; the others are facts, or have their own date to change.
POSTPONABLE = frozenset({DeadlineKind.ANALYSIS, DeadlineKind.FIRST_HOMOLOGATION})
# The page of its product where each is dealt with; the others from its home.
PAGES = {
    DeadlineKind.MEASURE: "plan.index",
    DeadlineKind.PROOF: "evidence.index",
    DeadlineKind.CERTIFICATE: "evidence.index",
    DeadlineKind.DELEGATION: "deciding.delegations",
    DeadlineKind.RESERVATION: "homologation.dossier",
    DeadlineKind.DISPENSATION: "dispensations.index",
}
# Of these the incubator and the authority are told when they are late.
DUTIES = frozenset(
    {
        DeadlineKind.ANALYSIS,
        DeadlineKind.FIRST_HOMOLOGATION,
        DeadlineKind.EXPIRY,
        DeadlineKind.RESERVATION,
        DeadlineKind.DISPENSATION,
    }
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

    def reminders_ahead(self, today: date) -> list[Milestone]:
        """The days after `today` that remind of it, until it is due."""
        return [m for m in self.milestones if m.day > today and not m.weeks_late]

    def relaunches_ahead(self, today: date) -> list[Milestone]:
        """The days after `today` that remind of it once it is late."""
        return [m for m in self.milestones if m.day > today and m.weeks_late]


def deadlines_of_product(session: Session, product: Product) -> tuple[Deadline, ...]:
    """What `product` (phases loaded) owes, soonest first."""
    return deadlines_of_many(session, [standings.standing_of_product(session, product)])[product.id]


def deadlines_of_many(session: Session, products: Collection[ProductStanding]) -> dict[str, tuple[Deadline, ...]]:
    """By product, what it owes, soonest first; nothing once it is no longer active. Four queries, whatever their number."""
    active = [one for one in products if one.standing.state is not ProductState.INACTIVE]
    own = _own(session, [one.product.id for one in active])
    found: dict[str, tuple[Deadline, ...]] = {one.product.id: () for one in products}
    for one in active:
        owed = [*own[one.product.id], *(_in_words(duty, one) for duty in one.standing.owed)]
        found[one.product.id] = tuple(sorted(owed, key=lambda d: (d.due, d.kind.value)))
    return found


def _in_words(duty: Duty, one: ProductStanding) -> Deadline:
    """A duty with its reminders and where it comes from."""
    before: tuple[int, ...] = schedule.ANALYSIS_MILESTONES
    if duty.kind is DeadlineKind.EXPIRY and one.decision and one.decision.months and not duty.spared:
        before = schedule.RENEWAL_MILESTONES[one.decision.months]
        rule = _l(
            "décision du %(day)s pour %(months)d mois",
            day=_iso(one.decision.decided_on),
            months=one.decision.months,
        )
    elif duty.kind is DeadlineKind.RESERVATION and one.decision:
        before = (schedule.LIFTING_MONTHS,)
        text = one.reservations[duty.ref].text[:200]
        rule = _l("« %(text)s », décision du %(day)s", text=text, day=_iso(one.decision.decided_on))
    elif duty.kind is DeadlineKind.DISPENSATION:
        before = schedule.DISPENSATION_MONTHS
        rule = _l("dernier jour d’une dispense d’homologation")
    else:
        rule = _first_rule(duty, one)
    milestones = schedule.reminder_days_once_late(duty.due, before, schedule.DUTY_RELAUNCHES)
    return Deadline(
        duty.kind, duty.due, milestones, rule, duty.ref, postponed=one.put_off[duty.kind] if duty.put_off else None
    )


def _first_rule(duty: Duty, one: ProductStanding) -> Any:
    """Where the day of the analysis, or of the first homologation, comes from, and who put it off."""
    start, rule = schedule.clock_start(phase_values(one.product.phases)), _l("fin de la dispense d’homologation")
    if start and not duty.spared:
        holes = {"phase": start.name.value, "day": _iso(start.start)}
        rule = (
            _l("un an après le début de la phase « %(phase)s », le %(day)s", **holes)
            if duty.kind is DeadlineKind.FIRST_HOMOLOGATION
            else _l("six mois après le début de la phase « %(phase)s », le %(day)s", **holes)
        )
    if not duty.put_off:
        return rule
    put_off = one.put_off[duty.kind]
    return _l(
        "%(rule)s ; reporté du %(due)s au %(until)s par %(by)s : %(reason)s",
        rule=rule,
        due=_iso(put_off.due),
        until=_iso(put_off.until),
        by=put_off.by,
        reason=put_off.reason,
    )


def _iso(day: date) -> str:
    return day.strftime("%d/%m/%Y")


def _own(session: Session, product_ids: Sequence[str]) -> dict[str, list[Deadline]]:
    """By product: the measures that its team planned, proofs, certificates and delegations that end; four queries."""
    found: dict[str, list[Deadline]] = {product_id: [] for product_id in product_ids}

    def add(product_id: str, kind: DeadlineKind, due: date, rule: Any, ref: str, *months_before: int) -> None:
        milestones = schedule.reminder_days_once_late(due, months_before, schedule.OWN_RELAUNCHES)
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
        rule = _l(
            "%(delegate)s signe pour %(authority)s (%(deed)s)",
            delegate=d.delegate.name,
            authority=d.authority.name,
            deed=d.deed,
        )
        milestones = schedule.reminder_days(d.ends_on, (1,))
        people = (d.authority_id, d.delegate_id)
        found[d.product_id].append(Deadline(DeadlineKind.DELEGATION, d.ends_on, milestones, rule, d.id, people))
    return found


def _measure_name(measure: str) -> LazyString:
    """Its name in the language of who reads it: a sweep has no language of its own."""
    kind = catalogue.measures().get(measure)
    return LazyString(lambda: kind.name.in_(language()) if kind else measure)
