"""What the plan tells of each measure, and what it leaves out."""

from dataclasses import replace

import pytest

from risk_models import assess
from risk_models.scales import ComponentKind, Exposure, LinkKind, MeasureStatus, Severity, View
from risk_models.system import EssentialAsset, Link, Measure, Product, System
from tests.risk_models.systems import component, example


def test_the_plan_tells_what_each_measure_really_avoids():
    """The figure of the plan equals assessing the system again with the measure in place, or the flaw out of the inventory."""
    system = example("guichet")
    before = assess(system)
    for item in before.action_plan[:4]:
        done = (Measure(item.measure, item.on, MeasureStatus.DONE),) if item.measure != "update" else ()
        mended = tuple(
            replace(c, vulnerabilities=(), eol=None) if c.id in item.on and not done else c for c in system.components
        )
        after = assess(replace(system, components=mended, measures=(*system.measures, *done)))
        assert before.loss - after.loss == pytest.approx(item.loss_avoided_alone)


def test_saying_that_one_updated_closes_no_flaw_that_the_inventory_holds():
    system = example("guichet")
    said = replace(system, measures=(*system.measures, Measure("update", ("metabase",), MeasureStatus.DONE)))
    assert assess(said).loss == assess(system).loss
    assert assess(said).action_plan[0].measure == "update"


def test_the_plan_never_proposes_what_is_already_in_place():
    proposed = {(p.measure, c) for p in assess(example("parcours")).action_plan for c in p.on}
    assert not proposed & {("waf", "api"), ("waf", "site"), ("dependabot", "api")}


def test_a_shield_that_a_link_draws_is_not_proposed_again():
    web = component("web", ComponentKind.WEB, exposure=Exposure.INTERNET)
    waf = component("waf", ComponentKind.WAF, exposure=Exposure.INTERNET)
    asset = EssentialAsset("a", "A", ("web",), Severity.SERIOUS, Severity.SERIOUS, Severity.SERIOUS)
    planned = Measure("waf", ("web",), MeasureStatus.PLANNED)
    system = System(Product("p", "P"), (web, waf), (Link("web", "waf", LinkKind.PROTECTED_BY),), (asset,), (planned,))
    assert all((item.measure, item.on) != ("waf", ("web",)) for item in assess(system).action_plan)


def test_an_update_that_is_planned_closes_the_flaw_once_the_plan_is_kept():
    system = example("guichet")
    planned = replace(system, measures=(*system.measures, Measure("update", ("metabase",), MeasureStatus.PLANNED)))
    assert assess(planned).loss == assess(system).loss
    assert assess(planned, view=View.TARGET).loss < 0.5 * assess(system, view=View.TARGET).loss
