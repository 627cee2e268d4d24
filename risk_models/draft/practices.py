"""Forges, pipelines, and what a repository shows of measures already taken."""

import re

from risk_models.draft.deployment import Unread, a_list, a_map, yaml_of
from risk_models.draft.platforms import note_platforms
from risk_models.draft.repository_facts import Lines, NamedLines, Seen, ToldFact, UpdatedFolder, line_number_of
from risk_models.exposure.lock_text import loose_json

_SCANS = re.compile(
    r"codeql-action|semgrep|sonar(qube|cloud|source)|bandit|brakeman|snyk|SAST\.gitlab-ci|gitlab[^\n]{0,80}SAST|njsscan|psalm",
    re.IGNORECASE,
)


def read_workflow(path: str, text: str, seen: Seen) -> None:
    """A pipeline of GitHub Actions."""
    if not path.startswith(".github/workflows/"):
        return
    seen.forges.append(ToldFact("GitHub", f"{path}:1"))
    seen.pipelines.append(ToldFact("GitHub Actions", f"{path}:1"))
    _pipeline(path, text, seen)
    uses = re.findall(r"^[ \t]*(?:-[ \t]*)?uses:[ \t]*[\"']?([^\s\"'#]+)", text, re.MULTILINE)
    outside = [u for u in uses if not u.startswith("./")]
    if outside and all(re.search(r"@[0-9a-f]{40}$", u) for u in outside):
        seen.measures.append(("pinned_dependencies", f"{path}:{line_number_of(text, outside[0])}", "likely"))


def gitlab_ci(path: str, text: str, seen: Seen) -> None:
    seen.forges.append(ToldFact("GitLab", f"{path}:1"))
    seen.pipelines.append(ToldFact("GitLab CI", f"{path}:1"))
    _pipeline(path, text, seen)


def read_circleci(path: str, text: str, seen: Seen) -> None:
    seen.pipelines.append(ToldFact("CircleCI", f"{path}:1"))
    _pipeline(path, text, seen)


def read_jenkins(path: str, text: str, seen: Seen) -> None:
    seen.pipelines.append(ToldFact("Jenkins", f"{path}:1"))
    _pipeline(path, text, seen)


def _pipeline(path: str, text: str, seen: Seen) -> None:
    bare = re.sub(r"#.*|\becho\b.*", "", text)
    lines = Lines(bare)
    if found := _SCANS.search(bare):
        seen.measures.append(("codeql", f"{path}:{lines.at(found.start())}", "sure"))
    note_platforms(path, bare, seen)


# As Dependabot calls what purl calls otherwise (docs.github.com, "package-ecosystem").
_ECOSYSTEMS = {
    "npm": "npm",
    "bun": "npm",
    **dict.fromkeys(("pip", "uv", "pipenv", "poetry"), "pypi"),
    "bundler": "gem",
    "composer": "composer",
    **dict.fromkeys(("maven", "gradle"), "maven"),
    "gomod": "golang",
    "mix": "hex",
    "nuget": "nuget",
    "cargo": "cargo",
}


def read_dependabot(path: str, text: str, seen: Seen) -> None:
    if path.startswith(".github/"):
        seen.forges.append(ToldFact("GitHub", f"{path}:1"))
    updates = a_list(yaml_of(text).get("updates"))
    if not updates:
        raise Unread("broken")
    lines = NamedLines(text)
    for entry in map(a_map, updates):
        kind = str(entry.get("package-ecosystem"))
        source = f"{path}:{lines.of(kind)}"
        ignored = [a_map(one) for one in a_list(entry.get("ignore"))]
        all_ignored = any(
            one.get("dependency-name") == "*" and not one.keys() & {"versions", "update-types"} for one in ignored
        )
        if all_ignored or entry.get("open-pull-requests-limit") == 0:
            continue
        folders = a_list(entry.get("directories")) or [entry.get("directory") or "/"]
        for folder in map(str, folders):
            confidence = "likely" if ignored else "sure"
            seen.updated.append(UpdatedFolder(_ECOSYSTEMS.get(kind, ""), folder.strip("/"), source, confidence))


def read_renovate(path: str, text: str, seen: Seen) -> None:
    if not _is_off(text):
        partly = re.search(r"[\"']?enabled[\"']?\s*:\s*false", text)  # for some packages
        seen.measures.append(("dependabot", f"{path}:1", "likely" if partly else "sure"))


def _is_off(text: str) -> bool:
    """Whether Renovate is told to do nothing: by its first level alone, a rule for one package is no such thing."""
    try:
        told = loose_json(text)
    except (ValueError, RecursionError):  # JSON5 may leave keys without quotes
        told = {"enabled": False} if re.search(r"^\s{0,4}[\"']?enabled[\"']?\s*:\s*false", text, re.MULTILINE) else {}
    return isinstance(told, dict) and told.get("enabled") is False


def read_publiccode(path: str, text: str, seen: Seen) -> None:
    name = yaml_of(text).get("name")
    if isinstance(name, str):
        seen.titles = [ToldFact(name, f"{path}:{line_number_of(text, name)}"), *seen.titles]


def read_sonar(path: str, text: str, seen: Seen) -> None:
    seen.measures.append(("codeql", f"{path}:1", "likely"))


def security_policy(path: str, text: str, seen: Seen) -> None:
    seen.measures.append(("disclosure_policy", f"{path}:1", "sure"))


def read_sops(path: str, text: str, seen: Seen) -> None:
    seen.measures.append(("secrets_manager", f"{path}:1", "likely"))
