"""The level that five answers ask for, and the threat of a stakeholder: against tables written here by hand."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import risk_models
from risk_models.rules.proportionality import Needs, approach_of, stakeholder_zone, what_each_answer_changes
from risk_models.scales import (
    Approach,
    Audience,
    DataSensitivity,
    DataVolume,
    Openness,
    OutageTolerance,
    SecurityLevel,
    StakeholderZone,
)

# MonServiceSécurisé, security needs version 2, as published: one digit a cell.
DATA_BY_VOLUME = ["1122", "1123", "1234", "1244"]
OUTAGE_BY_AUDIENCE = ["1123", "1123", "1134", "1134"]
EXPOSURE = "1223"
LEVEL_BY_CRITICALITY = ["1112", "1122", "2233", "2333"]
SCALE = range(1, 5)


def test_the_level_agrees_with_the_published_matrices_on_all_1024_answers():
    seen = []
    for data, volume, outage, audience, openness in product(SCALE, repeat=5):
        criticality = max(int(DATA_BY_VOLUME[volume - 1][data - 1]), int(OUTAGE_BY_AUDIENCE[audience - 1][outage - 1]))
        expected = int(LEVEL_BY_CRITICALITY[criticality - 1][int(EXPOSURE[openness - 1]) - 1])
        found = risk_models.security_level(
            data=data, volume=volume, outage=outage, audience=audience, openness=openness
        )
        assert found == expected
        seen.append(found)
    assert len(seen) == 1024
    assert set(seen) == {1, 2, 3}


@given(st.tuples(*[st.integers(1, 4)] * 5), st.integers(0, 4))
def test_a_graver_answer_never_lowers_the_level(answers, which):
    names = ("data", "volume", "outage", "audience", "openness")
    lower = dict(zip(names, answers, strict=True))
    higher = lower | {names[which]: min(4, answers[which] + 1)}
    assert risk_models.security_level(**higher) >= risk_models.security_level(**lower)


@pytest.mark.parametrize("wrong", [0, 5, -1, 2.5, True])
def test_an_answer_off_its_scale_is_refused(wrong):
    for name in ("data", "volume", "outage", "audience", "openness"):
        answers = dict.fromkeys(("data", "volume", "outage", "audience", "openness"), 2) | {name: wrong}
        with pytest.raises(ValueError, match=name):
            risk_models.security_level(**answers)


def test_each_answer_says_what_it_changes():
    needs = Needs(DataSensitivity(3), DataVolume(2), OutageTolerance(1), Audience(2), Openness(4))
    changes = what_each_answer_changes(needs)
    assert needs.level is SecurityLevel.MODERATE
    assert changes["data"][int(needs.data)] is needs.level
    assert changes["data"][4] is SecurityLevel.HIGH
    assert all(set(levels) == {1, 2, 3, 4} for levels in changes.values())


def test_each_level_has_its_approach():
    assert [approach_of(level) for level in SecurityLevel] == list(Approach)


def test_the_threat_of_a_stakeholder_at_every_bound():
    for dependency, penetration, maturity, trust in product(range(5), range(5), SCALE, SCALE):
        found = risk_models.stakeholder_threat(
            dependency=dependency, penetration=penetration, maturity=maturity, trust=trust
        )
        assert found == pytest.approx((dependency * penetration) / (maturity * trust))
        assert 0 <= found <= 16


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("dependency", -1),
        ("dependency", 5),
        ("penetration", 5),
        ("maturity", 0),
        ("maturity", 5),
        ("trust", 0),
        ("trust", 5),
    ],
)
def test_a_rating_off_its_scale_is_refused(name, wrong):
    ratings = {"dependency": 2, "penetration": 2, "maturity": 2, "trust": 2} | {name: wrong}
    with pytest.raises(ValueError, match=name):
        risk_models.stakeholder_threat(**ratings)


@pytest.mark.parametrize(
    ("threat", "zone"),
    [
        (0, "outside"),
        (0.24, "outside"),
        (0.25, "watch"),
        (0.99, "watch"),
        (1, "control"),
        (2.49, "control"),
        (2.5, "danger"),
        (16, "danger"),
    ],
)
def test_the_zones_of_the_ecosystem(threat, zone):
    assert stakeholder_zone(threat) is StakeholderZone(zone)
