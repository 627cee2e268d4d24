"""Lock files that a team has at hand. Each holds exact versions; what is not exact is read without version."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from io import BytesIO
from urllib.parse import quote

from defusedxml.ElementTree import parse
from packaging.requirements import InvalidRequirement, Requirement

from risk_models.product_file import source_yaml

Pair = tuple[str, object]
"""A purl without version, and what stands for its version."""
Note = Callable[[str, object], None]
"""Told of each oddity: its kind (among the `sbom_oddities` of words.yaml) and an example."""
Pairs = Callable[[str, Note], Iterator[Pair]]
"""Packages of a text. Raises ValueError, KeyError, TypeError, AttributeError, RecursionError, ParseError or
DefusedXmlException when it is not what its name says."""


def reader_of(name: str) -> Pairs | None:
    """What reads a file of this name; None when it is not a lock file."""
    known = _BY_NAME.get(name)
    return _requirements if known is None and re.fullmatch(r"requirements.*\.txt", name) else known


_DEPTH, _NODES, _LONGEST_LINE = 50, 2_000_000, 20_000


def _yaml(text: str) -> list[dict[str, object]]:
    return [_map(document) for document in source_yaml.load_documents(text, _DEPTH, _NODES)]


def _toml(text: str) -> dict[str, object]:
    if max(map(len, text.splitlines()), default=0) > _LONGEST_LINE:
        raise ValueError(f"a line of more than {_LONGEST_LINE} characters")
    return tomllib.loads(text)


def _npm(name: str) -> str:
    return "pkg:npm/" + quote(name, safe="/")


def _map(value: object) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("a map is expected")
    return value


def _rows(value: object) -> list[dict[str, object]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return [row for row in value if isinstance(row, dict)]


def _package_lock(text: str, note: Note) -> Iterator[Pair]:
    """npm: `packages` by path since version 2, nested `dependencies` before."""
    lock = _map(json.loads(text))
    if lock.get("packages") is not None:
        for path, entry in _map(lock["packages"]).items():
            if "node_modules/" in path and isinstance(entry, dict) and not entry.get("link"):
                yield _npm(str(entry.get("name") or path.rpartition("node_modules/")[2])), entry.get("version")
        return
    pending = [_map(lock.get("dependencies"))]
    while pending:
        for name, entry in pending.pop().items():
            if isinstance(entry, dict):
                yield _npm(name), entry.get("version")
                pending.append(_map(entry.get("dependencies")))


def _yarn(text: str, note: Note) -> Iterator[Pair]:
    """Version 1 has its own syntax; later ones are YAML with `__metadata`."""
    if "__metadata:" in text:
        for key, entry in (item for document in _yaml(text) for item in document.items()):
            name = _yarn_name(str(key).partition(",")[0].strip())
            if key != "__metadata" and isinstance(entry, dict) and "@workspace:" not in str(key):
                yield _npm(name), str(entry.get("version") or "")
        return
    name = ""
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            name = _yarn_name(line.rstrip(":").split(",")[0].strip().strip('"'))
        elif name and (found := re.match(r'  version "([^"]+)"', line)):
            yield _npm(name), found[1]
            name = ""


def _yarn_name(wanted: str) -> str:
    """The package that a key asks for: `alias@npm:name@range` asks for `name`."""
    if not wanted:
        return ""
    name, _, rest = wanted[1:].partition("@")
    alias = re.match(r"npm:((?:@[^/]+/)?[^@]+)@", rest)
    return alias[1] if alias else wanted[0] + name


_PNPM_OLD = re.compile(r"((?:@[^/]+/)?[^/@]+)/(\d[^_/]*)(?:_.*)?")
_PNPM = re.compile(r"((?:@[^/@]+/)?[^/@]+)@(.+)")


def _pnpm(text: str, note: Note) -> Iterator[Pair]:
    """Keys are `name@version(peers)`, or `/name/version_peers` before version 6 of the format; of what comes from an
    archive or a repository, `version` says which. Since pnpm 11 a first document tells of pnpm itself."""
    for document in _yaml(text):
        for key, entry in _map(document.get("packages")).items():
            told = str(key).lstrip("/").partition("(")[0]
            found = _PNPM_OLD.fullmatch(told) or _PNPM.fullmatch(told)
            if found:
                given = entry.get("version") if isinstance(entry, dict) else None
                named = entry.get("name") if isinstance(entry, dict) else None
                yield _npm(str(named or found[1])), given or ("" if ":" in found[2] else found[2])


def _toml_packages(text: str, note: Note) -> Iterator[Pair]:
    """poetry.lock and uv.lock."""
    for entry in _rows(_toml(text).get("package")):
        source = entry.get("source")
        if not (isinstance(source, dict) and {"virtual", "editable"} & source.keys()):
            yield f"pkg:pypi/{quote(str(entry['name']))}", entry.get("version")


def _cargo(text: str, note: Note) -> Iterator[Pair]:
    for entry in _rows(_toml(text).get("package")):
        yield f"pkg:cargo/{quote(str(entry['name']))}", entry.get("version")


def _requirements(text: str, note: Note) -> Iterator[Pair]:
    for line in text.replace("\\\n", " ").splitlines():
        if len(line) > _LONGEST_LINE:
            note("not_a_requirement", line[:80])
            continue
        wanted = re.split(r"(?:^|\s)#|\s--hash", line)[0].strip()
        if wanted.count(",") > 50:
            note("not_a_requirement", wanted[:80])
            continue
        if not wanted or wanted.startswith("-"):
            if wanted.startswith(("-r", "-c", "--requirement")):
                note("other_file", wanted)
            continue
        try:
            requirement = Requirement(wanted)
        except InvalidRequirement:
            note("not_a_requirement", wanted)
            continue
        exact = [s.version for s in requirement.specifier if s.operator in {"==", "==="} and "*" not in s.version]
        if not exact:
            note("not_exact", wanted)
        yield f"pkg:pypi/{quote(requirement.name)}", exact[0] if exact else ""


def _gemfile(text: str, note: Note) -> Iterator[Pair]:
    """Lines of four spaces under `specs:` are the gems themselves; a platform follows the version after a hyphen."""
    for line in text.splitlines():
        found = re.fullmatch(r" {4}([A-Za-z0-9._-]+) \(([0-9][^\s()-]*)(?:-[^)]*)?\)", line)
        if found:
            yield f"pkg:gem/{found[1]}", found[2]


def _composer(text: str, note: Note) -> Iterator[Pair]:
    lock = _map(json.loads(text))
    for entry in (*_rows(lock.get("packages")), *_rows(lock.get("packages-dev"))):
        yield f"pkg:composer/{quote(str(entry['name']), safe='/')}", entry.get("version")


def _pom(text: str, note: Note) -> Iterator[Pair]:
    """Dependencies that give their version, properties of the same file filled in; the others have none."""
    root = parse(BytesIO(text.encode()), forbid_dtd=True).getroot()
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    if root.tag != "project":
        raise ValueError("its root is not <project>")
    properties = {e.tag: (e.text or "").strip() for holder in root.iter("properties") for e in holder}
    properties["project.version"] = (root.findtext("version") or "").strip()
    for entry in root.iter("dependency"):
        parts = [(entry.findtext(tag) or "").strip() for tag in ("groupId", "artifactId", "version")]
        group, name, version = (_filled(part, properties) for part in parts)
        if not version or "${" in version:
            note("not_exact", f"{group}:{name}")
            version = ""
        if group and name:
            yield f"pkg:maven/{quote(group)}/{quote(name)}", version


def _filled(text: str, properties: dict[str, str]) -> str:
    """With its properties filled in, those of properties too; nothing is left of what grows without end."""
    for _ in range(5):
        if "${" not in text:
            break
        text = re.sub(r"\$\{([^}]+)\}", lambda m: properties.get(m[1], m[0])[:200], text[:500])
    return text[:500]


def _go_sum(text: str, note: Note) -> Iterator[Pair]:
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 3 and not parts[1].endswith("/go.mod"):
            yield f"pkg:golang/{quote(parts[0], safe='/')}", parts[1]


_BY_NAME: dict[str, Pairs] = {
    "package-lock.json": _package_lock,
    "npm-shrinkwrap.json": _package_lock,
    "yarn.lock": _yarn,
    "pnpm-lock.yaml": _pnpm,
    "poetry.lock": _toml_packages,
    "uv.lock": _toml_packages,
    "Cargo.lock": _cargo,
    "Gemfile.lock": _gemfile,
    "composer.lock": _composer,
    "pom.xml": _pom,
    "go.sum": _go_sum,
}
