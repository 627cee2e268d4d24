"""The ranking against published incidents, modelled as they stood the day before, and against sums done by hand."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from risk_models import System, assess, catalogue, product_file
from risk_models.assessment import Assessment
from risk_models.catalogue.trials import misses, model_versions, trials
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, MeasureStatus, Need, Severity
from risk_models.system import EssentialAsset, Link, Measure, Product
from tests.risk_models.systems import component, with_usual_parts_apart

ROOT = Path(__file__).parents[3]
INCIDENTS = YAML(typ="safe").load((Path(__file__).parents[2] / "data" / "incidents.yaml").read_text())


def rank_of_used(incident) -> int:
    parts = {key: incident[key] for key in ("components", "links", "assets", "measures") if key in incident}
    system = product_file.from_dict({"jalon": 1, "product": {"name": incident["id"]}} | parts)
    return next(w.rank for w in assess(system).weak_points if w.component == incident["used"])


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda i: i["id"])
def test_the_component_really_used_is_among_the_first_three(incident):
    assert rank_of_used(incident) <= 3


def test_the_component_really_used_is_first_in_thirteen_incidents_of_fourteen():
    assert len(INCIDENTS) == 14
    assert sum(rank_of_used(incident) == 1 for incident in INCIDENTS) >= 13


def test_the_trial_gives_the_figures_that_are_published():
    """`make trial` beside docs/ranking.md: what is told of the eight cases that were seen."""
    done = subprocess.run(
        [sys.executable, "scripts/run_trial.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    totals = {line[:44].strip(): line[44:].split() for line in done.stdout.splitlines()[-3:]}
    page = " ".join((ROOT / "docs" / "ranking.md").read_text().split())
    first, in_three = (float(n) for n in totals[f"model {catalogue.model().version}"])
    assert f"first in {first:.0f} and among the first three in {in_three:.0f} (" in page
    rule, chance = totals["measures said to be lacking, then exposure"], totals["chance"]
    assert f"(the one-line rule {rule[0]} and {rule[1]}, chance {chance[0]} and {chance[1]}" in page
    assert in_three >= 8 and in_three > float(rule[1])
    told = {row.way.en: [row.first, row.in_three] for row in trials()[0].rows}
    assert told[f"Model {catalogue.model().version}"] == [first, in_three]
    assert told["Number of measures said to lack, then exposure"] == [float(n) for n in rule]
    assert told["Chance"] == [float(n) for n in chance]
    assert model_versions()[0].version == catalogue.model().version
    ranks = [int(line.split()[2]) for line in done.stdout.splitlines()[: trials()[0].cases]]
    assert sorted(rank for rank in ranks if rank > 1) == sorted(miss.rank for miss in misses())


def error(share: float, found: Assessment) -> float:
    """Four standard errors of a share of worlds, in odds of a year."""
    return catalogue.yearly(share + 4 * (share * (1 - share) / found.worlds) ** 0.5) - catalogue.yearly(share)


def test_the_worked_example_of_the_documentation():
    """docs/ranking.md does these sums by hand; four standard errors of 4,096 worlds are allowed."""
    web = component("web", ComponentKind.WEB, hosting=Hosting.PAAS, exposure=Exposure.INTERNET)
    base = component("base", ComponentKind.DATABASE, hosting=Hosting.PAAS, exposure=Exposure.INTERNAL)
    asset = EssentialAsset("dossiers", "Dossiers", ("base",), Severity(4), Severity(1), Severity(1))
    system = System(Product("p", "P"), (web, base), (Link("web", "base", LinkKind.READS),), (asset,))
    assert assess(system).loss > 2 * 4.75  # with what is assumed of it
    system = with_usual_parts_apart(system)
    found = assess(system)
    by_hand = {Need.CONFIDENTIALITY: 0.1444, Need.INTEGRITY: 0.0298, Need.AVAILABILITY: 0.1213}
    for risk in found.assets:
        share = by_hand[risk.need]
        assert risk.likelihood == pytest.approx(catalogue.yearly(share), abs=error(share, found))
    assert found.loss == pytest.approx(4.75, abs=300 * error(0.1444, found))
    assert [w.component for w in found.weak_points][:2] == ["web", "base"]
    assert {w.lacking for w in found.weak_points} == {0}
    for status, by_hand_now in ((MeasureStatus.TO_DO, 0.1558), (MeasureStatus.DONE, 0.1179)):
        with_waf = assess(replace(system, measures=(Measure("waf", ("web",), status),)))
        confidentiality = next(r.likelihood for r in with_waf.assets if r.need is Need.CONFIDENTIALITY)
        assert confidentiality == pytest.approx(catalogue.yearly(by_hand_now), abs=error(by_hand_now, with_waf))
        assert with_waf.weak_points[0].lacking == pytest.approx(
            with_waf.action_plan[0].loss_avoided_alone if status is MeasureStatus.TO_DO else 0
        )
