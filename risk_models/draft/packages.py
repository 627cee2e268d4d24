"""Direct dependencies and exact versions: manifests say what is wanted, lock files which version it is."""

import re
import tomllib
from urllib.parse import unquote
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from packaging.requirements import InvalidRequirement, Requirement

from risk_models.draft.deployment import Unread, a_list, a_map, json_of
from risk_models.draft.platforms import note_domain
from risk_models.draft.repository_facts import Lines, NamedLines, Seen, SeenPackage, ToldFact, folder_of, line_number_of
from risk_models.exposure.lock_files import reader_of

# What a lock file writes beside a version where it pins what is downloaded, and not its number alone.
_HASH = re.compile(r"sha(256|384|512)\s*[-:=]|[\"' ](integrity|shasum|checksum|hash)[\"']?\s*[:=]\s*\S", re.IGNORECASE)
_ECOSYSTEMS = {kind: kind for kind in ("npm", "pypi", "gem", "composer", "maven", "golang", "hex", "nuget", "cargo")}


_MOST_LINE = 1_000


def _add(seen: Seen, ecosystem: str, name: str, path: str, line: int, *, development: bool, version: str = "") -> None:
    seen.packages.append(
        SeenPackage(f"{ecosystem}:{name.lower()}", version, development, folder_of(path), f"{path}:{line}")
    )


_RENOVATE, _HOMEPAGE = '"renovate"', '"homepage"'


def package_json(path: str, text: str, seen: Seen) -> None:
    found = json_of(text)
    for key in ("dependencies", "optionalDependencies", "devDependencies"):
        lines = NamedLines(text, max(text.find(f'"{key}"'), 0))
        for name, wanted in a_map(found.get(key)).items():
            exact = re.fullmatch(r"\d+\.\d+\.\d+[\w.-]*", str(wanted))
            line = lines.of(f'"{name}"')
            _add(seen, "npm", name, path, line, development=key == "devDependencies", version=exact[0] if exact else "")
    renovate = found.get("renovate")
    if isinstance(renovate, dict) and renovate.get("enabled") is not False:
        seen.measures.append(("dependabot", f"{path}:{line_number_of(text, _RENOVATE)}", "sure"))
    note_domain("SITE", str(found.get("homepage")), f"{path}:{line_number_of(text, _HOMEPAGE)}", seen)
    title = found.get("name")
    if isinstance(title, str) and not folder_of(path):
        seen.titles.append(ToldFact(title, f"{path}:{line_number_of(text, title)}"))


def read_gemfile(path: str, text: str, seen: Seen) -> None:
    """Gems, those of groups for development and tests apart."""
    blocks: list[bool] = []
    for number, line in enumerate(text.splitlines(), start=1):
        told = line.split("#")[0]
        if re.match(r"\s*(group|source|platforms?|git|path|if|unless)\b.*", told) and not re.match(
            r"\s*source\s+\S+\s*$", told
        ):
            blocks.append(bool(re.match(r"\s*group\b", told)) and not re.search(r":(production|default)\b", told))
        elif re.match(r"\s*end\b", told) and blocks:
            blocks.pop()
        told = told[:_MOST_LINE]
        if gem := re.match(r"\s*gem\s+[\"']([\w.-]+)[\"'](?:\s*,\s*[\"'](\d[\w.]*)[\"'])?", told):
            aside = any(blocks) or bool(re.search(r"groups?:\s*(\[[^\]]*)?:(development|test)\b", told))
            _add(seen, "gem", gem[1], path, number, development=aside, version=gem[2] or "")


def read_pyproject(path: str, text: str, seen: Seen) -> None:
    found = _toml(text)
    project, poetry = a_map(found.get("project")), a_map(a_map(found.get("tool")).get("poetry"))
    lines = NamedLines(text)
    for wanted in a_list(project.get("dependencies")):
        _required(seen, path, lines, str(wanted), development=False)
    for name, wanted in a_map(poetry.get("dependencies")).items():
        if name != "python":
            version = str(wanted if isinstance(wanted, str) else a_map(wanted).get("version") or "")
            exact = version if re.fullmatch(r"\d[\w.]*", version) else ""
            _add(seen, "pypi", _normal(name), path, lines.of(name), development=False, version=exact)
    title = project.get("name")
    if isinstance(title, str) and not folder_of(path):
        seen.titles.append(ToldFact(title, f"{path}:{line_number_of(text, title)}"))


