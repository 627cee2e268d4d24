"""Lock files of JavaScript: npm, yarn, pnpm, bun."""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from risk_models.exposure.lock_text import (
    Locked,
    Note,
    find_development,
    loose_json,
    map_of,
    plain_version,
    purl_of,
    yaml_maps,
)

# A package under another name: `npm:lodash@4.17.15`.
_ALIAS = re.compile(r"npm:((?:@[^/]+/)?[^@]+)@(.+)")
_WANTED = ("dependencies", "optionalDependencies")
_WITH_PEERS = (*_WANTED, "peerDependencies")
_WANTED_BY_TEAM = (*_WITH_PEERS, "devDependencies")
_INSIDE = "node_modules/"
_DEEPEST, _LONGEST_WAY = 50, 2_000


def _npm(name: str, version: object, *, development: bool = False) -> Locked:
    alias = _ALIAS.fullmatch(version) if isinstance(version, str) else None
    if alias:
        name, version = alias[1], alias[2]
    return Locked(purl_of("npm", name), plain_version(version), development)


def _wanted(entry: Mapping[str, object], groups: Iterable[str]) -> Iterator[tuple[str, object]]:
    """Names and what is wanted of each, in those of these groups that are maps."""
    for group in groups:
        listed = entry.get(group)
        if isinstance(listed, dict):
            yield from listed.items()


def package_lock(text: str, note: Note) -> Iterator[Locked]:
    """npm: `packages` by path since version 2, nested `dependencies` before, which say nothing of what the team imports."""
    lock = map_of(json.loads(text))
    if lock.get("packages") is None:
        yield from _nested_packages(lock)
        return
    entries = {path: entry for path, entry in map_of(lock["packages"]).items() if isinstance(entry, dict)}
    imported = {
        _resolved(entries, path, name)
        for path, entry in entries.items()
        if _INSIDE not in path
        for name, _ in _wanted(entry, _WANTED_BY_TEAM)
    }
    for path, entry in entries.items():
        if _INSIDE in path and not entry.get("link"):
            name = str(entry.get("name") or path.rpartition(_INSIDE)[2])
            aside = _optional_peers(entry)
            needs = [_resolved(entries, path, one) for one, _ in _wanted(entry, _WITH_PEERS) if one not in aside]
            yield _npm(name, entry.get("version"), development=entry.get("dev") is True)._replace(
                ref=path, needs=list(filter(None, needs)), imported=path in imported
            )


class _Scope:
    """What stands beside each other in a lock of version 1, within what stands above; its texts are never joined, for paths
    that repeat a long name would weigh its square."""

    def __init__(self, above: "_Scope | None") -> None:
        self.refs: dict[str, str] = {}
        self.above = above

    def find(self, name: str) -> str:
        scope: _Scope | None = self
        for _ in range(_DEEPEST):
            if scope is None or name in scope.refs:
                return scope.refs[name] if scope else ""
            scope = scope.above
        return ""


def _nested_packages(lock: Mapping[str, object]) -> Iterator[Locked]:
    lines: list[tuple[str, dict[str, object]]] = []
    within: list[_Scope] = []  # what each line sees first
    pending: list[tuple[dict[str, object], _Scope | None, int]] = [(map_of(lock.get("dependencies")), None, -1)]
    while pending:
        listed, above, holder = pending.pop()
        scope = _Scope(above)
        if holder >= 0:
            within[holder] = scope
        for name, entry in listed.items():
            if isinstance(entry, dict):
                scope.refs[name] = str(len(lines))
                inner = map_of(entry.get("dependencies"))
                if inner:
                    pending.append((inner, scope, len(lines)))
                lines.append((name, entry))
                within.append(scope)
    for number, (name, entry) in enumerate(lines):
        needs = [within[number].find(one) for one, _ in _wanted(entry, ("requires",))]
        yield _npm(name, entry.get("version"), development=entry.get("dev") is True)._replace(
            ref=str(number), needs=list(filter(None, needs))
        )


def _resolved(entries: Mapping[str, object], way: str, name: str, within: str = _INSIDE) -> str:
    """Where what is at `way` finds a package: below itself, else below one that it stands in; empty when nowhere."""
    for _ in range(_DEEPEST if len(way) < _LONGEST_WAY else 0):
        found = f"{way}/{within}{name}".lstrip("/")
        if found in entries and not way.rpartition("/")[2].startswith("@"):
            return found
        if not way:
            break
        way = way.rpartition("/")[0]
    return ""


