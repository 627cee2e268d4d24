"""The scenarios that the graph gives, held against the ranking."""

from hypothesis import given

from risk_models import assess
from risk_models.ranking.scenarios import draw_scenarios
from tests.risk_models.systems import systems


@given(systems())
def test_each_need_of_each_asset_has_its_scenario_and_its_rating_is_that_of_the_matrix(system):
    found = draw_scenarios(system)
    assert {s.key for s in found} == {
        f"{a.id}:{n}" for a in system.assets for n in ("confidentiality", "integrity", "availability")
    }
    assert [s.risk for s in found] == list(assess(system).assets)
    for scenario in found:
        if scenario.path:
            assert (scenario.path.asset, scenario.path.need) == (scenario.risk.id, scenario.risk.need)
        else:
            assert scenario.risk.likelihood == 0
