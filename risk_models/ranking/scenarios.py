"""Risk scenarios drawn from the attack graph: one for each need of each essential asset, told by its likeliest path."""

from dataclasses import dataclass
from functools import lru_cache

from risk_models.assessment import AssetRisk, AttackPath
from risk_models.ranking.assess import assess
from risk_models.ranking.attack_graph import attack_graph
from risk_models.ranking.explanation import Explainer
from risk_models.ranking.mending import Mending
from risk_models.scales import View
from risk_models.system import System


@dataclass(frozen=True, slots=True)
class Scenario:
    """`risk` is that of the assessment, over all paths; `path` the likeliest one, None where nothing reaches it."""

    risk: AssetRisk
    path: AttackPath | None

    @property
    def key(self) -> str:
        """What names it from one day to the next, while its path may change."""
        return f"{self.risk.id}:{self.risk.need}"


@lru_cache(maxsize=256)
def draw_scenarios(system: System) -> tuple[Scenario, ...]:
    """Heaviest expected loss first. Source: EBIOS Risk Manager, workshops 3 and 4."""
    if not system.assets:
        return ()
    explainer = Explainer(system, attack_graph(system, View.CURRENT), Mending(system, View.CURRENT))
    return tuple(Scenario(r, explainer.path_to(r.id, r.need)) for r in assess(system, View.CURRENT).assets)
