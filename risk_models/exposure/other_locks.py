"""Lock files of Rust, Ruby, PHP, Go, .NET, Elixir, Dart, Swift, CocoaPods and Conan."""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from risk_models.exposure.lock_text import (
    Locked,
    Note,
    lines_of,
    map_of,
    maps_of,
    plain_version,
    purl_of,
    toml_map,
    yaml_maps,
)
from risk_models.exposure.versions import read_version


def cargo_lock(text: str, note: Note) -> Iterator[Locked]:
    """What has no source is of the repository itself; a need gives a version where there are several."""
    entries = maps_of(toml_map(text).get("package"))
    lines = {f"{entry['name']} {entry.get('version')}" for entry in entries}
    by_name = {str(entry["name"]): f"{entry['name']} {entry.get('version')}" for entry in entries}
    own = {f"{entry['name']} {entry.get('version')}" for entry in entries if "source" not in entry}
    needs: dict[str, list[str]] = {}
    for entry in entries:
        listed = entry.get("dependencies")
        wanted = [str(one).partition(" (")[0] for one in (listed if isinstance(listed, list) else ())]
        known = [one if one in lines else by_name.get(one, "") for one in wanted]
        needs[f"{entry['name']} {entry.get('version')}"] = list(filter(None, known))
    imported = {need for line in own for need in needs[line]} - own
    for entry in entries:
        line = f"{entry['name']} {entry.get('version')}"
        yield Locked(
            purl_of("cargo", str(entry["name"])),
            entry.get("version"),
            ref=line,
            needs=() if line in own else needs[line],
            imported=line in imported,
        )


_GEM = re.compile(r" {4}([A-Za-z0-9._-]+) \(([0-9][^\s()-]*)(?:-[^)]*)?\)")
_GEM_NEED = re.compile(r" {6}([A-Za-z0-9._-]+)(?: \(.*)?")
_GEM_IMPORT = re.compile(r" {2}([A-Za-z0-9._-]+)!?(?: \(.*)?")


def gemfile_lock(text: str, note: Note) -> Iterator[Locked]:
    """Lines of four spaces under `specs:` are the gems themselves, those of six below what each needs; a platform follows the
    version after a hyphen. `DEPENDENCIES` is what the Gemfile imports."""
    found: list[tuple[str, str]] = []
    needs: dict[str, list[str]] = {}
    imported = set()
    section = ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            section = line.strip()
        elif gem := _GEM.fullmatch(line):
            found.append((gem[1], gem[2]))
            needs.setdefault(gem[1], [])
        elif found and (need := _GEM_NEED.fullmatch(line)):
            needs[found[-1][0]].append(need[1])
        elif section == "DEPENDENCIES" and (told := _GEM_IMPORT.fullmatch(line)):
            imported.add(told[1])
    for name, version in found:
        yield Locked(f"pkg:gem/{name}", version, ref=name, needs=needs[name], imported=name in imported)


def composer_lock(text: str, note: Note) -> Iterator[Locked]:
    """What a package replaces or provides, others may want under that name; what the team imports is in another file."""
    lock = map_of(json.loads(text))
    groups = [("packages", False), ("packages-dev", True)]
    entries = [(entry, aside) for group, aside in groups for entry in maps_of(lock.get(group))]
    lines: dict[str, str] = {}
    for entry, _ in entries:
        for key in ("replace", "provide"):
            instead = entry.get(key)
            # What has no vendor is PHP itself or one of its extensions, which a package only helps to do without.
            others = (name for name in (instead if isinstance(instead, dict) else ()) if "/" in name)
            lines |= dict.fromkeys(others, str(entry["name"]))
    lines |= {str(entry["name"]): str(entry["name"]) for entry, _ in entries}
    for entry, development in entries:
        wanted = entry.get("require")
        needs = [lines[one] for one in (wanted if isinstance(wanted, dict) else ()) if one in lines]
        name = str(entry["name"])
        yield Locked(purl_of("composer", name), entry.get("version"), development, ref=name, needs=needs)


_GO_SUM = re.compile(r"(\S+)\s+(v\S+)\s+\w+:\S+")


