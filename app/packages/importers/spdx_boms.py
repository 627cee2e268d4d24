"""SPDX 2.2 and 2.3 (JSON, tag-value) and 3 (JSON-LD, the software profile), read as streams.

Formats: https://spdx.github.io/spdx-spec/ (v2.3 clauses 7 and 11, v3.0.1 Software and Core profiles).
"""

import re
from collections.abc import Iterator
from typing import IO, Any

from app.packages.importers.json_boms import each_value, first_value, is_lock, must_be_a_list, names_key
from app.packages.importers.reading import BomReading, Carried, UnreadableSbom, text_of

_MOST_LINE = 1_000_000


def read_spdx(file: IO[bytes], within: str = "") -> BomReading:
    """SPDX 2 in JSON: the whole file, or what stands `within` it. Raises `UnreadableSbom`, at once or while its packages are
    read."""
    reading = BomReading("SPDX JSON")
    reading.packages = _spdx(file, reading, within)
    return reading


def _spdx(file: IO[bytes], reading: BomReading, within: str) -> Iterator[Carried]:
    version = str(first_value(file, f"{within}spdxVersion"))
    reading.format = f"SPDX {version.removeprefix('SPDX-')[:10]} JSON"
    if version not in {"SPDX-2.2", "SPDX-2.3"}:
        reading.note("unknown_spec_version", version)
    created = first_value(file, f"{within}creationInfo")
    reading.read_date(created.get("created") if isinstance(created, dict) else None)
    name = first_value(file, f"{within}name")
    reading.describes = name[:200] if isinstance(name, str) else ""
    count = 0
    for item in each_value(file, f"{within}packages.item"):
        count += 1
        if not isinstance(item, dict):
            reading.note("not_a_component", item)
            continue
        ref, known = text_of(item, "SPDXID"), len(reading.needs)
        number = reading.needs.number(ref)
        if number < known:
            reading.note("duplicate_ref", ref)
        purls, purpose = _purls(item), text_of(item, "primaryPackagePurpose")
        if not purls and _is_no_package(purpose, item.get("name")):
            reading.note("no_package", item.get("name"))
            continue
        built = _built_from(text_of(item, "sourceInfo"))
        yield from _each_purl(reading, purls, item.get("name"), item.get("versionInfo"), number, built)
    if not count:
        must_be_a_list(file, f"{within}packages")
    for ref in each_value(file, f"{within}documentDescribes.item"):
        reading.needs.whole.add(reading.needs.number(str(ref)))
    if names_key(file, "relationships"):
        for item in each_value(file, f"{within}relationships.item"):
            told = (text_of(item, key) for key in ("spdxElementId", "relationshipType", "relatedSpdxElement"))
            _relation(reading, *told)


def _relation(reading: BomReading, one: str, kind: str, other: str) -> None:
    """What the clause 11 of SPDX 2.3 says of needs; what one contains is nothing that it needs."""
    needs = reading.needs
    if kind in {"DESCRIBES", "DESCRIBED_BY"}:
        needs.whole.add(needs.number(other if kind == "DESCRIBES" else one))
    elif kind in {"DEPENDS_ON", "HAS_PREREQUISITE"}:
        needs.add(needs.number(one), needs.number(other))
    elif kind.endswith("DEPENDENCY_OF") or kind == "PREREQUISITE_FOR":
        aside = kind.startswith(("DEV_", "TEST_"))
        needs.add(needs.number(other), needs.number(one), aside=aside)


def _is_no_package(purpose: str, name: object) -> bool:
    """Whether it is a system, a file, or a lock file of the team, which scanners list beside the packages of each."""
    return purpose in {"OPERATING-SYSTEM", "FILE"} or (purpose == "APPLICATION" and is_lock(name))


def _built_from(told: str) -> str:
    """The source of a package, as trivy says it where clause 7.18 of SPDX lets tools write what they like."""
    before, _, rest = told.partition("built package from: ")
    name, _, version = ("" if before else rest).partition(" ")
    return f"{name}@{version}" if version else name


def _each_purl(
    reading: BomReading, purls: list[object], name: object, version: object, ref: int, built: str = ""
) -> Iterator[Carried]:
    """A package that has several purls is each of them."""
    found = (reading.package(purl, None, name, version, ref=ref, upstream=built) for purl in purls or [None])
    yield from sorted({one for one in found if one})


def _purls(item: dict[str, object]) -> list[object]:
    refs = item.get("externalRefs")
    return [
        ref.get("referenceLocator")
        for ref in (refs if isinstance(refs, list) else ())
        if isinstance(ref, dict) and str(ref.get("referenceType")).rpartition("#")[2].rpartition("/")[2] == "purl"
    ]


def read_spdx3(file: IO[bytes]) -> BomReading:
    """SPDX 3 in JSON-LD. Raises `UnreadableSbom`, at once or while its packages are read."""
    reading = BomReading("SPDX 3 JSON-LD")
    reading.packages = _spdx3(file, reading)
    return reading


