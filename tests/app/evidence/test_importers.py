"""What each outside tool's payload is worth, and what a broken one is not."""

import copy
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evidence.importers import Reading, UnreadablePayload, dashlord_checks, github, updown
from app.evidence.importers.dashlord import read_dashlord, read_items
from risk_models.scales import Check, ObservationState
from tests.conftest import ROOT
from tests.factories.github_answers import REPOSITORY, GitHub

SAMPLES = ROOT / "tests" / "data" / "evidence"
SEEN, ABSENT, DISABLED, UNREADABLE = (
    ObservationState.SEEN,
    ObservationState.ABSENT,
    ObservationState.DISABLED,
    ObservationState.UNREADABLE,
)


def sites():
    return json.loads((SAMPLES / "dashlord.json").read_text())


def of(item) -> dict[Check, Reading]:
    return {r.check: r for r in dashlord_checks.read_site(item, item["url"])}


def test_the_recorded_report_gives_the_expected_evidence():
    found = of(sites()[0])
    assert {c: (r.state, r.holds, r.grade) for c, r in found.items()} == {
        Check.HTTP_HEADERS: (SEEN, False, "C"),
        Check.TLS: (SEEN, True, "A"),
        Check.OPEN_PORTS: (SEEN, False, "D"),
        Check.DYNAMIC_SCAN: (SEEN, True, "D"),
        Check.EXPOSURE_SCAN: (SEEN, True, "A"),
        Check.THIRD_PARTY_SCRIPTS: (DISABLED, False, ""),
        Check.WAF_SEEN: (ABSENT, False, ""),
        Check.AVAILABILITY: (SEEN, True, "A"),
        Check.DEPENDABOT: (ABSENT, False, ""),
        Check.CODE_SCANNING: (ABSENT, False, ""),
        Check.DECLARATIONS: (DISABLED, False, ""),
        Check.EXTERNAL_SCAN: (SEEN, True, ""),
    }
    assert found[Check.HTTP_HEADERS].observed_on == date(2025, 2, 20)  # of the response, not of the import
    assert found[Check.DYNAMIC_SCAN].observed_on == date(2024, 1, 21)
    assert found[Check.AVAILABILITY].observed_on == date(2024, 1, 21)
    assert found[Check.TLS].until == date(2024, 3, 29)
    assert found[Check.TLS].observed_on is None  # testssl tells no date
    assert found[Check.OPEN_PORTS].detail["open_ports"] == [22, 80, 443]


def test_alerts_of_a_report_are_graded_anew():
    item = sites()[1]
    found = of(item)
    assert found[Check.DEPENDABOT].grade in {"A", "B", "C", "D", "E"}
    item["dependabot"] = {"totalCount": 0, "grade": "A", "repositories": [None]}
    assert of(item)[Check.DEPENDABOT].state is ABSENT  # nothing was read: that is never an A
    read = {"grade": "F", "vulnerabilityAlerts": {"totalCount": 0, "nodes": []}}
    item["dependabot"]["repositories"] = [None, read]
    assert of(item)[Check.DEPENDABOT].state is UNREADABLE  # nor is a part of them
    item["codescan"] = {"repositories": [None, {"alerts": []}]}
    assert of(item)[Check.CODE_SCANNING].state is UNREADABLE
    item["dependabot"]["repositories"] = [read]
    assert (of(item)[Check.DEPENDABOT].grade, of(item)[Check.DEPENDABOT].detail) == ("A", {"alerts": 0})
    alert = {"dismissedAt": None, "securityVulnerability": {"severity": "CRITICAL"}}
    item["dependabot"]["repositories"] = [{"grade": "A", "vulnerabilityAlerts": {"nodes": [alert]}}]
    assert (of(item)[Check.DEPENDABOT].grade, of(item)[Check.DEPENDABOT].holds) == ("E", False)
    alert["dismissedAt"] = "2024-01-01T00:00:00Z"
    assert of(item)[Check.DEPENDABOT].grade == "A"


