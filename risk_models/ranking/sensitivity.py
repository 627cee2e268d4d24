"""How sure a rank is: the ranking drawn again with every figure of the catalogue moved within its interval."""

import hashlib
from functools import lru_cache

from risk_models import catalogue
from risk_models.assessment import Stability
from risk_models.ranking.assess import loss_weights, measure_effort, measure_mended, rank_components
from risk_models.ranking.attack_graph import attack_graph
from risk_models.ranking.mending import Mending
from risk_models.ranking.propagation import Spread
from risk_models.scales import View
from risk_models.system import System

# Above so many components, an answer would come too late to be waited for; the more effort a draw asks, the fewer.
_MOST_COMPONENTS, _MOST_EFFORT, _FEWEST_DRAWS = 500, 400_000, 20


@lru_cache(maxsize=256)
def measure_stability(system: System, view: View = View.CURRENT) -> Stability:
    """Draws the ranking again, each figure uniform within its interval, by numbers as fixed as those of the worlds.

    Fewer draws for larger systems, none above 500 components. Components that avoid nothing have no share.
    """
    model, weights = catalogue.model(), loss_weights(system)
    ids = [c.id for c in system.components]
    if len(ids) > _MOST_COMPONENTS:
        return Stability(0, {})
    draws = min(model.draws, max(_FEWEST_DRAWS, _MOST_EFFORT // max(1, measure_effort(system))))
    spread = Spread(attack_graph(system, view), weights)
    mended = measure_mended(spread, Mending(system, view), ids)
    rank = {c: n for n, c in enumerate(rank_components(mended)) if mended[c].whole}
    kept = dict.fromkeys(rank, 0)
    for draw in range(draws):
        rates = catalogue.rates_with(drawn_figures(draw))
        spread = Spread(attack_graph(system, view, rates), weights, model.draw_worlds)
        now = measure_mended(spread, Mending(system, view, rates), rank)
        for n, c in enumerate(rank_components(now)):
            kept[c] += n <= rank[c] and now[c].whole > 0
    return Stability(draws, kept)


@lru_cache(maxsize=256)
def drawn_figures(draw: int) -> dict[str, float]:
    """Every figure of the catalogue in one draw, by id."""
    return {f.id: f.low + (f.high - f.low) * _uniform(draw, f.id) for f in catalogue.figures().values()}


def _uniform(draw: int, figure: str) -> float:
    key = f"{catalogue.model().numbers}\x00{draw}\x00{figure}"
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=7).digest(), "little") / 2**56
