"""dashlord's report: one reading a site and a tool. Grades are computed anew, the report's own summaries are often stale.

Format and rules: SocialGouv/dashlord-actions (report/www/src), 2026-06. What a tool did not look at is never good:
"disabled" where the site's list says so, "absent" where its result is missing, "unreadable" where it is not its shape.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from app.evidence.importers import CERTIFICATE_END, Reading, at_least, worst_grade
from app.evidence.importers.dashlord import as_map, as_rows, host_of, http_day, is_host_of, response_headers
from app.evidence.importers.severities import code_severity
from app.platform.foreign_json import as_text
from risk_models.scales import Check, ObservationState

# The key of each tool's result in a report, which is also its switch in the site's list.
_TOOL = {
    Check.HTTP_HEADERS: "http",
    Check.TLS: "testssl",
    Check.OPEN_PORTS: "nmap",
    Check.DYNAMIC_SCAN: "zap",
    Check.EXPOSURE_SCAN: "nuclei",
    Check.THIRD_PARTY_SCRIPTS: "thirdparties",
    Check.WAF_SEEN: "http",
    Check.AVAILABILITY: "updownio",
    Check.DEPENDABOT: "dependabot",
    Check.CODE_SCANNING: "codescan",
    Check.DECLARATIONS: "declaration-rgpd",
}
TOOLS = frozenset(_TOOL.values())
# Response headers and certificate issuers by which a firewall or a network in front of a site shows itself.
_WAF_HEADERS = {
    "cf-ray": "Cloudflare",
    "x-sucuri-id": "Sucuri",
    "x-iinfo": "Imperva",
    "x-akamai-transformed": "Akamai",
    "x-amz-cf-id": "CloudFront",
    "x-azure-ref": "Azure Front Door",
    "x-baleen-id": "Baleen",
    "x-waf": "WAF",
}
_WAF_SERVERS = ("cloudflare", "baleen", "akamaighost", "imperva", "sucuri", "bunnycdn", "ubika")
_WAF_ISSUERS = ("cloudflare", "baleen", "imperva")


_GRADE, _TLS_GRADE = re.compile(r"[A-F][+-]?"), re.compile(r"[A-F][+-]?|[TM]")


class _Odd(ValueError):
    """A tool's result that has not its shape."""


