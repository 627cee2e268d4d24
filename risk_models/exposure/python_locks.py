"""Lock files of Python: poetry, uv, pdm, Pipenv, PEP 751, requirements."""

import json
import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from risk_models.exposure.lock_text import LONGEST_LINE, Locked, Note, map_of, maps_of, purl_of, refuse_unread, toml_map


def toml_packages(text: str, note: Note) -> Iterator[Locked]:
    """poetry.lock, uv.lock and pdm.lock; poetry told development apart until its version 1.5."""
    for entry in maps_of(toml_map(text).get("package")):
        source = entry.get("source")
        if not (isinstance(source, dict) and {"virtual", "editable"} & source.keys()):
            yield _python(entry["name"], entry.get("version"), development=entry.get("category") == "dev")


def _python(name: object, version: object, *, development: bool = False) -> Locked:
    return Locked(purl_of("pypi", str(name)), version, development)


def pylock(text: str, note: Note) -> Iterator[Locked]:
    """PEP 751."""
    for entry in maps_of(toml_map(text).get("packages")):
        if "directory" not in entry:  # the repository's own
            yield _python(entry["name"], entry.get("version"))


def pipfile_lock(text: str, note: Note) -> Iterator[Locked]:
    lock = map_of(json.loads(text))
    for group, development in (("default", False), ("develop", True)):
        for name, entry in map_of(lock.get(group)).items():
            told = str(map_of(entry).get("version") or "")
            yield _python(name, told.removeprefix("==") if told.startswith("==") else "", development=development)


def requirements(text: str, note: Note) -> Iterator[Locked]:
    """A line that installs from an address or a folder is of this kind too, though no package is named."""
    read, unread = 0, list[str]()
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        if len(line) > LONGEST_LINE:
            note("not_a_requirement", line[:80])
            unread.append(line[:80])
            continue
        wanted = re.split(r"(?:^|\s)#|\s--?[A-Za-z]", line)[0].strip()
        if wanted.count(",") > 50:
            note("not_a_requirement", wanted[:80])
            unread.append(wanted[:80])
            continue
        if not wanted or wanted.startswith("-"):
            if re.match(r"\s*(-r|-c|--requirement|--constraint)\b", line):
                note("other_file", line.strip())
            continue
        try:
            requirement = _requirement(wanted)
        except InvalidRequirement:
            note("not_a_requirement", wanted)
            if not re.match(r"\.|/|[\w+]+://", wanted):
                unread.append(wanted[:80])
            continue
        read += 1
        exact = [s.version for s in requirement.specifier if s.operator in {"==", "==="} and "*" not in s.version]
        if not exact:
            note("not_exact", wanted)
        yield _python(requirement.name, exact[0] if exact else "")
    refuse_unread(read, unread)


def _requirement(wanted: str) -> Requirement:
    try:
        return Requirement(wanted)
    except InvalidRequirement:
        return Requirement(wanted.partition("#")[0])  # a comment that touches its version
