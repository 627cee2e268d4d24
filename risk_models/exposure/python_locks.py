"""Lock files of Python: poetry, uv, pdm, Pipenv, PEP 751, requirements."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement

from risk_models.exposure.lock_text import (
    LONGEST_LINE,
    Locked,
    Note,
    find_development,
    map_of,
    maps_of,
    purl_of,
    refuse_unread,
    toml_map,
)


def toml_packages(text: str, note: Note) -> Iterator[Locked]:
    """poetry.lock, uv.lock and pdm.lock; poetry told development apart until its version 1.5. Of the three, uv's alone says
    what the team imports: what its own packages want."""
    lock = toml_map(text)
    entries = maps_of(lock.get("package"))
    lines = _Lines(entries)
    manifest = map_of(lock.get("manifest"))
    own = [*filter(_is_own, entries), {**manifest, "dependencies": manifest.get("requirements")}]
    running = {line for entry in own for line in lines.wanted(entry, aside=False)}
    imported = running | {line for entry in own for line in lines.wanted(entry)}
    for_development = find_development(running, imported, lines.needs)
    for entry in entries:
        if not _is_own(entry):
            line = _line(entry)
            aside = entry.get("category") == "dev" or _is_aside(entry.get("groups")) or line in for_development
            yield _python(entry["name"], entry.get("version"), development=aside)._replace(
                ref=line, needs=list(lines.needs[line]), imported=line in imported
            )


def _is_own(entry: Mapping[str, object]) -> bool:
    source = entry.get("source")
    return isinstance(source, dict) and bool({"virtual", "editable", "directory"} & source.keys())


_DEVELOPMENT = re.compile(
    r"dev(elopment)?|tests?|testing|lint(ing|ers?)?|docs?|typing|types|ci|format(ting)?|quality|mypy|debug|tools?|outils?"
)


def _is_aside(groups: object) -> bool:
    """Whether all the groups that poetry and pdm tell of a package are such as nothing that runs has."""
    return isinstance(groups, list) and bool(groups) and all(_DEVELOPMENT.fullmatch(str(one).lower()) for one in groups)


def _line(entry: Mapping[str, object]) -> str:
    return f"{_normal(entry['name'])}=={entry.get('version') or ''}"


def _normal(name: object) -> str:
    return re.sub(r"[-_.]+", "-", str(name)).lower()


_MOST_VERSIONS = 50


class _Lines:
    """The lines of a lock by the names of their packages, of which a file may have several versions."""

    def __init__(self, entries: Sequence[Mapping[str, object]]) -> None:
        self._by_name: dict[str, dict[str, None]] = defaultdict(dict)
        for entry in entries:
            known = self._by_name[_normal(entry["name"])]
            if len(known) < _MOST_VERSIONS:
                known[_line(entry)] = None
        # A package with extras has a line for each set of them, which need the others.
        self.needs: dict[str, dict[str, None]] = defaultdict(dict)
        for entry in entries:
            self.needs[_line(entry)] |= dict.fromkeys(self.wanted(entry))

    def wanted(self, entry: Mapping[str, object], *, aside: bool = True) -> list[str]:
        """Lines that an entry wants: texts as pip has them, a map by name, or maps that may give a version; `aside`: those of
        groups that nothing which runs has, too."""
        groups = [entry.get("dependencies"), *map_of(entry.get("optional-dependencies")).values()]
        for key in ("dev-dependencies", "dependency-groups"):
            listed = map_of(entry.get(key)).items()
            groups += (group for name, group in listed if aside or not _DEVELOPMENT.fullmatch(name.lower()))
        found: list[str] = []
        for group in groups:
            for one in group if isinstance(group, list | dict) else ():
                told = one if isinstance(one, dict) else {"name": _name(str(one))}
                known = self._by_name.get(_normal(told.get("name")), {})
                found += [exact] if (exact := _line(told)) in known else known
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
            needs = lines.needs[_line(entry)]
            yield _python(entry["name"], entry.get("version"))._replace(ref=_line(entry), needs=list(needs))


def pipfile_lock(text: str, note: Note) -> Iterator[Locked]:
    lock = map_of(json.loads(text))
    for group in sorted(lock.keys() - {"_meta"}):
        development = group == "develop"
        for name, entry in map_of(lock.get(group)).items():
            told = str(map_of(entry).get("version") or "")
            yield _python(name, told.removeprefix("==") if told.startswith("==") else "", development=development)


def requirements(text: str, note: Note) -> Iterator[Locked]:
    """A line that installs from an address or a folder is of this kind too: of an address, the package that its `egg` names."""
    read, unread = 0, list[str]()
    lines = text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines()
    needs = _ToldNeeds(lines)
    for line in lines:
        wanted = _OPTIONS.split(line, maxsplit=1)[0].strip()
        if len(wanted) > LONGEST_LINE or wanted.count(",") > 50:
            note("not_a_requirement", wanted[:80])
            unread.append(wanted[:80])
            continue
        address = _ADDRESS.match(line.strip())
        if address and (egg := re.search(r"[#&]egg=([\w.-]+)", line)):
            yield needs.told(_python(egg[1], ""), line)
        elif address:
            note("not_a_requirement", wanted)
        elif not wanted or wanted.startswith("-"):
            if re.match(r"\s*(-r|-c|--requirement|--constraint)\b", line):
                note("other_file", line.strip())
        else:
            try:
                requirement = _requirement(wanted)
            except InvalidRequirement:
                note("not_a_requirement", wanted)
                if not re.match(r"\.|/", wanted):
                    unread.append(wanted[:80])
                continue
            read += 1
            exact = [s.version for s in requirement.specifier if s.operator in {"==", "==="} and "*" not in s.version]
            if not exact:
                note("not_exact", wanted)
            yield needs.told(_python(requirement.name, exact[0] if exact else ""), line)
    refuse_unread(read, unread)


# Options follow a requirement after a space, hashes above all, of which some packages have hundreds.
_OPTIONS = re.compile(r"(?:^|\s)#|\s--?[A-Za-z]")
_ADDRESS = re.compile(r"(?:-e\s*|--editable[ =]\s*)?[\w+]+://")
_UNLISTED = frozenset({"pip", "setuptools", "wheel", "distribute"})  # which pip-compile leaves out of what it lists


class _ToldNeeds:
    """Who needs whom, as pip-compile and uv say it in comments: "via" and what wants the line before. A file (-r), or a name
    that is of no line, is the team."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._reasons: dict[str, set[str]] = defaultdict(set)
        lined, within = "", False
        for line in lines:
            before, _, comment = line.partition("#")
            said = comment.strip() if before != before.rstrip() or not before else ""
            if before.strip():
                lined, within = _line_of(line), False
            if said.startswith("via"):
                within, said = True, said.removeprefix("via")
            for reason in said.split(",") if within else ():
                told = reason.strip()
                if told and not told.startswith("-c"):
                    self._reasons[lined].add(told)
        names = {line.partition("==")[0] for line in self._reasons}
        self._needs: dict[str, list[str]] = defaultdict(list)
        self._versions = Counter(line.partition("==")[0] for line in self._reasons)
        self._imported = set()
        for line, reasons in self._reasons.items():
            for told in reasons:
                name = _normal(_name(told))
                if told.startswith("-r") or "(" in told or (name not in names and name not in _UNLISTED):
                    self._imported.add(line)
                else:
                    self._needs[name].append(line)

    def told(self, locked: Locked, line: str) -> Locked:
        ref = _line_of(line)
        name = ref.partition("==")[0]
        needs = self._needs.get(name, ()) if self._versions[name] <= _MOST_VERSIONS else ()
        return locked._replace(ref=ref, needs=needs, imported=ref in self._imported)


def _line_of(line: str) -> str:
    """What is said of a requirement is said of its version: one for several Pythons has several."""
    egg = re.search(r"[#&]egg=([\w.-]+)", line)
    name = egg[1] if egg else _name(line.strip())
    exact = re.match(r"\s*[\w.-]+(?:\[[^\]]{0,500}\])?\s*={2,3}\s*([^\s;,\\]+)", line)
    return f"{_normal(name)}=={exact[1] if exact else ''}"


def _requirement(wanted: str) -> Requirement:
    try:
        return Requirement(wanted)
    except InvalidRequirement:
        return Requirement(wanted.partition("#")[0])  # a comment that touches its version
