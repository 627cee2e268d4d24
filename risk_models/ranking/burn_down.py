"""How much loss is left, day after day: what the plan promises once each planned measure is done on its day."""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from risk_models.ranking.assess import loss_weights
from risk_models.ranking.attack_graph import attack_graph
from risk_models.ranking.knowledge import mends_flaws
from risk_models.ranking.propagation import Spread
from risk_models.scales import MeasureStatus, View
from risk_models.system import System

_MOST_DAYS = 12


@dataclass(frozen=True, slots=True)
class LossOn:
    """Expected loss on a day, in points a year."""

    day: date
    loss: float


@lru_cache(maxsize=256)
def project_losses(system: System, today: date) -> tuple[LossOn, ...]:
    """The loss after each day on which planned measures are due, those late counted as done today; at most `_MOST_DAYS`."""
    planned = [m for m in system.measures if m.status is MeasureStatus.PLANNED and m.due]
    days = sorted({max(m.due, today) for m in planned if m.due})
    if len(days) > _MOST_DAYS:
        days = [*days[: _MOST_DAYS - 1], days[-1]]
    return tuple(LossOn(day, _loss_when_done(system, day)) for day in days)


def _loss_when_done(system: System, day: date) -> float:
    due = {m for m in system.measures if m.status is MeasureStatus.PLANNED and m.due and m.due <= day}
    measures = tuple(replace(m, status=MeasureStatus.DONE) if m in due else m for m in system.measures)
    updated = {c for m in due if mends_flaws(m.measure) for c in m.on}
    components = tuple(replace(c, vulnerabilities=(), eol=None) if c.id in updated else c for c in system.components)
    kept = replace(system, components=components, measures=measures)
    return Spread(attack_graph(kept, View.CURRENT), loss_weights(kept)).loss
