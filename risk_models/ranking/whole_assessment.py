"""Everything that pages and dossiers show of one system: made at once where making it takes minutes."""

from collections.abc import Mapping
from dataclasses import dataclass

from risk_models.assessment import Assessment, Outlook, Stability
from risk_models.ranking import scenarios, sensitivity
from risk_models.ranking.assess import assess, assess_views
from risk_models.ranking.scenarios import Scenario
from risk_models.scales import View
from risk_models.system import System


@dataclass(frozen=True, slots=True)
class WholeAssessment:
    """`current` with the measures in place, `raw` without any; `outlooks` by view."""

    current: Assessment
    raw: Assessment
    outlooks: Mapping[View, Outlook]
    stability: Stability
    scenarios: tuple[Scenario, ...]


def assess_whole(system: System) -> WholeAssessment:
    return WholeAssessment(
        assess(system, View.CURRENT),
        assess(system, View.RAW),
        assess_views(system),
        sensitivity.measure_stability(system),
        scenarios.draw_scenarios(system),
    )