def yarn_lock(text: str, note: Note) -> Iterator[Locked]:
    """Version 1 has its own syntax, whose keys npm quotes; later ones are YAML with `__metadata`, where the packages of the
    repository itself say what the team imports."""
    tells_imports = "__metadata:" in text
    entries = list(_yarn_documents(text) if tells_imports else _yarn_blocks(text))
    lines = _yarn_lines(entries)
    needs = {
        keys[0]: [line for ways in _yarn_keys(entry) if (line := next(filter(None, map(lines.get, ways)), None))]
        for keys, entry in entries
    }
    own = {keys[0] for keys, _ in entries if any(map(_is_own, keys))}
    imported = {need for line in own for need in needs[line]} - own if tells_imports else set()
    for keys, entry in entries:
        name = _yarn_name(keys[0])
        if name and keys[0] not in own and entry.get("version") is not None:
            yield _npm(name, str(entry["version"]))._replace(
                ref=keys[0], needs=needs[keys[0]], imported=keys[0] in imported
            )


_YarnEntry = tuple[list[str], dict[str, object]]
_YARN_OWN = re.compile(r"@(workspace|link|portal):")


def _is_own(key: str) -> bool:
    """Whether it is a folder of the repository itself; an archive in one, which yarn 2 follows by who wants it, is what others
    made."""
    _, file, path = key.partition("@file:")
    return bool(_YARN_OWN.search(key)) or (
        bool(file) and not re.split("#|::", path, maxsplit=1)[0].endswith((".tgz", ".tar.gz"))
    )


def _yarn_lines(entries: Sequence[_YarnEntry]) -> dict[str, str]:
    """By what may be wanted, the line that it is; a name that one line has is that line, whatever range was put in its place."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for keys, _ in entries:
        for key in keys:
            by_name[key[:1] + key[1:].partition("@")[0]].add(keys[0])
    lines = {name: next(iter(held)) for name, held in by_name.items() if len(held) == 1}
    return lines | {key: keys[0] for keys, _ in entries for key in keys}


def _yarn_documents(text: str) -> Iterator[_YarnEntry]:
    for document in yaml_maps(text):
        for key, entry in document.items():
            if key != "__metadata" and isinstance(entry, dict):
                yield [one.strip() for one in str(key).split(",")], {"version": "", **entry}


_YARN_PAIR = re.compile(r'(?:"([^"]+)"|([^"\s]+)) (?:"([^"]*)"|(\S+))')


def _yarn_blocks(text: str) -> Iterator[_YarnEntry]:
    entry: dict[str, object] = {}
    group: dict[str, object] = {}
    for line in text.splitlines():
        told = line.strip()
        if line and not line.startswith((" ", "#")):
            entry = {}
            yield [key.strip().strip('"') for key in told.rstrip(":").split(",")], entry
        elif found := re.fullmatch(r'  "?(\w+)"?:', line.rstrip()):
            group = {}
            entry[found[1]] = group
        elif pair := _YARN_PAIR.match(told):
            holder = group if line.startswith("    ") else entry
            holder.setdefault(pair[1] or pair[2], pair[3] or pair[4] or "")


def _yarn_keys(entry: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """What an entry wants, in the ways that keys of others may say it: a range alone is one of npm's since yarn 4."""
    for name, wanted in _wanted(entry, _WANTED):
        yield f"{name}@{wanted}", f"{name}@npm:{wanted}", name


def _yarn_name(wanted: str) -> str:
    """The package that a key asks for: `alias@npm:name@range` asks for `name`."""
    if not wanted:
        return ""
    name, _, rest = wanted[1:].partition("@")
    alias = re.match(r"npm:((?:@[^/]+/)?[^@]+)@", rest)
    return alias[1] if alias else wanted[0] + name


_PNPM_OLD = re.compile(r"((?:@[^/]+/)?[^/@]+)/(\d[^_/]*)(?:_.*)?")
_PNPM = re.compile(r"((?:@[^/@]+/)?[^/@]+)@(.+)")


