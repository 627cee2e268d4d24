"""What the service has done so far, in numbers that name nobody: beta.gouv.fr asks it of every public product."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, subqueryload

from app.analysis.models import AnalysisVersion
from app.homologation.kinds import Outcome
from app.homologation.models import Decision, Dossier
from app.platform import clock
from app.portfolio.models import Glance
from app.products.models import Product
from app.products.services import phase_values
from risk_models.rules import schedule
from risk_models.rules.standing import ProductState

# Under this many, a median would tell of somebody.
LEAST = 5


@dataclass(frozen=True, slots=True)
class Statistics:
    """`as_of`: the day of the oldest figure; `analysed`: with an analysis finished here; `to_…` medians in days, None under
    `LEAST` products."""

    as_of: date

    products: int
    active: int
    analysed: int
    homologated: int
    decisions: int
    to_homologation: int | None
    to_decision: int | None


def read_statistics(session: Session) -> Statistics:
    """Eight queries, whatever the number of products."""
    states = {urgency: (count, active) for urgency, count, active in session.execute(_BY_STATE)}
    first = _first_decisions(session)
    decided = session.scalars(select(Product).where(Product.id.in_(first)).options(subqueryload(Product.phases))).all()
    starts = {p.id: start.start for p in decided if (start := schedule.clock_start(phase_values(p.phases)))}
    return Statistics(
        as_of=session.scalar(select(func.min(Glance.day))) or clock.today(),
        products=sum(count for count, _ in states.values()),
        active=sum(active for _, active in states.values()),
        analysed=session.scalar(select(func.count(AnalysisVersion.product_id.distinct()))) or 0,
        homologated=sum(count for state, (count, _) in states.items() if ProductState(state).is_homologated),
        decisions=session.scalar(select(func.count(Decision.id))) or 0,
        to_homologation=_median(
            [(day - starts[i]).days for i, day in first.items() if i in starts and day > starts[i]]
        ),
        to_decision=_median(_waits(session)),
    )


_BY_STATE = select(Glance.urgency, func.count(), func.sum(case((Glance.active, 1), else_=0))).group_by(Glance.urgency)


def _first_decisions(session: Session) -> dict[str, date]:
    """By product, the day of its first homologation."""
    rows = session.execute(
        select(Dossier.product_id, func.min(Decision.decided_on))
        .join(Decision, Decision.dossier_id == Dossier.id)
        .where(Decision.outcome != Outcome.REFUSED)
        .group_by(Dossier.product_id)
    )
    return {row[0]: row[1] for row in rows}


def _waits(session: Session) -> list[int]:
    """Days from a dossier's opening to its decision, of those composed here."""
    rows = session.execute(
        select(Dossier.created_at, Decision.decided_on)
        .join(Decision, Decision.dossier_id == Dossier.id)
        .where(Decision.outside_sha256.is_(None), Dossier.perimeter != "")
    )
    return [(day - opened.astimezone(clock.PARIS).date()).days for opened, day in rows]


def _median(days: Sequence[int]) -> int | None:
    return round(median(days)) if len(days) >= LEAST else None
