"""GitHub's REST API of one repository: alerts and settings, as a read-only token sees them.

Source: GitHub REST API 2022-11-28 (Dependabot alerts, code scanning, secret scanning, rules and branch protection).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, unquote

from app.evidence.importers import Reading, UnreadablePayload
from app.evidence.importers.dashlord_checks import alerts_reading
from app.evidence.importers.severities import code_severity
from app.platform.foreign_json import load_json
from app.platform.outbound import Answer
from risk_models.scales import Check, ObservationState

_MOST_PAGES = 30

# Asks one path of the API, or the whole address of a next page; raises `Unreachable`, and `UnreadablePayload` for an address
# that is not of this API.
Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class AsideRules:
    """Alerts that do not count: manifests at `paths` (shell patterns), and development dependencies."""

    paths: tuple[str, ...] = ()
    development: bool = False

    def hides(self, path: str, scope: str = "") -> bool:
        return (self.development and scope == "development") or any(fnmatchcase(path, p) for p in self.paths)


def read_repository(ask: Ask, repository: str, aside: AsideRules) -> tuple[list[Reading], str]:
    """What GitHub says of `repository`, and the first problem met (a code, empty when none).

    A passing fault (too many requests, a broken answer) gives no reading: what was known stays, until it expires.
    Raises `Unreadable` when nothing can be asked at all: the token is refused, the repository unknown.
    """
    about = _object(_checked(ask(f"/repos/{repository}")))
    named = about.get("default_branch")
    if not isinstance(named, str):
        raise UnreadablePayload("not_its_shape")
    branch = quote(named, safe="")
    found: list[Reading] = []
    problem = ""
    for read in (_dependabot, _code_scanning, _secret_scanning, _branch):
        try:
            found.append(read(ask, repository, branch, aside))
        except UnreadablePayload as error:
            problem = problem or error.code
    return found, problem


def _checked(answer: Answer) -> Answer:
    """The answer itself when it is one. Raises `Unreadable` for what concerns the token, or passes."""
    said = _message(answer)
    if answer.status == 401:
        raise UnreadablePayload("token_refused")
    if answer.status == 429 or (
        answer.status == 403 and (answer.headers.get("x-ratelimit-remaining") == "0" or "rate limit" in said)
    ):
        raise UnreadablePayload("too_many_requests")
    if answer.status in {404, 410}:
        raise UnreadablePayload("not_found")
    if answer.status == 403:
        raise UnreadablePayload("no_right")
    if answer.status >= 400:
        raise UnreadablePayload("server_fault")
    return answer


def _message(answer: Answer) -> str:
    try:
        found = load_json(answer.body)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("message", "")).lower() if isinstance(found, Mapping) else ""


def _object(answer: Answer) -> Mapping[str, Any]:
    found = _json(answer)
    if not isinstance(found, Mapping):
        raise UnreadablePayload("not_its_shape")
    return found


def _json(answer: Answer) -> Any:
    try:
        return load_json(answer.body)
    except (ValueError, RecursionError) as error:
        raise UnreadablePayload("not_its_shape") from error


def _alerts(ask: Ask, path: str) -> list[Mapping[str, Any]] | ObservationState:
    """All open alerts at `path`; or the state of a tool that is off, unknown or closed to the token."""
    first = ask(f"{path}?state=open&per_page=100")
    if first.status in {403, 404} and any(w in _message(first) for w in ("disabled", "not enabled", "must be enabled")):
        return ObservationState.DISABLED
    try:
        return _every_row(ask, first)
    except UnreadablePayload as error:
        if error.code in {"not_found", "no_right"}:
            return ObservationState.ABSENT if error.code == "not_found" else ObservationState.UNREADABLE
        raise


def _every_row(ask: Ask, answer: Answer) -> list[Mapping[str, Any]]:
    """The rows of a list, from its first page to the last that is announced. Raises `UnreadablePayload`: of a part of them
    nothing is concluded."""
    found: list[Mapping[str, Any]] = []
    for page in range(_MOST_PAGES):
        try:
            rows = _json(_checked(answer))
        except UnreadablePayload as error:
            if page and error.code in {"not_found", "no_right"}:
                raise UnreadablePayload("server_fault") from error  # the list was there a moment ago
            raise
        if not isinstance(rows, list) or not all(isinstance(r, Mapping) for r in rows):
            raise UnreadablePayload("not_its_shape")
        found += rows
        following = _next(answer.headers.get("link", ""))
        if following is None:
            return found
        if page + 1 < _MOST_PAGES:
            answer = ask(following)
    raise UnreadablePayload("too_many_alerts")


_LONGEST_LINK = 8_000
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_RELATIONS = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


def _next(link: str) -> str | None:
    """The address of the next page, from the header `Link` (RFC 8288)."""
    for address, parameters in _LINK.findall(link[:_LONGEST_LINK]):
        for several, one in _RELATIONS.findall(parameters):
            if "next" in (several or one).lower().split():
                return str(address)
    return None


def _dependabot(ask: Ask, repository: str, branch: str, aside: AsideRules) -> Reading:
    alerts = _alerts(ask, f"/repos/{repository}/dependabot/alerts")
    if isinstance(alerts, ObservationState):
        return Reading(Check.DEPENDABOT, repository, alerts)
    try:
        standing = [a for a in alerts if not a["security_advisory"].get("withdrawn_at")]
        kept = [
            a
            for a in standing
            if not aside.hides(str(a["dependency"]["manifest_path"]), str(a["dependency"].get("scope") or ""))
        ]
        severities = [str(a["security_advisory"]["severity"]).upper() for a in kept]
        return alerts_reading(Check.DEPENDABOT, repository, severities, hidden=len(standing) - len(kept))
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadablePayload("not_its_shape") from error


def _code_scanning(ask: Ask, repository: str, branch: str, aside: AsideRules) -> Reading:
    alerts = _alerts(ask, f"/repos/{repository}/code-scanning/alerts")
    if isinstance(alerts, ObservationState):
        return Reading(Check.CODE_SCANNING, repository, alerts)
    try:
        kept = [a for a in alerts if not aside.hides(str(a["most_recent_instance"]["location"]["path"]))]
        severities = [code_severity(a["rule"]) for a in kept]
        return alerts_reading(Check.CODE_SCANNING, repository, severities, hidden=len(alerts) - len(kept))
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadablePayload("not_its_shape") from error


def _secret_scanning(ask: Ask, repository: str, branch: str, aside: AsideRules) -> Reading:
    alerts = _alerts(ask, f"/repos/{repository}/secret-scanning/alerts")
    if isinstance(alerts, ObservationState):
        return Reading(Check.SECRET_SCANNING, repository, alerts)
    grade = "F" if alerts else "A"
    return Reading(
        Check.SECRET_SCANNING, repository, ObservationState.SEEN, not alerts, grade, detail={"alerts": len(alerts)}
    )


def _branch(ask: Ask, repository: str, branch: str, aside: AsideRules) -> Reading:
    """Whether changes of the main branch need somebody else's review, by its rules or by its older protection."""
    reading = Reading(Check.BRANCH_PROTECTION, repository, ObservationState.SEEN, detail={"branch": unquote(branch)})
    try:
        rules = _every_row(ask, ask(f"/repos/{repository}/rules/branches/{branch}?per_page=100"))
        closed = False
    except UnreadablePayload as error:
        if error.code not in {"not_found", "no_right"}:
            raise  # nothing is concluded of rules that could not be read this time
        rules, closed = [], error.code == "no_right"
    if any(r.get("type") == "pull_request" and _asks_review(r.get("parameters")) for r in rules):
        return replace(reading, holds=True, grade="A")
    answer = ask(f"/repos/{repository}/branches/{branch}/protection")
    if answer.status == 404 and "not protected" in _message(answer):
        unseen = Reading(Check.BRANCH_PROTECTION, repository, ObservationState.UNREADABLE)
        return unseen if closed else replace(reading, grade="F")
    try:
        protection = _object(_checked(answer))
    except UnreadablePayload as error:
        if error.code in {"not_found", "no_right"}:
            state = ObservationState.ABSENT if error.code == "not_found" else ObservationState.UNREADABLE
            return Reading(Check.BRANCH_PROTECTION, repository, state)
        raise
    holds = _asks_review(protection.get("required_pull_request_reviews"))
    return replace(reading, holds=holds, grade="A" if holds else "D")


def _asks_review(rule: Any) -> bool:
    """Whether somebody must approve: a rule may ask for a pull request and for no approval of it."""
    count = rule.get("required_approving_review_count") if isinstance(rule, Mapping) else None
    return isinstance(count, int) and count > 0