def pnpm_lock(text: str, note: Note) -> Iterator[Locked]:
    """Keys are `name@version(peers)`, or `/name/version_peers` before version 6 of the format, after the registry where it is
    another; of what comes from an archive or a repository, `name` and `version` say which. Who needs whom is in `snapshots`
    since version 9. Since pnpm 11 a first document tells of pnpm itself."""
    for document in yaml_maps(text):
        packages = map_of(document.get("packages"))
        needs: dict[str, list[str]] = {_pnpm_line(str(key)): [] for key in packages}
        optional = {_pnpm_line(str(key)): _optional_peers(entry) for key, entry in packages.items()}
        for key, entry in (*packages.items(), *map_of(document.get("snapshots")).items()):
            if isinstance(entry, dict):
                line = _pnpm_line(str(key))
                wanted = _pnpm_needs(entry, _WANTED, needs, aside=optional.get(line, frozenset()))
                needs.setdefault(line, []).extend(wanted)
        importers = [document, *map_of(document.get("importers")).values()]
        own = [one for one in importers if isinstance(one, dict)]
        running = {need for one in own for need in _pnpm_needs(one, _WITH_PEERS, needs)}
        imported = running | {need for one in own for need in _pnpm_needs(one, _WANTED_BY_TEAM, needs)}
        aside = find_development(running, imported, needs)
        for key, entry in packages.items():
            given = entry if isinstance(entry, dict) else {}
            line = _pnpm_line(str(key))
            found = _PNPM.fullmatch(line)
            name = str(given.get("name") or (found[1] if found else ""))
            if not name:
                note("not_a_requirement", key)
                continue
            version = given.get("version") or (found[2] if found else "")
            yield _npm(name, version, development=given.get("dev") is True or line in aside)._replace(
                ref=line, needs=needs[line], imported=line in imported
            )


def _pnpm_line(key: str) -> str:
    """`name@version` of a key of any version of the format; of what has no such name, all that it says."""
    told = key.lstrip("/").partition("(")[0]
    host, _, rest = told.partition("/")
    if "." in host and "@" not in host and ":" not in told and re.match(r"[^/]+/.", rest):
        told = rest
    old = _PNPM_OLD.fullmatch(told)
    return f"{old[1]}@{old[2]}" if old else told


def _optional_peers(entry: object) -> frozenset[str]:
    """What a package does with when it is there, and does not bring."""
    told = map_of(entry.get("peerDependenciesMeta")) if isinstance(entry, dict) else {}
    return frozenset(name for name, said in told.items() if isinstance(said, dict) and said.get("optional"))


def _pnpm_needs(
    entry: Mapping[str, object],
    groups: Sequence[str],
    lines: Mapping[str, object],
    aside: Collection[str] = frozenset(),
) -> list[str]:
    """Lines that an entry wants, those `aside` left out: by name a version, or all of a key where it is under another name."""
    found = []
    for name, wanted in _wanted(entry, groups):
        if name in aside:
            continue
        told = str(wanted.get("version") if isinstance(wanted, dict) else wanted)
        version = told.partition("(")[0]
        ways = (f"{name}@{version}", _pnpm_line(told), f"{name}@{version.partition('_')[0]}")
        found += [way for way in ways if way in lines][:1]
    return found


def bun_lock(text: str, note: Note) -> Iterator[Locked]:
    """Each package is a list whose first text is `name@version`, under the way to it from the repository; those of the
    repository itself have a folder for version."""
    lock = map_of(loose_json(text))
    packages = map_of(lock.get("packages"))
    running, imported = (
        {
            _resolved(packages, str(own.get("name") or ""), name, within="")
            for own in map_of(lock.get("workspaces")).values()
            if isinstance(own, dict)
            for name, _ in _wanted(own, groups)
        }
        for groups in (_WITH_PEERS, _WANTED_BY_TEAM)
    )
    needs = {way: _bun_needs(packages, way, entry) for way, entry in packages.items()}
    aside = find_development(running, imported, needs)
    for way, entry in packages.items():
        listed = entry if isinstance(entry, list) else []
        told = listed[0] if listed else ""
        found = _PNPM.fullmatch(told) if isinstance(told, str) else None
        if found is None:
            note("not_a_requirement", told)
        elif not found[2].startswith(("workspace:", "link:", "file:")):
            yield _npm(found[1], found[2], development=way in aside)._replace(
                ref=way, needs=needs[way], imported=way in imported
            )


def _bun_needs(packages: Mapping[str, object], way: str, entry: object) -> list[str]:
    facts: dict[str, object] = next((p for p in (entry if isinstance(entry, list) else ()) if isinstance(p, dict)), {})
    told = facts.get("optionalPeers")
    aside = {one for one in (told if isinstance(told, list) else ()) if isinstance(one, str)}
    found = (_resolved(packages, way, name, within="") for name, _ in _wanted(facts, _WITH_PEERS) if name not in aside)
    return list(filter(None, found))
