"""JSON read as a stream, so that memory does not grow with the file; and CycloneDX 1.2 to 1.7."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any

import ijson
import numpy as np

from app.packages.importers import schemas
from app.packages.importers.reading import BomReading, BomService, Carried, UnreadableSbom, text_of
from app.platform.foreign_json import as_text
from risk_models.exposure.lock_files import reader_of

_CHUNK = 1 << 20
DEEPEST = 200
MOST_SERVICES = 500


def read_cyclonedx(file: IO[bytes], within: str = "") -> BomReading:
    """Of the whole file, or of what stands `within` it (such as "sbom."). Raises `UnreadableSbom`, at once or while its packages
    are read."""
    reading = BomReading("CycloneDX JSON")
    reading.packages = _cyclonedx(file, reading, within)
    return reading


def refuse_deep(file: IO[bytes]) -> None:
    """Raises `UnreadableSbom` for JSON nested too deeply, which would cost its readers the square of its depth."""
    _rewind(file)
    depth, in_text, tail = 0, 0, b""
    while chunk := file.read(_CHUNK):
        whole = tail + chunk
        ending = len(whole) - len(whole.rstrip(b"\\"))
        tail = whole[len(whole) - ending :] if ending % 2 else b""
        plain = whole[: len(whole) - len(tail)].replace(b"\\\\", b"__").replace(b'\\"', b"__")
        found = np.frombuffer(plain, dtype=np.uint8)
        within = (np.cumsum(found == ord('"'), dtype=np.int32) + in_text) & 1
        steps = _STEPS[found] * (1 - within)
        depths = depth + np.cumsum(steps, dtype=np.int32)
        if len(depths):
            if int(depths.max()) > DEEPEST:
                raise UnreadableSbom("too_deep", most=DEEPEST)
            depth, in_text = int(depths[-1]), int(within[-1])


_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[[ord("["), ord("{")]] = 1
_STEPS[[ord("]"), ord("}")]] = -1


def _cyclonedx(file: IO[bytes], reading: BomReading, within: str) -> Iterator[Carried]:
    version = first_value(file, f"{within}specVersion")
    if (name := first_value(file, f"{within}bomFormat")) != "CycloneDX":
        raise UnreadableSbom("not_cyclonedx", found=name)
    reading.format = f"CycloneDX {str(version)[:10]} JSON"
    if str(version) not in {"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"}:
        reading.note("unknown_spec_version", version)
    described = _metadata(first_value(file, f"{within}metadata"), reading)
    count = 0
    for found in _components(chain(described, each_value(file, f"{within}components.item")), reading):
        count += 1
        yield found
    if not count:
        must_be_a_list(file, f"{within}components")
    if names_key(file, "services"):
        _services(each_value(file, f"{within}services.item"), reading)
    if names_key(file, "dependencies"):
        _dependencies(each_value(file, f"{within}dependencies.item"), reading)
    if not within:
        schemas.compare_with_schema(file, reading, str(version), xml=False)


def _metadata(metadata: Any, reading: BomReading) -> list[Any]:
    """What the file is about; the components that it is made of, which count as the others."""
    if not isinstance(metadata, dict):
        return []
    reading.read_date(metadata.get("timestamp"))
    described = metadata.get("component")
    reading.describes = text_of(described, "name")[:200]
    if not isinstance(described, dict):
        return []
    reading.needs.whole.add(_reference(described, reading))
    inner = described.get("components")
    return inner if isinstance(inner, list) else []


# What a scanner lists beside packages: a file of the disk, and the system, whose packages have their own lines.
NO_PACKAGE = frozenset({"file", "operating-system"})


def _components(items: Iterable[Any], reading: BomReading) -> Iterator[Carried]:
    for top in items:
        pending = [top]
        while pending:
            item = pending.pop()
            if not isinstance(item, dict):
                reading.note("not_a_component", item)
                continue
            ref = _reference(item, reading)
            listed = item.get("type") == "application" and not item.get("purl")
            if listed:
                reading.needs.whole.add(ref)  # a lock file or a module of the team's own, as scanners list them
            if not item.get("purl") and (str(item.get("type")) in NO_PACKAGE or (listed and is_lock(item.get("name")))):
                reading.note("no_package", item.get("name"))
            else:
                told = _properties(item)
                found = reading.package(
                    item.get("purl"),
                    item.get("group"),
                    item.get("name"),
                    item.get("version"),
                    development=item.get("scope") == "excluded" or told_aside(told),
                    ref=ref,
                    upstream=told_source(told),
                )
                if found:
                    yield found
            inner = item.get("components")
            if isinstance(inner, list):
                pending += inner
            elif inner is not None:
                reading.note("not_a_component", inner)


def is_lock(name: object) -> bool:
    return isinstance(name, str) and reader_of(name.rpartition("/")[2]) is not None


def _properties(item: dict[str, Any]) -> dict[str, str]:
    told = item.get("properties")
    if not isinstance(told, list):
        return {}
    return {text_of(one, "name"): text_of(one, "value") for one in told}


# What each tool writes of a package that only development wants: nothing that runs holds it.
_ASIDE = {
    ("cdx:npm:package:development", "true"),
    ("cdx:composer:package:isDevRequirement", "true"),
    ("cdx:maven:package:test", "true"),
    ("cdx:pipenv:category", "develop"),
}


def told_aside(told: dict[str, str]) -> bool:
    return bool(told) and not _ASIDE.isdisjoint(told.items())


def told_source(told: dict[str, str]) -> str:
    """The source that a package is built from, as trivy and syft say it in properties: "name" or "name@version"."""
    if not told:
        return ""
    trivy = {key: told.get(f"aquasecurity:trivy:Src{key}", "") for key in ("Name", "Epoch", "Version", "Release")}
    if trivy["Name"]:
        epoch = f"{trivy['Epoch']}:" if trivy["Epoch"] not in {"", "0"} else ""
        version = "-".join(filter(None, (trivy["Version"], trivy["Release"])))
        return f"{trivy['Name']}@{epoch}{version}" if version else trivy["Name"]
    if rpm := told.get("syft:metadata:sourceRpm"):
        return rpm
    name = told.get("syft:metadata:source") or told.get("syft:metadata:originPackage") or ""
    own = told.get("syft:metadata:sourceVersion", "")
    return f"{name}@{own}" if name and own else name


def _reference(item: dict[str, object], reading: BomReading) -> int:
    """The number of what the file calls `item`; one that another bears is noted."""
    ref, known = text_of(item, "bom-ref"), len(reading.needs)
    number = reading.needs.number(ref)
    if 0 < number < known:
        reading.note("duplicate_ref", ref)
    return number


def _dependencies(items: Iterable[Any], reading: BomReading) -> None:
    needs, known = reading.needs, len(reading.needs)
    services = {needs.number(service.ref): service.ref for service in reading.services}
    for item in items:
        ref = text_of(item, "ref")
        source = needs.number(ref)
        if source >= known:
            reading.note("unknown_ref", ref)
        listed = item.get("dependsOn") if isinstance(item, dict) else None
        for named in listed if isinstance(listed, list) else ():
            target = needs.number(str(named))
            if target >= known:
                reading.note("unknown_ref", named)
            if source in services and target in services and source != target:
                reading.service_links.append((services[source], services[target]))
            needs.add(source, target)


def _services(items: Iterable[Any], reading: BomReading) -> None:
    pending = deque(items)
    while pending:
        item = pending.popleft()
        if len(reading.services) >= MOST_SERVICES:
            reading.note("too_many_services", text_of(item, "name"))
            continue
        if not isinstance(item, dict) or not as_text(item.get("name")):
            reading.note("not_a_service", item)
            continue
        _reference(item, reading)
        flows = item.get("data")
        reading.services.append(
            BomService(
                ref=text_of(item, "bom-ref") or text_of(item, "name"),
                name=as_text(item.get("name")),
                provider=as_text(text_of(item.get("provider"), "name")),
                authenticated=_boolean(item, "authenticated", reading),
                crosses_boundary=_boolean(item, "x-trust-boundary", reading),
                data=tuple(text_of(flow, "classification") for flow in flows) if isinstance(flows, list) else (),
            )
        )
        inner = item.get("services")
        if isinstance(inner, list):
            pending += inner


def _boolean(item: dict[str, object], key: str, reading: BomReading) -> bool | None:
    value = item.get(key)
    if value is None or isinstance(value, bool):
        return value
    reading.note("not_a_boolean", value)
    return None


def each_value(file: IO[bytes], prefix: str) -> Iterator[Any]:
    """Each value at `prefix`, read on the way through the whole file."""
    _rewind(file)
    try:
        yield from ijson.items(file, prefix, use_float=True)
    except (ijson.JSONError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, UnreadableSbom):
            raise
        raise UnreadableSbom("truncated" if "premature EOF" in str(error) else "not_json") from error


def first_value(file: IO[bytes], prefix: str) -> Any:
    """The first value at `prefix`: no more of the file is read than it takes; None where there is none."""
    return next(each_value(file, prefix), None)


def names_key(file: IO[bytes], key: str) -> bool:
    """Whether the file holds this key at all: much faster than to parse it in vain."""
    _rewind(file)
    word, tail = f'"{key}"'.encode(), b""
    while chunk := file.read(_CHUNK):
        if word in tail + chunk:
            return True
        tail = chunk[-len(word) :]
    return False


def must_be_a_list(file: IO[bytes], key: str) -> None:
    """Nothing was found at `key`: either it is absent, null or empty, or it is no list at all."""
    _rewind(file)
    for prefix, event, _ in ijson.parse(file):
        if prefix == key:
            if event not in {"null", "start_array"}:
                raise UnreadableSbom("not_a_list", key=key)
            return


def _rewind(file: IO[bytes]) -> None:
    file.seek(0)
    if file.read(3) != b"\xef\xbb\xbf":
        file.seek(0)
