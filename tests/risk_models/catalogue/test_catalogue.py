from enum import Enum

import pytest

from risk_models import catalogue, scales
from risk_models.exposure.package_names import split_purl
from risk_models.ranking.attack_graph import THREATS
from risk_models.scales import Likelihood, LinkKind, RiskLevel, Severity
from tests.factories.advisories import LOG4J

ENUMS = [
    e for e in vars(scales).values() if isinstance(e, type) and issubclass(e, Enum) and e.__module__ == scales.__name__
]


@pytest.mark.parametrize(
    "enum", [e for e in ENUMS if e.__name__ not in {"Authentication", "View"}], ids=lambda e: e.__name__
)
def test_every_member_of_a_list_has_its_word_in_both_languages(enum):
    for member in enum:
        assert catalogue.word(member, "fr")
        assert catalogue.word(member, "en")


def test_the_catalogue_of_measures_is_rich_and_sound():
    measures = catalogue.measures()
    assert len(measures) >= 25
    steps = {*THREATS, *LinkKind, "data", "flaws", "end_of_life", "scripts", "called_scripts", "builds_from", "resets"}
    for measure in measures.values():
        assert 1 <= measure.effort <= 5
        for effect in measure.effects:
            figure = catalogue.figures()[effect.figure]
            assert 0 < figure.low <= figure.value <= figure.high <= 1
            assert set(effect.steps) <= steps
    relied_on = "waf mfa dependabot codeql dashlord availability_monitoring backup_offline backup_restore_test central_logging least_privilege network_filtering patch_policy secrets_manager crisis_contact pentest"
    assert set(relied_on.split()) <= set(measures)


@pytest.mark.parametrize(
    ("severity", "likelihood", "level"),
    [
        (3, 3, "high"),
        (2, 4, "high"),
        (1, 3, "medium"),
        (3, 2, "medium"),
        (4, 1, "medium"),
        (3, 1, "low"),
        (2, 2, "low"),
    ],
)
def test_the_grid_is_that_of_mon_service_securise(severity, likelihood, level):
    assert catalogue.risk_level(Severity(severity), Likelihood(likelihood)) is RiskLevel(level)


def test_the_usual_components_are_many_and_each_name_means_one():
    usual = catalogue.usual_components()
    assert len(usual) >= 120
    names = [name for one in usual for name in one.names]
    assert len(names) == len(set(names))
    for one in usual:
        assert not one.purl or split_purl(one.purl) == (one.purl, "")
        assert all(split_purl(p) == (p, "") for p in one.embeds)
    metabase = next(u for u in usual if u.name == "Metabase")
    assert (metabase.kind, metabase.hosting) == (scales.ComponentKind.BI, scales.Hosting.IAAS)
    assert LOG4J in metabase.embeds


def test_every_kind_of_component_has_its_defaults():
    assert set(catalogue.defaults_by_kind()) == set(scales.ComponentKind)


def test_every_figure_lies_in_its_interval_and_names_its_reason_and_sources():
    for figure in catalogue.figures().values():
        assert 0 <= figure.low <= figure.value <= figure.high <= 1 or "factor" in figure.id
        assert figure.low < figure.high or figure.value == 0
        assert figure.reason and figure.sources