def go_sum(text: str, note: Note) -> Iterator[Locked]:
    """Versions of before stay in the file: of several the greatest is what is built."""
    greatest: dict[str, str] = {}
    for found in lines_of(text, _GO_SUM, note):
        name, version = found.groups()
        if not version.endswith("/go.mod"):
            known = greatest.get(name)
            if known is None or _later(version, known):
                greatest[name] = version
    for name, version in greatest.items():
        yield Locked(purl_of("golang", name), version)


def _later(version: str, known: str) -> bool:
    read, other = read_version("golang", version), read_version("golang", known)
    return read is not None and (other is None or other < read)


_GO_LISTS_ALL = 1, 17  # go.dev/ref/mod: since then go.mod lists what others bring too
_GO_MODULE = re.compile(r"(\S+)\s+(v\S+)")


def go_mod_file(text: str, note: Note) -> Iterator[Locked]:
    """What `require` lists, which since Go 1.17 is all that is built, the team's own imports those that no comment says to be
    indirect, after what `replace` puts in the place of a version, or of any."""
    wanted: list[tuple[str, str, bool]] = []
    lists_all = False
    replaced: dict[tuple[str, str], tuple[str, str]] = {}
    for verb, line, comment in _go_lines(text):
        if verb == "go" and (told := re.match(r"(\d+)\.(\d{1,4})", line)):
            lists_all = (int(told[1]), int(told[2])) >= _GO_LISTS_ALL
        if verb == "require" and (found := _GO_MODULE.fullmatch(line)):
            wanted.append((found[1], found[2], not comment.startswith("indirect")))
        elif verb == "replace":
            before, arrow, after = line.partition("=>")
            old, new = before.split(), after.split()
            if arrow and 1 <= len(old) <= 2 and 1 <= len(new) <= 2:
                replaced[old[0], "".join(old[1:])] = new[0], "".join(new[1:])
    if wanted and not lists_all:
        note("direct_only", wanted[0][0])
    for name, version, imported in wanted:
        instead = replaced.get((name, version)) or replaced.get((name, ""))
        if instead and instead[0].startswith((".", "/")):
            note("other_file", instead[0])  # a folder
        else:
            built, of = (instead[0], instead[1] or version) if instead else (name, version)
            yield Locked(purl_of("golang", built), of, ref=name, imported=imported)


def _go_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Each directive, what it says, whether alone on its line or in a block, and the comment after it."""
    block = ""
    for line in text.splitlines():
        told, _, comment = (part.strip() for part in line.partition("//"))
        if block:
            if told == ")":
                block = ""
            elif told:
                yield block, _unquoted(told), comment
        elif opening := re.fullmatch(r"(\w+)\s*\(", told):
            block = opening[1]
        elif alone := re.fullmatch(r"(\w+)\s+(.+)", told):
            yield alone[1], _unquoted(alone[2]), comment


def _unquoted(line: str) -> str:
    return line.replace('"', "").replace("`", "")


def nuget_lock(text: str, note: Note) -> Iterator[Locked]:
    """packages.lock.json: by framework, then by package; what the team's own projects want is what it imports."""
    for framework, listed in map_of(map_of(json.loads(text)).get("dependencies")).items():
        entries = {name: map_of(entry) for name, entry in map_of(listed).items()}
        lines = {name.lower(): f"{framework}/{name}" for name in entries}
        needs = {
            name: [lines[one.lower()] for one in map_of(entry.get("dependencies")) if one.lower() in lines]
            for name, entry in entries.items()
        }
        own = {name for name, entry in entries.items() if str(entry.get("type")).lower() == "project"}
        imported = {need for name in own for need in needs[name]}
        for name, entry in entries.items():
            if name not in own:
                line = f"{framework}/{name}"
                yield Locked(
                    purl_of("nuget", name),
                    entry.get("resolved"),
                    ref=line,
                    needs=needs[name],
                    imported=line in imported or str(entry.get("type")).lower() == "direct",
                )


_MIX = re.compile(r'\s*(?:%\{\s*)?"([^"]+)":\s*\{:(\w+),\s*(?::"?([\w.-]+)"?,\s*)?"([^"]*)"')


_MIX_NEED = re.compile(r'\{:"?([\w.-]+)"?,([^{}]*)')


