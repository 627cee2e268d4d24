"""An incubator over two years: how many of its products are homologated, what they stand to lose, how long it takes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.homologation import register
from app.homologation.kinds import Outcome
from app.homologation.register import Entry
from app.mitigations.models import LossPoint
from app.platform import clock
from app.portfolio.models import Glance
from app.products.models import Incubator, Product, product_incubator
from app.products.services import phase_values
from risk_models import catalogue
from risk_models.rules import schedule
from risk_models.rules.standing import ProductState

_MONTHS = 24
# A day on which nobody's loss was noted is read on one of those before it.
_GRACE = 3
Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Moment:
    """One day: products active, those of them homologated, and the mean expected loss (points a year) of the `measured`."""

    day: date
    active: int
    homologated: int
    loss: float | None
    measured: int

    @property
    def share(self) -> float | None:
        return self.homologated / self.active if self.active else None


def monthly_moments(session: Session, products: Sequence[Product], entries: Sequence[Entry]) -> list[Moment]:
    """The ends of the last months, then today; `products` with their phases, `entries` of the register about them."""
    today = clock.today()
    days = [schedule.add_months(today.replace(day=1), -n) - timedelta(days=1) for n in reversed(range(_MONTHS))] + [
        today
    ]
    spans, losses = _spans(entries), _losses(session, [p.id for p in products], days)
    return [_moment(day, products, spans, losses[day]) for day in days]


def _moment(day: date, products: Sequence[Product], spans: Mapping[str, list[Span]], losses: list[float]) -> Moment:
    kept = [p for p in products if p.archived_on is None or day < p.archived_on]
    active = [p for p in kept if schedule.is_active(phase_values(p.phases), day)]
    homologated = sum(any(start <= day <= end for start, end in spans.get(p.id, ())) for p in active)
    return Moment(day, len(active), homologated, fmean(losses) if losses else None, len(losses))


def _spans(entries: Sequence[Entry]) -> dict[str, list[Span]]:
    """By product, the days that each homologation covered, the last one included."""
    found: dict[str, list[Span]] = {}
    for e in entries:
        if e.decision.outcome is not Outcome.REFUSED and e.decision.expires_on:
            end = e.ended_on - timedelta(days=1) if e.ended_on else e.decision.expires_on
            found.setdefault(e.product.id, []).append((e.decision.decided_on, min(end, e.decision.expires_on)))
    return found


def _losses(session: Session, ids: Sequence[str], days: Sequence[date]) -> dict[date, list[float]]:
    """By day of `days`, the loss of each product as it was last noted under today's model: others do not compare."""
    read: dict[date, list[date]] = {}
    for day in days:
        for n in range(_GRACE):
            read.setdefault(day - timedelta(days=n), []).append(day)
    last: dict[tuple[str, date], float] = {}
    rows = session.execute(
        select(LossPoint.product_id, LossPoint.day, LossPoint.loss)
        .where(
            LossPoint.product_id.in_(ids),
            LossPoint.day.in_(list(read)),
            LossPoint.model == catalogue.model().version,
        )
        .order_by(LossPoint.day)
    )
    for product_id, noted, loss in rows:
        for day in read[noted]:
            last[product_id, day] = loss
    return {day: [loss for (_, on), loss in last.items() if on == day] for day in days}


def measure_delays(products: Sequence[Product], entries: Sequence[Entry]) -> dict[str, int]:
    """By product, days from the start of its construction to its first homologation, of those that have one."""
    first = {product_id: min(start for start, _ in spans) for product_id, spans in _spans(entries).items()}
    starts = {p.id: start.start for p in products if (start := schedule.clock_start(phase_values(p.phases)))}
    return {i: (day - starts[i]).days for i, day in first.items() if i in starts and day >= starts[i]}


def median_of(days: Collection[int]) -> int | None:
    return round(median(days)) if days else None


@dataclass(frozen=True, slots=True)
class Compared:
    """One incubator beside the others; `loss` is the mean of what was measured, `delay` a median in days."""

    incubator: Incubator
    active: int
    homologated: int
    without_analysis: int
    expired: int
    loss: float | None
    delay: int | None

    @property
    def share(self) -> float | None:
        return self.homologated / self.active if self.active else None


def compare_incubators(session: Session, products: Sequence[Product]) -> list[Compared]:
    """Every incubator, those to help first on top: the most products without analysis, then expired.

    `products`: all of them, with their phases and incubators.
    """
    rows = session.execute(
        select(
            product_incubator.c.incubator_id,
            Glance.urgency,
            Glance.active,
            Glance.without_analysis,
            func.count(),
            func.sum(Glance.loss),
            func.count(Glance.loss),
        )
        .join(Glance, Glance.product_id == product_incubator.c.product_id)
        .group_by(product_incubator.c.incubator_id, Glance.urgency, Glance.active, Glance.without_analysis)
    ).all()
    of: dict[str, list[Product]] = {}
    for product in products:
        for incubator in product.incubators:
            of.setdefault(incubator.id, []).append(product)
    took = measure_delays(products, register.decided_entries(session, products))
    found = []
    for incubator in session.scalars(select(Incubator)):
        mine = [row for row in rows if row[0] == incubator.id]
        measured = sum(row[6] for row in mine)
        found.append(
            Compared(
                incubator,
                active=sum(row[4] for row in mine if row[2]),
                homologated=sum(row[4] for row in mine if ProductState(row[1]).is_homologated),
                without_analysis=sum(row[4] for row in mine if row[3]),
                expired=sum(row[4] for row in mine if row[1] == ProductState.EXPIRED),
                loss=sum(row[5] or 0.0 for row in mine) / measured if measured else None,
                delay=median_of([took[p.id] for p in of.get(incubator.id, []) if p.id in took]),
            )
        )
    return sorted(found, key=lambda c: (-c.without_analysis, -c.expired, c.share or 0.0, c.incubator.name.lower()))