@pytest.mark.parametrize(
    ("headers", "issuer", "name"),
    [
        ({"CF-RAY": "8"}, "R3", "Cloudflare"),
        ({"Server": "Baleen"}, "R3", "Baleen"),
        ({"Server": "nginx"}, "Cloudflare Inc ECC CA-3", "Cloudflare"),
        ({"Server": "nginx"}, "R3 (Let's Encrypt from US)", None),
    ],
)
def test_a_firewall_is_seen_by_its_header_or_its_certificate(headers, issuer, name):
    item = {"url": "https://a.test", "http": {"grade": "B", "response_headers": headers}}
    item["testssl"] = [{"id": "cert_caIssuers", "finding": issuer}]
    reading = of(item)[Check.WAF_SEEN]
    assert (reading.state, reading.detail.get("seen_as")) == ((SEEN, name) if name else (ABSENT, None))


def test_a_probe_that_is_switched_off_is_disabled():
    item = sites()[0]
    item["updownio"]["enabled"] = False
    assert of(item)[Check.AVAILABILITY].state is DISABLED


@pytest.mark.parametrize("broken", ["<html>", 3, [], {"scan": {}}, {"scan": "A"}, True])
def test_a_result_that_has_not_its_shape_is_unreadable_never_good(broken):
    for tool, check in (("http", Check.HTTP_HEADERS), ("nmap", Check.OPEN_PORTS), ("zap", Check.DYNAMIC_SCAN)):
        reading = of({"url": "https://a.test", tool: broken})[check]
        assert reading.state in {UNREADABLE, ABSENT}
        assert not reading.holds and not reading.grade


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_no_damage_to_a_report_breaks_the_reading_or_makes_a_grade(data):
    item = copy.deepcopy(data.draw(st.sampled_from(SITES)))
    tool = data.draw(st.sampled_from(sorted(dashlord_checks.TOOLS)))
    item["tools"] = data.draw(JSON)
    item[tool] = data.draw(JSON)
    for reading in dashlord_checks.read_site(item, item["url"]):
        assert reading.holds <= (reading.state is SEEN)


SITES = sites()


def test_the_real_report_gives_a_table_of_states_for_its_seventeen_sites(real_data):
    items, odd = read_items((real_data / "dashlord" / "report.json").read_bytes())
    assert len(items) == 17 and not odd
    counts: dict[tuple[Check, ObservationState], int] = {}
    for item, site in items:
        found = dashlord_checks.read_site(item, site.url)
        assert len(found) == len({r.check for r in found}) == 12
        for reading in found:
            counts[reading.check, reading.state] = counts.get((reading.check, reading.state), 0) + 1
    assert counts[Check.HTTP_HEADERS, SEEN] == 17
    assert counts[Check.TLS, SEEN] == 17
    assert counts[Check.OPEN_PORTS, SEEN] == 5 and counts[Check.OPEN_PORTS, ABSENT] == 12
    assert counts[Check.DEPENDABOT, SEEN] == 2 and counts[Check.CODE_SCANNING, SEEN] == 2
    assert counts[Check.AVAILABILITY, SEEN] == 15
    assert not any(state is UNREADABLE for _, state in counts)


def test_updown_io_tells_availability_and_certificate():
    payload = json.loads((SAMPLES / "updown.json").read_text())
    found = updown.read_checks(payload, {"api.gouv.fr", "inconnu.test"})
    assert [(r.check, r.subject, r.state, r.grade) for r in found] == [
        (Check.AVAILABILITY, "https://api.gouv.fr", SEEN, "A"),
        (Check.TLS, "https://api.gouv.fr", SEEN, ""),
        (Check.AVAILABILITY, "https://inconnu.test", ABSENT, ""),
    ]
    assert found[1].until == date(2024, 3, 29)
    for wrong in ({}, {"error": "bad key"}, [1], "x"):
        with pytest.raises(UnreadablePayload):
            updown.read_checks(wrong, {"api.gouv.fr"})


def test_github_tells_alerts_and_settings():
    found, problem = GitHub().readings()
    assert problem == ""
    assert {c: (r.state, r.holds, r.grade) for c, r in found.items()} == {
        Check.DEPENDABOT: (SEEN, False, "E"),
        Check.CODE_SCANNING: (SEEN, False, "F"),
        Check.SECRET_SCANNING: (SEEN, True, "A"),
        Check.BRANCH_PROTECTION: (SEEN, True, "A"),
    }


