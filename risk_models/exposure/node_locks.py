"""Lock files of JavaScript: npm, yarn, pnpm, bun."""

import json
import re
from collections.abc import Iterator

from risk_models.exposure.lock_text import Locked, Note, loose_json, map_of, plain_version, purl_of, yaml_maps

# A package under another name: `npm:lodash@4.17.15`.
_ALIAS = re.compile(r"npm:((?:@[^/]+/)?[^@]+)@(.+)")


def _npm(name: str, version: object, *, development: bool = False) -> Locked:
    alias = _ALIAS.fullmatch(version) if isinstance(version, str) else None
    if alias:
        name, version = alias[1], alias[2]
    return Locked(purl_of("npm", name), plain_version(version), development)


def package_lock(text: str, note: Note) -> Iterator[Locked]:
    """npm: `packages` by path since version 2, nested `dependencies` before."""
    lock = map_of(json.loads(text))
    if lock.get("packages") is not None:
        for path, entry in map_of(lock["packages"]).items():
            if "node_modules/" in path and isinstance(entry, dict) and not entry.get("link"):
                name = str(entry.get("name") or path.rpartition("node_modules/")[2])
                yield _npm(name, entry.get("version"), development=entry.get("dev") is True)
        return
    pending = [map_of(lock.get("dependencies"))]
    while pending:
        for name, entry in pending.pop().items():
            if isinstance(entry, dict):
                yield _npm(name, entry.get("version"), development=entry.get("dev") is True)
                pending.append(map_of(entry.get("dependencies")))


def yarn_lock(text: str, note: Note) -> Iterator[Locked]:
    """Version 1 has its own syntax, whose keys npm quotes; later ones are YAML with `__metadata`."""
    if "__metadata:" in text:
        for document in yaml_maps(text):
            for key, entry in document.items():
                name = _yarn_name(str(key).partition(",")[0].strip())
                if key != "__metadata" and isinstance(entry, dict) and "@workspace:" not in str(key):
                    yield _npm(name, str(entry.get("version") or ""))
        return
    name = ""
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            name = _yarn_name(line.rstrip(":").split(",")[0].strip().strip('"'))
        elif name and (found := re.match(r'  "?version"? "?([^"\s]+)"?', line)):
            yield _npm(name, found[1])
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
_PNPM_HOST = re.compile(r"[^/@]+\.[^/@]+/(?=[^/]+/.)")


def pnpm_lock(text: str, note: Note) -> Iterator[Locked]:
    """Keys are `name@version(peers)`, or `/name/version_peers` before version 6 of the format, after the registry where it is
    another; of what comes from an archive or a repository, `name` and `version` say which. Since pnpm 11 a first document
    tells of pnpm itself."""
    for document in yaml_maps(text):
        for key, entry in map_of(document.get("packages")).items():
            given = entry if isinstance(entry, dict) else {}
            told = str(key).lstrip("/").partition("(")[0]
            told = told if ":" in told else _PNPM_HOST.sub("", told)
            found = _PNPM_OLD.fullmatch(told) or _PNPM.fullmatch(told)
            name = str(given.get("name") or (found[1] if found else ""))
            if not name:
                note("not_a_requirement", key)
                continue
            version = given.get("version") or (found[2] if found else "")
            yield _npm(name, version, development=given.get("dev") is True)


def bun_lock(text: str, note: Note) -> Iterator[Locked]:
    """Each package is a list whose first text is `name@version`; those of the repository itself have a folder for version."""
    for entry in map_of(map_of(loose_json(text)).get("packages")).values():
        told = entry[0] if isinstance(entry, list) and entry else ""
        found = _PNPM.fullmatch(told) if isinstance(told, str) else None
        if found is None:
            note("not_a_requirement", told)
        elif not found[2].startswith(("workspace:", "link:", "file:")):
            yield _npm(found[1], found[2])
