"""Forges, pipelines, and what a repository shows of measures already taken."""

import re
from collections.abc import Mapping

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
    try:
        told = loose_json(text)
    except (ValueError, RecursionError):  # JSON5 may leave keys without quotes
        narrowed = re.search(
            r"enabled\b[\"']?\s*:\s*false|enabledManagers|ignorePaths|includePaths|disableRenovate", text
        )
        told = {"enabled": False} if narrowed else {}
    if isinstance(told, dict) and not _looks_aside(told):
        partly = any(a_map(rule).get("enabled") is False for rule in a_list(told.get("packageRules")))
        seen.measures.append(("dependabot", f"{path}:1", "likely" if partly else "sure"))


# The keys by which Renovate looks at a part of a repository only: at which, this reader does not know.
_NARROWING = ("enabledManagers", "includePaths")
_MANAGERS = (
    *(
        "npm",
        "bun",
        "pip_requirements",
        "pip-compile",
        "pip_setup",
        "pipenv",
        "poetry",
        "pep621",
        "bundler",
        "composer",
    ),
    *("gomod", "cargo", "maven", "gradle", "nuget", "mix", "pub", "cocoapods", "swift"),
)
# Of a rule, what makes it speak of a few versions or uses; then what says of which packages it speaks, one by one.
_OF_SOME = frozenset({"matchUpdateTypes", "matchDepTypes", "matchCurrentVersion", "matchCurrentValue", "matchNewValue"})
_NAMED_BY = ("matchPackageNames", "matchPackagePatterns", "matchDepNames", "excludePackageNames")


def _looks_aside(told: Mapping[str, object]) -> bool:
    """Whether Renovate is told to do nothing, or nothing in places that are not known here; a rule that turns off packages by
    their names is no such thing."""
    presets = {str(preset).partition("(")[0].removeprefix(":") for preset in a_list(told.get("extends"))}
    off = told.get("enabled") is False or "disableRenovate" in presets or any(key in told for key in _NARROWING)
    ignored = any(set(str(one)) <= set("*/") for one in a_list(told.get("ignorePaths")))
    managers = any(a_map(told.get(name)).get("enabled") is False for name in _MANAGERS)
    rules = [a_map(rule) for rule in a_list(told.get("packageRules"))]
    whole = any(rule.get("enabled") is False and not _is_of_some_packages(rule) for rule in rules)
    return off or ignored or managers or whole


def _is_of_some_packages(rule: Mapping[str, object]) -> bool:
    """Whether a rule leaves most of what a place holds looked at: some names, some versions or some uses."""
    if not rule.keys().isdisjoint(_OF_SOME):
        return True
    names = [str(name) for key in _NAMED_BY for name in a_list(rule.get(key))]
    return bool(names) and not any(name in {"*", "**", ".*", "/.*/", "^.*$"} for name in names)


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