def test_test_fixtures_and_development_are_set_aside_and_counted():
    found, _ = GitHub().readings(github.AsideRules(("tests/fixtures/*", "spec-*/*"), development=True))
    assert (found[Check.DEPENDABOT].grade, found[Check.DEPENDABOT].detail) == ("C", {"alerts": 2, "hidden": 2})
    assert (found[Check.CODE_SCANNING].grade, found[Check.CODE_SCANNING].detail) == ("A", {"alerts": 1, "hidden": 1})


@pytest.mark.parametrize(
    ("tool", "check", "status", "message", "state"),
    [
        ("dependabot", Check.DEPENDABOT, 403, "Dependabot alerts are disabled for this repository.", DISABLED),
        ("secret-scanning", Check.SECRET_SCANNING, 404, "Secret scanning is disabled on this repository.", DISABLED),
        ("code-scanning", Check.CODE_SCANNING, 403, "Code scanning is not enabled for this repository.", DISABLED),
        ("code-scanning", Check.CODE_SCANNING, 404, "no analysis found", ABSENT),
        ("code-scanning", Check.CODE_SCANNING, 410, "Gone", ABSENT),
        ("dependabot", Check.DEPENDABOT, 403, "Resource not accessible by personal access token", UNREADABLE),
        ("protection", Check.BRANCH_PROTECTION, 403, "Resource not accessible by personal access token", UNREADABLE),
    ],
)
def test_what_is_off_unknown_or_closed_is_told_apart(tool, check, status, message, state):
    found, problem = GitHub(**{tool: (status, {"message": message})}).readings()
    assert (found[check].state, found[check].holds, problem) == (state, False, "")


def test_an_unprotected_branch_is_seen_as_such():
    found, _ = GitHub(protection=(404, {"message": "Branch not protected"})).readings()
    assert (found[Check.BRANCH_PROTECTION].state, found[Check.BRANCH_PROTECTION].holds) == (SEEN, False)
    rules = [{"type": "pull_request", "parameters": {"required_approving_review_count": 1}}]
    found, _ = GitHub(rules=(200, rules), protection=(404, {"message": "Not Found"})).readings()
    assert found[Check.BRANCH_PROTECTION].holds


def test_a_rule_that_asks_for_no_approval_is_no_review():
    rules = [{"type": "pull_request", "parameters": {"required_approving_review_count": 0}}]
    protection = {"required_pull_request_reviews": {"required_approving_review_count": 0}}
    found, _ = GitHub(rules=(200, rules), protection=(200, protection)).readings()
    reading = found[Check.BRANCH_PROTECTION]
    assert (reading.state, reading.holds, reading.grade) == (SEEN, False, "D")


def test_an_alert_whose_advisory_was_withdrawn_has_ended():
    alert = {"dependency": {"manifest_path": "a", "scope": "runtime"}, "security_advisory": {"severity": "critical"}}
    withdrawn = alert | {"security_advisory": {"severity": "critical", "withdrawn_at": "2026-01-02T03:04:05Z"}}
    assert GitHub(dependabot=(200, [alert])).readings()[0][Check.DEPENDABOT].grade == "E"
    found, _ = GitHub(dependabot=(200, [withdrawn])).readings()
    assert (found[Check.DEPENDABOT].holds, found[Check.DEPENDABOT].detail) == (True, {"alerts": 0})


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((429, {"message": "slow down"}), "too_many_requests"),
        ((403, {"message": "API rate limit exceeded"}), "too_many_requests"),
        ((403, {"message": ""}, {"x-ratelimit-remaining": "0"}), "too_many_requests"),
        ((500, {"message": "oops"}), "server_fault"),
        ((200, b"<html>Sign in</html>"), "not_its_shape"),
        ((200, b'[{"number": 1, "dep'), "not_its_shape"),
        ((200, {"message": "not a list"}), "not_its_shape"),
        ((200, [{"number": 1}]), "not_its_shape"),
    ],
)
def test_a_passing_fault_gives_no_reading_and_says_why(answer, code):
    found, problem = GitHub(dependabot=answer).readings()
    assert Check.DEPENDABOT not in found
    assert Check.SECRET_SCANNING in found  # the others are read all the same
    assert problem == code