def mix_lock(text: str, note: Note) -> Iterator[Locked]:
    """`"name": {:hex, :package, "version", hash, tools, [{:what_it_needs, …}], …}`; of a repository, no version."""
    for line in text.splitlines():
        found = _MIX.match(line[:10_000])
        if found:
            name, source, package, version = found.groups()
            below = _MIX_NEED.findall(line[found.end() : 10_000])
            needs = [one for one, how in below if "optional: true" not in how]
            yield Locked(purl_of("hex", package or name), version if source == "hex" else "", ref=name, needs=needs)


def pubspec_lock(text: str, note: Note) -> Iterator[Locked]:
    for document in yaml_maps(text):
        for name, entry in map_of(document.get("packages")).items():
            told = map_of(entry)
            if str(told.get("source")) not in {"sdk", "path"}:
                wanted = str(told.get("dependency"))
                yield Locked(
                    purl_of("pub", name),
                    told.get("version"),
                    wanted == "direct dev",
                    ref=name,
                    imported=wanted.startswith("direct "),
                )


_POD = re.compile(r"(\S+)\s+\(([^)]+)\)")


def podfile_lock(text: str, note: Note) -> Iterator[Locked]:
    """`PODS` lists "Name/Part (version)", alone or with what each depends on; the parts of a pod are one package. In
    `DEPENDENCIES`, what the team imports."""
    for document in yaml_maps(text):
        pods = document.get("PODS")
        if not isinstance(pods, list):
            raise TypeError("PODS is a list")
        direct = document.get("DEPENDENCIES")
        imported = {_pod(one) for one in (direct if isinstance(direct, list) else ())}
        for pod in pods:
            told, below = next(iter(pod.items()), ("", None)) if isinstance(pod, dict) else (pod, None)
            found = _POD.fullmatch(str(told))
            if found:
                name = _pod(told)
                needs = [_pod(one) for one in (below if isinstance(below, list) else ())]
                purl, version = purl_of("cocoapods", name), plain_version(found[2])
                yield Locked(purl, version, ref=name, needs=needs, imported=name in imported)


def _pod(told: object) -> str:
    return str(told).partition(" ")[0].partition("/")[0]


def package_resolved(text: str, note: Note) -> Iterator[Locked]:
    """Swift: `pins`, within `object` in version 1."""
    lock = map_of(json.loads(text))
    for pin in maps_of(map_of(lock.get("object")).get("pins") if "object" in lock else lock.get("pins")):
        where = urlsplit(
            re.sub(r"^git@([^:/]+):", r"https://\1/", str(pin.get("location") or pin.get("repositoryURL")))
        )
        path = where.path.strip("/").removesuffix(".git")
        version = map_of(pin.get("state")).get("version")
        if where.hostname and "/" in path:
            yield Locked(purl_of("swift", f"{where.hostname}/{path}"), version or "")
        else:
            note("not_a_requirement", pin.get("identity") or pin.get("package"))


_CONAN = re.compile(r"([^/@#\s]+)/([^@#%\s]+)")


def conan_lock(text: str, note: Note) -> Iterator[Locked]:
    """Nodes of a graph in version 1, whose first is the recipe itself, lists of references since."""
    lock = map_of(json.loads(text))
    nodes = {key: map_of(node) for key, node in map_of(map_of(lock.get("graph_lock")).get("nodes")).items()}
    imported = _conan_needs(nodes.pop("0", {}))
    for key, node in nodes.items():
        found = _conan(node.get("ref") or node.get("pref"))
        if found:
            yield found._replace(ref=key, needs=_conan_needs(node), imported=key in imported)
    for group, development in (("requires", False), ("build_requires", True), ("python_requires", True)):
        listed = lock.get(group)
        for ref in listed if isinstance(listed, list) else ():
            # With the identifiers of its packages beside it, where they are locked too.
            found = _conan(ref[0] if isinstance(ref, list) and ref else ref)
            if found:
                yield found._replace(development=development)
            else:
                note("not_a_requirement", ref)


def _conan(ref: object) -> Locked | None:
    found = _CONAN.match(ref) if isinstance(ref, str) else None
    return Locked(purl_of("conan", found[1]), found[2]) if found else None


def _conan_needs(node: Mapping[str, object]) -> list[str]:
    told = [node.get("requires"), node.get("build_requires")]
    return [str(one) for listed in told if isinstance(listed, list) for one in listed]
