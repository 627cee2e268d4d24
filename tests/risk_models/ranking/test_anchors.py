"""Levels against public figures, on the three demonstrations and the eight published cases; what the plan moves, and asks."""

from collections import Counter
from dataclasses import replace

import pytest

from risk_models import assess, catalogue
from risk_models.catalogue.trials import anchors
from risk_models.ranking.knowledge import concerns, team_can_set
from risk_models.scales import ComponentKind, Hosting, MeasureStatus, Severity
from risk_models.system import Measure, System
from tests.risk_models.systems import SYSTEMS

KEPT = {"careful": MeasureStatus.DONE, "usual": None, "careless": MeasureStatus.TO_DO}


def kept_as(system: System, status: MeasureStatus | None) -> System:
    """Without known flaw nor end of life, and every measure that the team has in hand in one state, or nothing said."""
    components = tuple(replace(c, vulnerabilities=(), eol=None) for c in system.components)
    measures = [
        Measure(m.id, (c.id,), status)
        for c in components
        for m in catalogue.measures().values()
        if status and concerns(m, c) and team_can_set(m, c)
    ]
    return replace(system, components=components, measures=tuple(measures))


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_product_loses_in_a_year_what_public_figures_say(name, kept):
    anchor = anchors()[kept]
    worst = max(r.likelihood for r in assess(kept_as(SYSTEMS[name], KEPT[kept])).assets)
    assert anchor.low <= worst <= anchor.high


def test_levels_are_spread():
    levels = Counter(r.level for system in SYSTEMS.values() for r in assess(system).assets)
    assert max(levels.values()) <= 0.6 * levels.total()
    assert len(levels) == 4


def test_a_plan_that_is_kept_changes_colours():
    """Half of the needs of G3 and G4 come down by a level at least once the ten lines of each plan are done."""
    moved = []
    for system in SYSTEMS.values():
        before = assess(system)
        done = tuple(Measure(p.measure, p.on, MeasureStatus.DONE) for p in before.action_plan)
        after = {(r.id, r.need): r.level for r in assess(replace(system, measures=(*system.measures, *done))).assets}
        moved += [after[r.id, r.need] < r.level for r in before.assets if r.severity >= Severity.SERIOUS]
    assert sum(moved) >= len(moved) / 2


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_plan_asks_what_the_team_does_not_hold(name):
    """What nobody said is asked only where the team can do it: who hosts, who keeps the settings, what it is."""
    system = SYSTEMS[name]
    components = {c.id: c for c in system.components}
    said = {(m.measure, c) for m in system.measures for c in m.on}
    for item in assess(system).action_plan:
        for c in (components[c] for c in item.on if (item.measure, c) not in said):
            assert team_can_set(catalogue.measures()[item.measure], c)
            assert (item.measure, c.kind) != ("dependabot", ComponentKind.FORGE)
            assert (item.measure, c.kind, c.hosting) != ("network_filtering", ComponentKind.HOST, Hosting.PAAS)
            if item.measure == "network_filtering":
                assert c.hosting is not Hosting.SAAS and c.kind is not ComponentKind.OTHER
            if item.measure == "mfa":
                assert c.name not in {"ProConnect", "FranceConnect"} and c.kind is not ComponentKind.EXTERNAL_API


# By published case: the need that was hit, and the answers to how it happened (tests/data/trial/answers.yaml) that the file
# says to lack or leaves unsaid.
ANSWERS_TO = {
    "uber-2016": ("comptes", "confidentiality", (("mfa", "github"), ("secret_scanning", "github"))),
    "digitalocean-2022": ("comptes-clients", "integrity", (("supplier_assurance", "mailchimp"), ("mfa", "comptes"))),
    "chu-brest-2023": ("bureautique", "confidentiality", (("mfa", "bureau"),)),
    "matrix-2019": ("messages", "confidentiality", (("patch_policy", "jenkins"), ("mfa", "machines"))),
    "stackoverflow-2019": ("prive", "confidentiality", (("mfa", "dev"), ("secrets_manager", "teamcity"))),
    "toyota-2022": ("abonnes", "confidentiality", (("secret_scanning", "forge-prestataire"),)),
    "copay-2018": ("cles", "confidentiality", (("pinned_dependencies", "dependances"),)),
    "ticketmaster-2018": ("cartes", "confidentiality", (("third_party_scripts", "paiement"),)),
}


@pytest.mark.parametrize("case", ANSWERS_TO)
def test_the_answers_to_a_published_case_are_in_its_plan_and_move_what_was_hit_by_a_tenth(case):
    asset, need, answers = ANSWERS_TO[case]
    system = SYSTEMS[case]
    first = {(p.measure, c): p for p in assess(system).action_plan[:5] for c in p.on}
    assert {*answers} <= first.keys()
    done = tuple(Measure(m, first[m, c].on, MeasureStatus.DONE) for m, c in answers)
    before, after = (
        next(r.loss for r in assess(one).assets if (r.id, r.need) == (asset, need))
        for one in (system, replace(system, measures=(*system.measures, *done)))
    )
    assert after <= 0.9 * before
