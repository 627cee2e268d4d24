"""What a proof is worth on a day, and what it leaves of a measure."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import risk_models
from risk_models import catalogue, product_file
from risk_models.rules.evidence import Observation, proof_of, state_on
from risk_models.scales import Check, MeasureStatus, ObservationState, ProofState
from risk_models.system import Measure
from tests.risk_models.systems import systems
from tests.world import EXAMPLES

DAY = date(2026, 11, 24)


def seen(*, holds: bool = True, on: date = DAY, days: int = 90, state=ObservationState.SEEN, subject: str = "site"):
    return Observation(subject, state, holds, on, on + timedelta(days=days))


observations = st.builds(
    Observation,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(list(ObservationState)),
    st.booleans(),
    st.dates(DAY - timedelta(days=400), DAY),
    st.dates(DAY - timedelta(days=400), DAY + timedelta(days=400)),
)
sources = st.lists(st.lists(observations, max_size=4), max_size=4)


@pytest.mark.parametrize(
    ("observation", "state"),
    [
        (seen(), "fresh"),
        (seen(holds=False), "contradicted"),
        (seen(on=DAY - timedelta(days=90)), "fresh"),
        (seen(on=DAY - timedelta(days=91)), "stale"),
        (seen(holds=False, on=DAY - timedelta(days=91)), "contradicted"),
        (seen(state=ObservationState.DISABLED), "disabled"),
        (seen(state=ObservationState.ABSENT), "absent"),
        (seen(state=ObservationState.UNREADABLE), "unreadable"),
    ],
)
def test_each_state_of_an_observation(observation, state):
    assert state_on(observation, DAY) is ProofState(state)


def test_nothing_ever_shown_is_no_proof_at_all():
    assert proof_of([], DAY) is None
    assert proof_of([[], []], DAY) is None


def test_the_worst_site_counts_and_the_best_source():
    sites = [seen(subject="a"), seen(subject="b", holds=False)]
    assert proof_of([sites], DAY) is ProofState.CONTRADICTED
    old = [seen(on=DAY - timedelta(days=200))]
    assert proof_of([old, [seen()]], DAY) is ProofState.FRESH


def test_a_later_no_beats_an_earlier_yes_and_the_other_way_round():
    no, yes = [seen(holds=False, on=DAY)], [seen(on=DAY - timedelta(days=5))]
    assert proof_of([no, yes], DAY) is ProofState.CONTRADICTED
    assert proof_of([[seen(holds=False, on=DAY - timedelta(days=5))], [seen(on=DAY)]], DAY) is ProofState.FRESH


@given(sources, st.integers(0, 800))
def test_time_alone_never_makes_a_proof_fresh(found, days):
    if proof_of(found, DAY) is not ProofState.FRESH:
        assert proof_of(found, DAY + timedelta(days=days)) is not ProofState.FRESH


@given(sources)
def test_only_something_seen_and_good_is_fresh(found):
    if proof_of(found, DAY) is ProofState.FRESH:
        assert any(
            o.state is ObservationState.SEEN and o.holds and o.good_until >= DAY for source in found for o in source
        )


@given(systems(), st.sampled_from(list(ProofState)), st.data())
def test_a_lost_proof_never_lowers_the_risk(system, state, data):
    if not system.measures:
        return
    index = data.draw(st.integers(0, len(system.measures) - 1))
    measures = list(system.measures)
    measures[index] = replace(measures[index], proof=state)
    changed = replace(system, measures=tuple(measures))
    before, after = risk_models.assess(system), risk_models.assess(changed)
    assert after.loss >= before.loss
    likelihoods = {c.id: c.likelihood for c in before.components}
    assert all(c.likelihood >= likelihoods[c.id] for c in after.components)


def guichet():
    return product_file.loads((EXAMPLES / "guichet.yaml").read_text(), as_of=DAY)


def with_waf(proof: ProofState | None):
    system = guichet()
    return replace(system, measures=(*system.measures, Measure("waf", ("metabase",), MeasureStatus.DONE, proof=proof)))


def test_a_stale_proof_raises_the_loss_and_comes_back_in_the_plan():
    fresh, stale, gone = (
        risk_models.assess(with_waf(p)) for p in (ProofState.FRESH, ProofState.STALE, ProofState.DISABLED)
    )
    assert fresh.loss == risk_models.assess(with_waf(None)).loss
    lacking = Measure("waf", ("metabase",), MeasureStatus.TO_DO)
    system = guichet()
    said_to_lack = risk_models.assess(replace(system, measures=(*system.measures, lacking)))
    assert fresh.loss < stale.loss < risk_models.assess(system).loss <= gone.loss == said_to_lack.loss
    assert ("waf", ("metabase",)) not in {(p.measure, p.on) for p in fresh.action_plan}
    assert ("waf", ("metabase",)) in {(p.measure, p.on) for p in stale.action_plan}
    assert [(w.code, w.component, w.detail) for w in stale.warnings if w.code == "proof_lost"] == [
        ("proof_lost", "metabase", "waf")
    ]


def test_the_product_file_carries_proof_and_inheritance():
    system = guichet()
    waf = Measure("waf", ("metabase",), MeasureStatus.DONE, proof=ProofState.STALE, inherited_from="Scalingo")
    system = replace(system, measures=(waf,))
    assert product_file.loads(product_file.dumps(system), as_of=DAY).measures == (waf,)


def test_every_measure_says_its_proof_and_its_place_in_the_guide():
    measures = catalogue.measures()
    assert len(measures) >= 60
    assert sum(m.organisational for m in measures.values()) >= 20
    for measure in measures.values():
        assert measure.proof.fr and measure.proof.en
        assert 1 <= measure.proof_months <= 36
        assert all(1 <= n <= 42 for n in measure.guide)
        assert measure.guide or measure.id == "legal_notices"  # the law asks for these, not the guide
    assert {check for m in measures.values() for check in m.proven_by} == set(Check)
