"""Lock files of Python: poetry, uv, pdm, Pipenv, PEP 751, requirements."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement

from risk_models.exposure.lock_text import LONGEST_LINE, Locked, Note, map_of, maps_of, purl_of, refuse_unread, toml_map


def toml_packages(text: str, note: Note) -> Iterator[Locked]:
    """poetry.lock, uv.lock and pdm.lock; poetry told development apart until its version 1.5. Of the three, uv's alone says
    what the team imports: what its own packages want."""
    entries = maps_of(toml_map(text).get("package"))
    lines = _Lines(entries)
    own = [entry for entry in entries if _is_own(entry)]
    imported = {line for entry in own for line in lines.wanted(entry)}
    for entry in entries:
        if not _is_own(entry):
            line = _line(entry)
            yield _python(entry["name"], entry.get("version"), development=entry.get("category") == "dev")._replace(
                ref=line, needs=lines.wanted(entry), imported=line in imported
            )


def _is_own(entry: Mapping[str, object]) -> bool:
    source = entry.get("source")
    return isinstance(source, dict) and bool({"virtual", "editable"} & source.keys())


def _line(entry: Mapping[str, object]) -> str:
    return f"{_normal(entry['name'])}=={entry.get('version') or ''}"


def _normal(name: object) -> str:
    return re.sub(r"[-_.]+", "-", str(name)).lower()


class _Lines:
    """The lines of a lock by the names of their packages, of which a file may have several versions."""

    def __init__(self, entries: Sequence[Mapping[str, object]]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            self._by_name[_normal(entry["name"])].append(_line(entry))

    def wanted(self, entry: Mapping[str, object]) -> list[str]:
        """Lines that an entry wants: texts as pip has them, a map by name, or maps that may give a version."""
        groups = [entry.get("dependencies")]
        for key in ("optional-dependencies", "dev-dependencies"):
            groups += map_of(entry.get(key)).values()
        found: list[str] = []
        for group in groups:
            for one in group if isinstance(group, list | dict) else ():
                told = one if isinstance(one, dict) else {"name": _name(str(one))}
                known = self._by_name.get(_normal(told.get("name")), [])
                found += [line for line in known if line == _line(told)] or known
        return found


def _name(wanted: str) -> str:
    """The package of a requirement, before its version and all that follows."""
    return re.split(r"[^\w.-]", wanted, maxsplit=1)[0]


def _python(name: object, version: object, *, development: bool = False) -> Locked:
    return Locked(purl_of("pypi", str(name)), version, development)


def pylock(text: str, note: Note) -> Iterator[Locked]:
    """PEP 751."""
    entries = maps_of(toml_map(text).get("packages"))
    lines = _Lines(entries)
    for entry in entries:
        if "directory" not in entry:  # the repository's own
            yield _python(entry["name"], entry.get("version"))._replace(ref=_line(entry), needs=lines.wanted(entry))


def pipfile_lock(text: str, note: Note) -> Iterator[Locked]:
    lock = map_of(json.loads(text))
    for group, development in (("default", False), ("develop", True)):
        for name, entry in map_of(lock.get(group)).items():
            told = str(map_of(entry).get("version") or "")
            yield _python(name, told.removeprefix("==") if told.startswith("==") else "", development=development)


def requirements(text: str, note: Note) -> Iterator[Locked]:
    """A line that installs from an address or a folder is of this kind too, though no package is named."""
    read, unread = 0, list[str]()
    lines = text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines()
    needs = _told_needs(lines)
    imported = set(needs[""])
    for line in lines:
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
        name = _normal(requirement.name)
        exact = [s.version for s in requirement.specifier if s.operator in {"==", "==="} and "*" not in s.version]
        if not exact:
            note("not_exact", wanted)
        yield _python(requirement.name, exact[0] if exact else "")._replace(
            ref=name, needs=needs.get(name, ()), imported=name in imported
        )
    refuse_unread(read, unread)


def _told_needs(lines: Iterable[str]) -> dict[str, list[str]]:
    """By name, what each package needs, and under no name what the team imports: as pip-compile and uv say it in comments,
    "via" and what wants the line before, a file (-r) or a project's own (pyproject.toml) where it is the team."""
    needs: dict[str, list[str]] = {"": []}
    name, within = "", False
    for line in lines:
        if len(line) > LONGEST_LINE:
            continue
        before, _, comment = line.partition("#")
        said = comment.strip() if before != before.rstrip() or not before else ""
        if before.strip():
            name, within = _normal(_name(before.strip())), False
        if said.startswith("via"):
            within, said = True, said.removeprefix("via")
        for reason in said.split(",") if within else ():
            told = reason.strip()
            if told.startswith("-r ") or "(" in told:
                needs[""].append(name)
            elif told and not told.startswith("-"):
                needs.setdefault(_normal(told), []).append(name)
    return needs


def _requirement(wanted: str) -> Requirement:
    try:
        return Requirement(wanted)
    except InvalidRequirement:
        return Requirement(wanted.partition("#")[0])  # a comment that touches its version
