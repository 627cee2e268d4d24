"""Versions in the order of their ecosystems, and the four answers about a flaw."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from risk_models.exposure.package_names import UnreadableName, split_purl
from risk_models.exposure.ranges import MatchVerdict, UnreadableRange, match_verdict, read_osv
from risk_models.exposure.typed_ranges import read_range
from risk_models.exposure.versions import read_version
from tests.conftest import REAL_DATA
from tests.factories.advisories import LOG4J, LOG4SHELL, osv

TABLE = YAML(typ="base").load((Path(__file__).parents[2] / "data" / "versions.yaml").read_text())


def _levels(chain):
    return [[str(v) for v in level] if isinstance(level, list) else [str(level)] for level in chain]


ORDERS = {k: v for k, v in TABLE.items() if k != "ranges"}
PAIRS = [
    (ecosystem, a, b, (i > j) - (i < j))
    for entry in ORDERS.values()
    for ecosystem in entry["ecosystems"]
    for chain in entry["chains"]
    for (i, lower), (j, higher) in itertools.combinations_with_replacement(enumerate(_levels(chain)), 2)
    for a in lower
    for b in higher
    if a != b
]
UNREAD = [(e, text) for entry in ORDERS.values() for e in entry["ecosystems"] for text in entry["not"]]
MEMBERS = [
    (entry["package"], entry["range"], str(version), answer)
    for entry in TABLE["ranges"]
    for answer in ("exposed", "not_exposed", "unknown")
    for version in entry[answer]
]


def test_the_table_is_as_large_as_it_should_be():
    assert len(PAIRS) + len(UNREAD) + len(MEMBERS) >= 300


def test_versions_come_in_the_order_of_their_ecosystem():
    """Every departure is listed here with its reason; there is none."""
    wrong = []
    for ecosystem, a, b, expected in PAIRS:
        left, right = read_version(ecosystem, a), read_version(ecosystem, b)
        if left is None or right is None:
            wrong.append((ecosystem, a, b, "unread"))
        elif (left > right) - (left < right) != expected:
            wrong.append((ecosystem, a, b, expected))
    assert wrong == []


def test_what_names_no_version_stays_unread():
    assert [(e, text) for e, text in UNREAD if read_version(e, text) is not None] == []


@pytest.mark.parametrize(("package", "span", "version", "answer"), MEMBERS)
def test_a_range_holds_what_its_ecosystem_says(package, span, version, answer):
    assert read_range(package, span).verdict(version) == answer


PROBES = {
    "2.3.1": "not_exposed",
    "2.8.2": "exposed",
    "2.12.1": "exposed",
    "2.12.2": "not_exposed",
    "2.12.4": "not_exposed",
    "2.13.0": "exposed",
    "2.14.1": "exposed",
    "2.15.0-rc1": "exposed",
    "2.15.0": "not_exposed",
    "2.17.1": "not_exposed",
    "": "unknown",
    "latest": "unknown",
    "v2.14.1": "unknown",
}


@pytest.mark.parametrize(("version", "answer"), PROBES.items())
def test_log4shell(version, answer):
    advisory = read_osv(LOG4SHELL)
    assert advisory.cve == "CVE-2021-44228"
    assert match_verdict(LOG4J, version, advisory.affected) == answer


def test_the_name_comes_before_the_range():
    affected = read_osv(LOG4SHELL).affected
    assert match_verdict("pkg:maven/org.apache.logging.log4j/log4j-api", "2.14.1", affected) == "not_exposed"
    assert match_verdict("pkg:maven/log4j/log4j", "1.2.17", affected) == "not_exposed"
    assert match_verdict("pkg:maven/log4j/log4j", "", affected) == "not_exposed"


def test_a_service_is_asked():
    assert match_verdict(LOG4J, "2.14.1", read_osv(LOG4SHELL).affected, service=True) is MatchVerdict.TO_ASK


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the folder of real data is not beside this checkout")
@pytest.mark.parametrize(("version", "answer"), PROBES.items())
def test_log4shell_from_the_real_record(version, answer):
    record = json.loads((REAL_DATA / "osv" / "GHSA-jfh8-c2jp-5v3q.json").read_text())
    assert match_verdict(LOG4J, version, read_osv(record).affected) == answer


def test_a_withdrawn_record_says_nothing():
    assert read_osv({**LOG4SHELL, "withdrawn": "2022-01-02T00:00:00Z"}) is None


def test_listed_versions_last_affected_and_what_is_never_fixed():
    record = osv(({"introduced": "1.0"}, {"last_affected": "1.5"}), ({"introduced": "3.0"},))
    record["affected"][0]["versions"] = ["0.9-custom"]
    affected = read_osv(record).affected
    expected = {"0.9-custom": "exposed", "0.9": "not_exposed", "1.5": "exposed", "1.5.1": "not_exposed", "9": "exposed"}
    assert {v: match_verdict(LOG4J, v, affected) for v in expected} == expected


def test_events_in_any_order_say_the_same():
    events = [{"introduced": "0"}, {"fixed": "2.3.1"}, {"introduced": "2.4"}, {"fixed": "2.12.2"}]
    answers = [
        {v: match_verdict(LOG4J, v, read_osv(osv(order)).affected) for v in PROBES}
        for order in itertools.permutations(events)
    ]
    assert all(a == answers[0] for a in answers)


def test_a_range_of_commits_cannot_tell():
    record = osv()
    record["affected"] = [
        {
            "package": {"ecosystem": "Maven", "name": "org.apache.logging.log4j:log4j-core"},
            "ranges": [{"type": "GIT", "repo": "https://exemple.test/x.git", "events": [{"introduced": "0"}]}],
        }
    ]
    assert match_verdict(LOG4J, "2.14.1", read_osv(record).affected) is MatchVerdict.UNKNOWN


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_gets_an_answer_or_a_clear_refusal(package, text):
    for ecosystem in ("maven", "npm", "pypi", "gem", "composer", "golang", "nuget", "deb", "rpm", "generic"):
        read_version(ecosystem, text)
    for read in (lambda: split_purl(package), lambda: read_range("pkg:npm/x", text)):
        try:
            read()
        except UnreadableName as error:
            assert str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["affected", "aliases", "severity", "summary", "withdrawn", "published"]))
def test_a_broken_record_is_refused_clearly(value, key):
    try:
        read_osv({**LOG4SHELL, key: value})
    except UnreadableRange as error:
        assert str(error)


@pytest.mark.parametrize(
    "text", ["", "  ", ">=", "2.0 or 3.0", ">=latest", "vers:maven/>=1", ">5,<2", "=2.0,=3.0", ">2.0,<2.0"]
)
def test_a_range_that_cannot_be_read_is_refused(text):
    with pytest.raises(UnreadableRange):
        read_range(LOG4J, text)


def test_several_bounds_on_one_side_keep_the_tightest():
    assert read_range(LOG4J, ">=3.0,>=2.0,<9,<=4").intervals == read_range(LOG4J, ">=3.0,<=4").intervals