@pytest.mark.parametrize(
    ("status", "code"), [(401, "token_refused"), (404, "not_found"), (403, "no_right"), (500, "server_fault")]
)
def test_a_repository_that_cannot_be_asked_gives_nothing(status, code):
    with pytest.raises(UnreadablePayload) as error:
        GitHub(about=(status, {"message": "no"})).readings()
    assert error.value.code == code


@pytest.mark.parametrize(
    "link",
    [
        '<https://api.github.com/repositories/1300192/secret-scanning/alerts?page=2>; rel="next"',
        f'<https://api.github.com/repos/{REPOSITORY}/secret-scanning/alerts?page=2>; rel="next"',
        "</repositories/1300192/secret-scanning/alerts?page=2>;rel=next",
        '<https://x.test/a,b?page=9>; rel="last", <https://api.github.com/secret-scanning/a,b?page=2>; rel="next prefetch"',
    ],
)
def test_the_next_page_is_asked_as_it_is_announced(link):
    asking = GitHub(**{"page2": (200, [{"number": 2}]), "secret-scanning": (200, [{"number": 1}], {"link": link})})
    found, problem = asking.readings()
    assert (found[Check.SECRET_SCANNING].detail, problem) == ({"alerts": 2}, "")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((404, {"message": "Not Found"}), "server_fault"),
        ((410, {"message": "Gone"}), "server_fault"),
        ((403, {"message": "Resource not accessible"}), "server_fault"),
        ((403, {"message": "API rate limit exceeded"}), "too_many_requests"),
        ((500, {"message": "oops"}), "server_fault"),
        ((200, {"message": "not a list"}), "not_its_shape"),
    ],
)
def test_of_a_part_of_the_pages_nothing_is_concluded(answer, code):
    link = {"link": '<https://api.github.com/repositories/1/dependabot/alerts?page=2>; rel="next"'}
    found, problem = GitHub(**{"page2": answer, "dependabot": (200, [], link)}).readings()
    assert (Check.DEPENDABOT in found, problem) == (False, code)


def test_alerts_are_read_page_after_page_and_not_for_ever():
    link = f'<https://api.github.com/repos/{REPOSITORY}/secret-scanning/alerts?page=2>; rel="next"'
    asking = GitHub(**{"secret-scanning": (200, [{"number": 1}], {"link": link})})
    _, problem = asking.readings()
    assert problem == "too_many_alerts"
    assert sum("secret-scanning" in path for path in asking.asked) == 30


def zap_of(*sites: tuple[str, str]) -> dict:
    return {
        "site": [{"@name": f"https://{host}", "@host": host, "alerts": [{"riskcode": code}]} for host, code in sites]
    }


@pytest.mark.parametrize(
    ("zap", "grade"),
    [
        (zap_of(("cdn.test", "0"), ("a.test", "3")), "F"),
        (zap_of(("a.test", "1"), ("cdn.test", "3"), ("www.a.test", "2")), "D"),
        ({"site": [{"alerts": [{"riskcode": "2"}]}]}, "D"),
    ],
)
def test_every_entry_of_a_scan_that_is_of_the_site_counts(zap, grade):
    assert of({"url": "https://a.test/", "zap": zap})[Check.DYNAMIC_SCAN].grade == grade


def test_a_scan_of_other_sites_alone_is_none():
    assert of({"url": "https://a.test", "zap": zap_of(("cdn.test", "0"))})[Check.DYNAMIC_SCAN].state is ABSENT


def test_the_day_is_read_in_either_shape_of_the_headers():
    headers = {"Date": "Thu, 20 Feb 2025 10:00:00 GMT"}
    for http in ({"grade": "A", "response_headers": headers}, {"scan": {"grade": "A", "responseHeaders": headers}}):
        [site] = read_dashlord(json.dumps([{"url": "https://a.test", "http": http}]).encode())[0]
        assert site.dated == date(2025, 2, 20)


def test_the_worst_of_several_notices_of_one_kind_counts():
    good = {"slug": "ml", "mention": "x", "score": 1, "maxScore": 1}
    item = {"url": "https://a.test", "declaration-rgpd": [good, good | {"score": 0}, good | {"slug": "pc"}]}
    assert of(item)[Check.DECLARATIONS].detail["ml"] == "D"


