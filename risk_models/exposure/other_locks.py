"""Lock files of Rust, Ruby, PHP, Go, .NET, Elixir, Dart, Swift, CocoaPods and Conan."""

import json
import re
from collections.abc import Iterator
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
    for entry in maps_of(toml_map(text).get("package")):
        yield Locked(purl_of("cargo", str(entry["name"])), entry.get("version"))


def gemfile_lock(text: str, note: Note) -> Iterator[Locked]:
    """Lines of four spaces under `specs:` are the gems themselves; a platform follows the version after a hyphen."""
    for line in text.splitlines():
        found = re.fullmatch(r" {4}([A-Za-z0-9._-]+) \(([0-9][^\s()-]*)(?:-[^)]*)?\)", line)
        if found:
            yield Locked(f"pkg:gem/{found[1]}", found[2])


def composer_lock(text: str, note: Note) -> Iterator[Locked]:
    lock = map_of(json.loads(text))
    for group, development in (("packages", False), ("packages-dev", True)):
        for entry in maps_of(lock.get(group)):
            yield Locked(purl_of("composer", str(entry["name"])), entry.get("version"), development)


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


_GO_MODULE = re.compile(r"(\S+)\s+(v\S+)")
_GO_REPLACED = re.compile(r"(\S+)(?:\s+(v\S+))?\s*=>\s*(\S+)(?:\s+(v\S+))?")


def go_mod_file(text: str, note: Note) -> Iterator[Locked]:
    """What `require` lists, which since Go 1.17 is all that is built, after what `replace` puts in the place of a version, or
    of any."""
    wanted: list[tuple[str, str]] = []
    replaced: dict[tuple[str, str], tuple[str, str]] = {}
    for verb, line in _go_lines(text):
        if verb == "require" and (found := _GO_MODULE.fullmatch(line)):
            wanted.append((found[1], found[2]))
        elif verb == "replace" and (found := _GO_REPLACED.fullmatch(line)):
            replaced[found[1], found[2] or ""] = found[3], found[4] or ""
    for name, version in wanted:
        instead = replaced.get((name, version)) or replaced.get((name, ""))
        if instead and instead[0].startswith((".", "/")):
            note("other_file", instead[0])  # a folder
        elif instead:
            yield Locked(purl_of("golang", instead[0]), instead[1] or version)
        else:
            yield Locked(purl_of("golang", name), version)


def _go_lines(text: str) -> Iterator[tuple[str, str]]:
    """Each directive and what it says, whether alone on its line or in a block."""
    block = ""
    for line in text.splitlines():
        told = line.partition("//")[0].strip()
        if block:
            if told == ")":
                block = ""
            elif told:
                yield block, told
        elif opening := re.fullmatch(r"(\w+)\s*\(", told):
            block = opening[1]
        elif alone := re.fullmatch(r"(\w+)\s+(.+)", told):
            yield alone[1], alone[2]


def nuget_lock(text: str, note: Note) -> Iterator[Locked]:
    """packages.lock.json: by framework, then by package."""
    for framework in map_of(map_of(json.loads(text)).get("dependencies")).values():
        for name, entry in map_of(framework).items():
            if str(map_of(entry).get("type")).lower() != "project":
                yield Locked(purl_of("nuget", name), map_of(entry).get("resolved"))


_MIX = re.compile(r'\s*"([^"]+)":\s*\{:(\w+),\s*(?::"?([\w.-]+)"?,\s*)?"([^"]*)"')


def mix_lock(text: str, note: Note) -> Iterator[Locked]:
    """`"name": {:hex, :package, "version", …}`; of a repository, no version."""
    for line in text.splitlines():
        found = _MIX.match(line[:10_000])
        if found:
            name, source, package, version = found.groups()
            yield Locked(purl_of("hex", package or name), version if source == "hex" else "")


def pubspec_lock(text: str, note: Note) -> Iterator[Locked]:
    for document in yaml_maps(text):
        for name, entry in map_of(document.get("packages")).items():
            told = map_of(entry)
            if str(told.get("source")) not in {"sdk", "path"}:
                yield Locked(purl_of("pub", name), told.get("version"), told.get("dependency") == "direct dev")


_POD = re.compile(r"(\S+)\s+\(([^)]+)\)")


def podfile_lock(text: str, note: Note) -> Iterator[Locked]:
    """`PODS` lists "Name/Part (version)", alone or with what each depends on; the parts of a pod are one package."""
    for document in yaml_maps(text):
        pods = document.get("PODS")
        if not isinstance(pods, list):
            raise TypeError("PODS is a list")
        for pod in pods:
            told = next(iter(pod), "") if isinstance(pod, dict) else pod
            found = _POD.fullmatch(str(told))
            if found:
                yield Locked(purl_of("cocoapods", found[1].partition("/")[0]), plain_version(found[2]))


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
    nodes = [map_of(n) for key, n in map_of(map_of(lock.get("graph_lock")).get("nodes")).items() if key != "0"]
    groups = {"requires": False, "build_requires": True, "python_requires": True}
    told = [(node.get("ref") or node.get("pref"), False) for node in nodes]
    for group, development in groups.items():
        listed = lock.get(group)
        told += [(ref, development) for ref in listed] if isinstance(listed, list) else []
    for ref, development in told:
        found = _CONAN.match(ref) if isinstance(ref, str) else None
        if found:
            yield Locked(purl_of("conan", found[1]), found[2], development)
