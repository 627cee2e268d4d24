"""The ranking against published incidents, modelled as they stood the day before, and against sums done by hand."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from risk_models import System, assess, product_file
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, Need, Severity
from risk_models.system import EssentialAsset, Link, Product
from tests.risk_models.systems import component

INCIDENTS = YAML(typ="safe").load((Path(__file__).parents[2] / "data" / "incidents.yaml").read_text())


def rank_of_used(incident) -> int:
    parts = {key: incident[key] for key in ("components", "links", "assets", "measures") if key in incident}
    system = product_file.from_dict({"jalon": 1, "product": {"name": incident["id"]}} | parts)
    return next(w.rank for w in assess(system).weak_points if w.component == incident["used"])


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda i: i["id"])
def test_the_component_really_used_is_among_the_first_three(incident):
    assert rank_of_used(incident) <= 3


def test_the_component_really_used_is_first_in_twelve_incidents_of_fourteen():
    assert len(INCIDENTS) == 14
    assert sum(rank_of_used(incident) == 1 for incident in INCIDENTS) >= 12


def test_the_worked_example_of_the_documentation():
    """docs/ranking.md does these sums by hand; four standard errors of 4,096 worlds are allowed."""
    web = component("web", ComponentKind.WEB, hosting=Hosting.PAAS, exposure=Exposure.INTERNET)
    base = component("base", ComponentKind.DATABASE, hosting=Hosting.PAAS, exposure=Exposure.INTERNAL)
    asset = EssentialAsset("dossiers", "Dossiers", ("base",), Severity(4), Severity(1), Severity(1))
    found = assess(System(Product("p", "P"), (web, base), (Link("web", "base", LinkKind.READS),), (asset,)))
    by_hand = {Need.CONFIDENTIALITY: 0.1444, Need.INTEGRITY: 0.0433, Need.AVAILABILITY: 0.1281}
    for risk in found.assets:
        error = (by_hand[risk.need] * (1 - by_hand[risk.need]) / found.worlds) ** 0.5
        assert abs(risk.likelihood - by_hand[risk.need]) <= 4 * error
    first, second = found.weak_points
    assert (first.component, second.component) == ("web", "base")
    assert first.share == pytest.approx(1.0)
    assert second.loss_avoided == pytest.approx(0.065, abs=0.02)