def read_site(item: Mapping[str, object], site: str) -> list[Reading]:
    """Everything a report says of one site."""
    switches = as_map(item.get("tools"))
    found = []
    for check, tool in _TOOL.items():
        if switches.get(tool) is False:
            found.append(Reading(check, site, ObservationState.DISABLED))
            continue
        try:
            reading = _READERS[check](item, site)
        except (_Odd, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
            reading = Reading(check, site, ObservationState.UNREADABLE)
        found.append(reading or Reading(check, site, ObservationState.ABSENT))
    dates = [r.observed_on for r in found if r.observed_on]
    seen = any(r.state is ObservationState.SEEN for r in found)
    state = ObservationState.SEEN if seen else ObservationState.ABSENT
    found.append(Reading(Check.EXTERNAL_SCAN, site, state, seen, observed_on=max(dates, default=None)))
    return found


def _http(item: Mapping[str, object], site: str) -> Reading | None:
    http = _map_or_none(item.get("http"))
    if http is None:
        return None
    scan = _map_or_none(http.get("scan"))
    told = scan if scan is not None else http
    grade = as_text(told.get("grade"))
    status = told.get("statusCode", told.get("status_code"))
    unfinished = told.get("state") not in {None, "FINISHED"}
    if not _GRADE.fullmatch(grade) or told.get("error") or unfinished or (isinstance(status, int) and status >= 500):
        raise _Odd  # a site in error answers another page than its own
    return Reading(
        Check.HTTP_HEADERS,
        site,
        ObservationState.SEEN,
        at_least(grade, "B"),
        grade,
        http_day(response_headers(item).get("date")) or (_iso_day(scan.get("scannedAt")) if scan is not None else None),
    )


def _testssl(item: Mapping[str, object], site: str) -> Reading | None:
    rows = item.get("testssl")
    if not rows:
        return None
    if not isinstance(rows, list):
        raise _Odd
    lines = [
        (r["id"], as_text(r.get("finding"))) for r in rows if isinstance(r, Mapping) and isinstance(r.get("id"), str)
    ]
    grade = worst_grade([finding for key, finding in lines if key == "overall_grade"])
    if not _TLS_GRADE.fullmatch(grade):
        raise _Odd
    ends = [
        _iso_day(finding)
        for key, finding in lines
        if key.startswith(("cert_notAfter", "intermediate_cert_notAfter <#1>"))
    ]
    end = min(filter(None, ends), default=None)
    return Reading(
        Check.TLS,
        site,
        ObservationState.SEEN,
        at_least(grade, "B"),
        grade,
        until=end,
        detail={CERTIFICATE_END: end.isoformat()} if end else {},
    )


def _nmap(item: Mapping[str, object], site: str) -> Reading | None:
    nmap = _map_or_none(item.get("nmap"))
    if nmap is None:
        return None
    if not is_host_of(site, nmap.get("host")):
        return None
    ports = nmap.get("open_ports")
    if not isinstance(ports, list):
        raise _Odd
    services = [p["service"] for p in ports]
    open_ports = sorted({int(s["id"]) for s in services})
    if not open_ports:
        raise _Odd  # a site that answers has a port open: this scan saw nothing
    flaws = sum(len(as_rows(s.get("vulnerabilities"))) for s in services)
    grade = next((g for most, g in ((20, "F"), (10, "E"), (5, "D"), (0, "C")) if flaws > most), "")
    grade = grade or ("B" if len(open_ports) > 2 and {80, 443} & set(open_ports) else "A")
    return Reading(
        Check.OPEN_PORTS,
        site,
        ObservationState.SEEN,
        set(open_ports) <= {80, 443},
        grade,
        detail={"open_ports": open_ports, "flaws": flaws},
    )


def _zap(item: Mapping[str, object], site: str) -> Reading | None:
    zap = _map_or_none(item.get("zap"))
    if zap is None:
        return None
    scanned = zap.get("site")
    if not isinstance(scanned, list) or not all(isinstance(s.get("alerts"), list) for s in scanned):
        raise _Odd
    # A scan follows links to other hosts, which are other products.
    codes = [int(a["riskcode"]) for s in scanned if _host_scanned(s) in {host_of(site), ""} for a in s["alerts"]]
    if not codes:
        return None  # a scan always has something to say of a site that it saw
    grade = {3: "F", 2: "D", 1: "B", 0: "A"}[max(codes)]
    return Reading(
        Check.DYNAMIC_SCAN,
        site,
        ObservationState.SEEN,
        grade != "F",
        grade,
        _zap_day(zap.get("@generated")),
        detail={"alerts": sum(code > 0 for code in codes)},
    )


def _host_scanned(scanned: Mapping[str, Any]) -> str:
    """The host of one entry of ZAP's report, as `host_of` writes it; empty where it names none."""
    host = as_text(scanned.get("@host"))
    return host_of(f"//{host}" if host else as_text(scanned.get("@name")))


_NUCLEI = {"critical": "F", "high": "F", "medium": "D", "low": "B", "info": "A", "unknown": "A"}


def _nuclei(item: Mapping[str, object], site: str) -> Reading | None:
    rows = item.get("nuclei")
    if rows is None or rows == []:
        return None  # idem
    if not isinstance(rows, list):
        raise _Odd
    rows = [r for r in rows if is_host_of(site, r.get("host"))]
    if not rows:
        return None
    grade = worst_grade([_NUCLEI[str(r["info"]["severity"]).lower()] for r in rows])
    day = max(filter(None, (_iso_day(r.get("timestamp")) for r in rows)), default=None)
    return Reading(
        Check.EXPOSURE_SCAN, site, ObservationState.SEEN, grade != "F", grade, day, detail={"findings": len(rows)}
    )


def _third_parties(item: Mapping[str, object], site: str) -> Reading | None:
    seen = _map_or_none(item.get("thirdparties"))
    if seen is None:
        return None
    listed_trackers, listed_cookies = seen.get("trackers"), seen.get("cookies")
    if not isinstance(listed_trackers, list) or not isinstance(listed_cookies, list):
        raise _Odd
    trackers, cookies = len(listed_trackers), len(listed_cookies)
    grades = [
        next((g for most, g in ((10, "F"), (2, "C"), (0, "B")) if trackers > most), "A"),
        next((g for most, g in ((10, "F"), (5, "E"), (2, "C"), (0, "B")) if cookies > most), "A"),
    ]
    day = http_day((_map_or_none(seen.get("headers")) or {}).get("date"))
    return Reading(
        Check.THIRD_PARTY_SCRIPTS,
        site,
        ObservationState.SEEN,
        at_least(worst_grade(grades), "B"),
        worst_grade(grades),
        day,
        detail={"trackers": trackers, "cookies": cookies},
    )


def _waf(item: Mapping[str, object], site: str) -> Reading | None:
    """A firewall that shows itself; one that does not may still be there, which a person attests."""
    headers = response_headers(item)
    name = next((label for header, label in _WAF_HEADERS.items() if header in headers), "")
    server = f"{headers.get('server', '')} {headers.get('via', '')}".lower()
    name = name or next((known.capitalize() for known in _WAF_SERVERS if known in server), "")
    issuers = " ".join(
        as_text(r.get("finding"))
        for r in as_rows(item.get("testssl"))
        if isinstance(r, Mapping) and r.get("id") == "cert_caIssuers"
    ).lower()
    name = name or next((known.capitalize() for known in _WAF_ISSUERS if known in issuers), "")
    if not name:
        return None
    return Reading(
        Check.WAF_SEEN,
        site,
        ObservationState.SEEN,
        holds=True,
        observed_on=http_day(headers.get("date")),
        detail={"seen_as": name},
    )


def updown_reading(check: Any, site: str) -> Reading | None:
    """One check of updown.io, as dashlord keeps it or as the service's API gives it."""
    if check is None:
        return None
    if not isinstance(check, Mapping) or "enabled" not in check:
        raise _Odd
    day = _iso_day(check.get("last_check_at"))
    if check["enabled"] is not True:
        return Reading(Check.AVAILABILITY, site, ObservationState.DISABLED, observed_on=day)
    apdex: Any = (_map_or_none(check.get("metrics")) or {}).get("apdex")
    uptime: Any = check.get("uptime")
    grades = [_share_grade(float(uptime) / 100)] if uptime is not None else []
    grades += [_share_grade(float(apdex))] if apdex else []
    detail = {"uptime": check.get("uptime"), "down": check.get("down") is True}
    return Reading(
        Check.AVAILABILITY,
        site,
        ObservationState.SEEN,
        holds=True,
        grade=worst_grade(grades),
        observed_on=day,
        detail=detail,
    )


def _share_grade(share: float) -> str:
    return next(
        (g for least, g in ((0.99, "A"), (0.98, "B"), (0.97, "C"), (0.96, "D"), (0.95, "E")) if share > least), "F"
    )


def _dependabot(item: Mapping[str, object], site: str) -> Reading | None:
    found = _map_or_none(item.get("dependabot"))
    if found is None:
        return None
    repositories, whole = _repositories(found)
    if not repositories:
        return None
    alerts = [r["vulnerabilityAlerts"] for r in repositories]
    nodes = [node for a in alerts for node in a["nodes"] if not node.get("dismissedAt")]
    severities = [str(node["securityVulnerability"]["severity"]).upper() for node in nodes]
    reading = alerts_reading(Check.DEPENDABOT, site, severities)
    cut = not whole or any((a.get("totalCount") or 0) > len(a["nodes"]) for a in alerts)
    if reading.holds and cut:
        raise _Odd  # nothing good is concluded from a part of them
    return reading


def _repositories(found: Mapping[str, object]) -> tuple[list[Any], bool]:
    """The repositories that a tool could read, which is never good where there are none, and whether it read them all."""
    rows = found.get("repositories")
    if not isinstance(rows, list):
        raise _Odd
    return [r for r in rows if r], all(rows)


_DEPENDABOT = {"CRITICAL": "E", "HIGH": "D", "MODERATE": "C", "MEDIUM": "C", "LOW": "B"}
_CODE = {"ERROR": "F", "WARNING": "D", "NOTE": "A", "NONE": "A"}


def alerts_reading(check: Check, site: str, severities: Iterable[str], hidden: int = 0) -> Reading:
    """Open alerts that count, by their severities; `hidden` were set aside with a reason.

    Dependabot holds while nothing above moderate is left open, code scanning while no error is.
    """
    severities = list(severities)
    table = _DEPENDABOT if check is Check.DEPENDABOT else _CODE
    grade = worst_grade(["A", *(table[s] for s in severities)])
    return Reading(
        check,
        site,
        ObservationState.SEEN,
        at_least(grade, "C" if check is Check.DEPENDABOT else "E"),
        grade,
        detail={"alerts": len(severities)} | ({"hidden": hidden} if hidden else {}),
    )


def _codescan(item: Mapping[str, object], site: str) -> Reading | None:
    found = _map_or_none(item.get("codescan"))
    if found is None:
        return None
    repositories, whole = _repositories(found)
    if not repositories:
        return None
    if not all(isinstance(r["alerts"], list) for r in repositories):
        raise _Odd
    rules = (a["rule"] for r in repositories for a in r["alerts"])
    reading = alerts_reading(Check.CODE_SCANNING, site, map(code_severity, rules))
    if reading.holds and not whole:
        raise _Odd  # idem
    return reading


def _declarations(item: Mapping[str, object], site: str) -> Reading | None:
    """Legal notice and privacy page (RGPD), accessibility statement: all three are asked of a public site."""
    accessibility, privacy = _map_or_none(item.get("declaration-a11y")), item.get("declaration-rgpd")
    if accessibility is None and not privacy:
        return None
    grades = {
        "accessibility": "A"
        if (accessibility or {}).get("mention") and (accessibility or {}).get("declarationUrl")
        else "F"
    }
    for slug in ("ml", "pc"):
        pages = [p for p in as_rows(privacy) if p.get("slug") == slug]
        grades[slug] = worst_grade([_declaration_grade(page) for page in pages]) or "F"
    worst = worst_grade(list(grades.values()))
    return Reading(Check.DECLARATIONS, site, ObservationState.SEEN, worst != "F", worst, detail=grades)


def _declaration_grade(page: Mapping[str, object]) -> str:
    full = page.get("maxScore") and page.get("score") == page.get("maxScore")
    return ("A" if full else "D") if page.get("mention") else "F"


_READERS: dict[Check, Callable[[Mapping[str, object], str], Reading | None]] = {
    Check.HTTP_HEADERS: _http,
    Check.TLS: _testssl,
    Check.OPEN_PORTS: _nmap,
    Check.DYNAMIC_SCAN: _zap,
    Check.EXPOSURE_SCAN: _nuclei,
    Check.THIRD_PARTY_SCRIPTS: _third_parties,
    Check.WAF_SEEN: _waf,
    Check.AVAILABILITY: lambda item, site: updown_reading(item.get("updownio"), site),
    Check.DEPENDABOT: _dependabot,
    Check.CODE_SCANNING: _codescan,
    Check.DECLARATIONS: _declarations,
}


def _map_or_none(value: Any) -> Mapping[str, object] | None:
    """A map; None where there is nothing. Raises `_Odd` for anything else."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise _Odd
    return value


def _iso_day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _zap_day(value: Any) -> date | None:
    """ "Sun, 21 Jan 2024 01:23:20" """
    try:
        return datetime.strptime(value, "%a, %d %b %Y %H:%M:%S").date() if isinstance(value, str) else None  # noqa: DTZ007 - a day
    except ValueError:
        return None