def alerts_in_part(severity: str) -> dict:
    nodes = [{"securityVulnerability": {"severity": severity}}]
    return {"repositories": [{"vulnerabilityAlerts": {"totalCount": 500, "nodes": nodes}}]}


def test_a_part_of_the_alerts_shows_what_is_wrong_and_nothing_good():
    bad = of({"url": "https://a.test", "dependabot": alerts_in_part("CRITICAL")})[Check.DEPENDABOT]
    assert (bad.state, bad.grade) == (SEEN, "E")
    good = of({"url": "https://a.test", "dependabot": alerts_in_part("LOW")})[Check.DEPENDABOT]
    assert good.state is UNREADABLE


@pytest.mark.parametrize(
    ("tool", "result", "check"),
    [
        ("dependabot", {}, Check.DEPENDABOT),
        (
            "dependabot",
            {"totalCount": 500, "repositories": [{"vulnerabilityAlerts": {"totalCount": 500, "nodes": []}}]},
            Check.DEPENDABOT,
        ),
        ("codescan", {"message": "Not Found"}, Check.CODE_SCANNING),
        ("codescan", {"repositories": [{"url": "x"}]}, Check.CODE_SCANNING),
        ("thirdparties", {"error": "timeout"}, Check.THIRD_PARTY_SCRIPTS),
        ("nmap", {"open_ports": []}, Check.OPEN_PORTS),
        ("zap", {"site": [{}]}, Check.DYNAMIC_SCAN),
        ("zap", {"site": [{"alerts": []}]}, Check.DYNAMIC_SCAN),
        ("nuclei", [], Check.EXPOSURE_SCAN),
        ("http", {"scan": {"grade": "A", "error": "site-down"}}, Check.HTTP_HEADERS),
        ("http", {"scan": {"grade": "A", "statusCode": 503}}, Check.HTTP_HEADERS),
        ("http", {"grade": "A", "status_code": 503, "state": "FINISHED"}, Check.HTTP_HEADERS),
        ("http", {"grade": "A", "status_code": 200, "state": "FAILED"}, Check.HTTP_HEADERS),
        ("nuclei", [{"host": "https://other.test", "info": {"severity": "info"}}], Check.EXPOSURE_SCAN),
        ("nmap", {"host": "other.test", "open_ports": [{"service": {"id": 443}}]}, Check.OPEN_PORTS),
        *(
            ("http", {"grade": grade}, Check.HTTP_HEADERS)
            for grade in ("0", "-", "?", "(none)", "123", "<b>A", "A+++++")
        ),
    ],
)
def test_what_saw_nothing_is_never_good(tool, result, check):
    reading = of({"url": "https://a.test", tool: result})[check]
    assert (reading.state in {ABSENT, UNREADABLE}, reading.holds, reading.grade) == (True, False, "")


@pytest.mark.parametrize("host", ["a.test.", "https://a.test:443", "_dmarc.a.test", ""])
def test_a_host_is_known_however_a_scanner_writes_it(host):
    rows = [{"host": host, "info": {"severity": "info"}}, {"host": "b.test", "info": {"severity": "critical"}}]
    reading = of({"url": "https://a.test", "nuclei": rows})[Check.EXPOSURE_SCAN]
    assert (reading.state, reading.grade, reading.detail) == (SEEN, "A", {"findings": 1})


def test_an_alert_is_as_grave_as_the_graver_of_its_two_severities():
    rule = {"severity": "warning", "security_severity_level": "critical"}
    alert = {"rule": rule, "most_recent_instance": {"location": {"path": "src/a.py"}}}
    found, _ = GitHub(**{"code-scanning": (200, [alert])}).readings()
    assert (found[Check.CODE_SCANNING].grade, found[Check.CODE_SCANNING].holds) == ("F", False)


def test_an_alert_without_severity_counts_as_the_gravest():
    alert = {"rule": {"severity": None}, "most_recent_instance": {"location": {"path": "src/a.py"}}}
    found, _ = GitHub(**{"code-scanning": (200, [alert])}).readings()
    assert (found[Check.CODE_SCANNING].grade, found[Check.CODE_SCANNING].holds) == ("F", False)
    alert["rule"]["security_severity_level"] = "low"
    found, _ = GitHub(**{"code-scanning": (200, [alert])}).readings()
    assert found[Check.CODE_SCANNING].grade == "A"