def _spdx3(file: IO[bytes], reading: BomReading) -> Iterator[Carried]:
    for item in each_value(file, "@graph.item"):
        if not isinstance(item, dict):
            reading.note("not_a_component", item)
            continue
        kind = str(item.get("type") or item.get("@type")).rpartition("/")[2].rpartition(":")[2]
        if kind == "CreationInfo" and reading.dated is None:
            reading.format = f"SPDX {text_of(item, 'specVersion')[:10] or '3'} JSON-LD"
            reading.read_date(item.get("created"))
        elif kind == "SpdxDocument":
            reading.describes = text_of(item, "name")[:200]
            _spdx3_whole(reading, item)
        elif kind in {"software_Package", "Package"}:
            version = item.get("software_packageVersion") or item.get("packageVersion")
            yield from _each_purl(
                reading, _identifiers(item), item.get("name"), version, reading.needs.number(_id(item))
            )
        else:
            _spdx3_needs(reading, kind, item)


def _spdx3_needs(reading: BomReading, kind: str, item: dict[str, Any]) -> None:
    if kind in {"Relationship", "LifecycleScopedRelationship"}:
        if str(item.get("relationshipType")).rpartition("/")[2] == "dependsOn":
            aside = str(item.get("scope")).rpartition("/")[2] in {"development", "test"}
            source = reading.needs.number(text_of(item, "from"))
            for target in _texts(item.get("to")):
                reading.needs.add(source, reading.needs.number(target), aside=aside)
    elif kind in {"software_Sbom", "Sbom", "Bom"}:
        _spdx3_whole(reading, item)


def _spdx3_whole(reading: BomReading, item: dict[str, Any]) -> None:
    reading.needs.whole.update(map(reading.needs.number, _texts(item.get("rootElement"))))


def _id(item: dict[str, Any]) -> str:
    return text_of(item, "spdxId") or text_of(item, "@id")


def _texts(value: object) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _identifiers(item: dict[str, Any]) -> list[object]:
    told = [item.get("software_packageUrl") or item.get("packageUrl")]
    listed = item.get("externalIdentifier")
    for one in listed if isinstance(listed, list) else [listed]:
        if isinstance(one, dict) and str(one.get("externalIdentifierType")).rpartition("/")[2] == "packageUrl":
            told.append(one.get("identifier"))
    return [purl for purl in told if purl]


_TAG = re.compile(r"([A-Za-z]+):\s*(.*)")


def read_spdx_tags(file: IO[bytes]) -> BomReading:
    """SPDX 2 as tags and values. Raises `UnreadableSbom` while its packages are read."""
    reading = BomReading("SPDX tag-value")
    reading.packages = _tags(file, reading)
    return reading


def _tags(file: IO[bytes], reading: BomReading) -> Iterator[Carried]:
    package: dict[str, str] = {}
    purls: list[object] = []
    for tag, value in _each_tag(file):
        if tag in {"PackageName", "FileName", "SnippetSPDXID"}:  # each begins another element
            if package:
                yield from _tagged(reading, purls, package)
            package, purls = ({"name": value} if tag == "PackageName" else {}), []
        elif tag in {"PackageVersion", "SPDXID", "PackageSourceInfo", "PrimaryPackagePurpose"} and package:
            package[tag] = value
        elif tag == "ExternalRef" and (found := re.fullmatch(r"PACKAGE[-_]MANAGER\s+purl\s+(\S+)", value)):
            purls.append(found[1])
        elif tag == "Relationship":
            _relation(reading, *(*value.split(), "", "", "")[:3])
        elif tag == "SPDXVersion":
            reading.format = f"SPDX {value.removeprefix('SPDX-')[:10]} tag-value"
        elif tag == "DocumentName":
            reading.describes = value[:200]
        elif tag == "Created":
            reading.read_date(value)
    if package:
        yield from _tagged(reading, purls, package)


def _tagged(reading: BomReading, purls: list[object], package: dict[str, str]) -> Iterator[Carried]:
    if not purls and _is_no_package(package.get("PrimaryPackagePurpose", ""), package["name"]):
        reading.note("no_package", package["name"])
        return iter(())
    number = reading.needs.number(package.get("SPDXID", ""))
    built = _built_from(package.get("PackageSourceInfo", ""))
    return _each_purl(reading, purls, package["name"], package.get("PackageVersion"), number, built)


def _skip_line(file: IO[bytes], *, within: bool) -> bool:
    """Goes to the end of a line; whether a text that stands in it goes on after it."""
    while rest := file.readline(_MOST_LINE):
        within = within and b"</text>" not in rest
        if rest.endswith(b"\n"):
            break
    return within


def _each_tag(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    """Each tag and its value; a text between <text> and </text> may take several lines, and is of no use here."""
    file.seek(0)
    within = False
    while line := file.readline(_MOST_LINE):
        if len(line) == _MOST_LINE and not line.endswith(b"\n"):
            within = _skip_line(file, within=within or b"<text>" in line)  # no tag that is read here is so long
            continue
        try:
            written = line.decode("utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise UnreadableSbom("wrong_encoding") from error
        if within:
            within = "</text>" not in written
            continue
        within = "<text>" in written and "</text>" not in written
        found = _TAG.fullmatch(written)
        if found:
            yield found[1], re.sub(r"^<text>(.*)</text>$", r"\1", found[2])