def _toml(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unread("broken") from error


def _required(seen: Seen, path: str, lines: NamedLines, wanted: str, *, development: bool) -> None:
    try:
        requirement = Requirement(wanted)
    except InvalidRequirement:
        return
    exact = [s.version for s in requirement.specifier if s.operator == "==" and "*" not in s.version]
    line = lines.of(requirement.name)
    _add(
        seen, "pypi", _normal(requirement.name), path, line, development=development, version=exact[0] if exact else ""
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pipfile(path: str, text: str, seen: Seen) -> None:
    found, lines = _toml(text), NamedLines(text)
    for key in ("packages", "dev-packages"):
        for name, wanted in a_map(found.get(key)).items():
            exact = re.fullmatch(r"==(\d[\w.]*)", str(wanted))
            line = lines.of(name)
            _add(
                seen,
                "pypi",
                _normal(name),
                path,
                line,
                development=key != "packages",
                version=exact[1] if exact else "",
            )


def composer_json(path: str, text: str, seen: Seen) -> None:
    found, lines = json_of(text), NamedLines(text)
    for key in ("require", "require-dev"):
        for name in a_map(found.get(key)):
            _add(seen, "composer", name, path, lines.of(f'"{name}"'), development=key != "require")


def go_mod(path: str, text: str, seen: Seen) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        if (found := re.match(r"\s*(?:require\s+)?([\w.-]+\.[a-z]+/\S+)\s+(v\S+)", line)) and "// indirect" not in line:
            _add(seen, "golang", found[1], path, number, development=False, version=found[2])


_MIX = re.compile(r"\{:([a-z][a-z0-9_]{0,80}),([^{}]{0,300})\}")


def read_mix(path: str, text: str, seen: Seen) -> None:
    """Elixir's `deps`: `{:name, "~> 1.0", only: [:dev, :test]}`."""
    lines = Lines(text)
    for found in _MIX.finditer(text):
        aside = bool(re.search(r"only:\s*(\[[^\]]*\]|:\w+)", found[2])) and ":prod" not in found[2]
        exact = re.search(r"==\s*(\d[\w.]*)", found[2])
        line = lines.at(found.start())
        _add(seen, "hex", found[1], path, line, development=aside, version=exact[1] if exact else "")


def read_gradle(path: str, text: str, seen: Seen) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.search(r"[\"']([\w.-]+):([\w.-]+)(?::([\w.-]+))?[\"']", line):
            aside = bool(re.match(r"\s*test", line))
            _add(seen, "maven", f"{found[1]}/{found[2]}", path, number, development=aside, version=found[3] or "")
        if found := re.search(
            r"\bid\s*+\(?\s*+[\"'](org\.springframework\.boot)[\"']\)?\s+version\s+[\"']([\w.-]+)", line
        ):
            _add(seen, "maven", f"{found[1]}/spring-boot", path, number, development=False, version=found[2])


def read_lock(path: str, text: str, seen: Seen) -> None:
    """Exact versions by folder; of pom.xml and requirements.txt, also the direct dependencies."""
    name = path.rpartition("/")[2]
    pairs = reader_of(name)
    if pairs is None:
        return
    direct = name == "pom.xml" or name.startswith("requirements")
    try:
        found = [(locked.purl, str(locked.version or "")) for locked in pairs(text, lambda *_: None)]
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        ParseError,
        DefusedXmlException,
    ) as error:
        raise Unread("broken") from error
    kinds = {purl.removeprefix("pkg:").partition("/")[0] for purl, _ in found}
    told = [ToldFact(kind, f"{path}:1") for kind in sorted(kinds & _ECOSYSTEMS.keys()) if not direct]
    seen.locks += told
    seen.hashed_locks += told if _HASH.search(text) else []
    lines = NamedLines(text)
    for purl, version in found:
        kind, _, rest = purl.removeprefix("pkg:").partition("/")
        if kind in _ECOSYSTEMS:
            package = f"{_ECOSYSTEMS[kind]}:{unquote(rest).lower()}"
            seen.locked.setdefault((folder_of(path), package), version)
            if direct:
                last = rest.rpartition("/")[2]
                aside = bool(re.search(r"dev|test|ci|lint|doc", name))
                line = lines.of(last)
                _add(seen, kind, unquote(rest), path, line, development=aside, version=version)
