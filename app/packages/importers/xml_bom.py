"""CycloneDX in XML, read as a stream; a document type or an entity is refused before it can do anything."""

from collections.abc import Iterator
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from app.packages.importers import schemas
from app.packages.importers.json_boms import MOST_SERVICES, NO_PACKAGE, is_lock, told_aside, told_source
from app.packages.importers.reading import BomReading, BomService, Carried, UnreadableSbom
from app.platform.foreign_json import as_text

_NAMESPACE = "{http://cyclonedx.org/schema/bom/"
_DEEPEST = 200


def read_xml_cyclonedx(file: IO[bytes]) -> BomReading:
    """Raises `UnreadableSbom` while its packages are read."""
    reading = BomReading("CycloneDX XML")
    reading.packages = _read(file, reading)
    return reading


def _read(file: IO[bytes], reading: BomReading) -> Iterator[Carried]:
    file.seek(0)
    reader = _Reader(reading)
    try:
        for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                reader.start(element)
            else:
                found = reader.end(element)
                if found:
                    yield found
    except DefusedXmlException as error:
        raise UnreadableSbom("xml_entities") from error
    except (ParseError, LookupError, ValueError) as error:
        if isinstance(error, UnreadableSbom):
            raise
        line, _ = getattr(error, "position", (1, 0))
        raise UnreadableSbom("not_xml", line=line) from error
    reader.finish()
    schemas.compare_with_schema(file, reading, reader.version, xml=True)


class _Reader:
    """Follows where in the document the parser stands, and forgets each element once read."""

    def __init__(self, reading: BomReading) -> None:
        self.reading = reading
        self.version = ""
        self.root: Element | None = None
        self.path: list[str] = []
        self.seen: set[int] = set()
        self.wanted: list[str] = []
        self.parents: list[str] = []

    def start(self, element: Element) -> None:
        tag = _local(element)
        if not self.path:
            self.root = element
            if tag != "bom" or not element.tag.startswith(_NAMESPACE):
                raise UnreadableSbom("not_cyclonedx", found=element.tag)
            version = element.tag[len(_NAMESPACE) :].partition("}")[0]
            self.version = version
            self.reading.format = f"CycloneDX {version[:10]} XML"
            if version not in {"1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7"}:
                self.reading.note("unknown_spec_version", version)
        self.path.append(tag)
        if len(self.path) > _DEEPEST:
            raise UnreadableSbom("too_nested", most=_DEEPEST)
        ref = element.get("bom-ref") if tag in {"component", "service"} else None
        if ref:
            number = self.reading.needs.number(ref)
            if number in self.seen:
                self.reading.note("duplicate_ref", ref)
            self.seen.add(number)
            if self.path == ["bom", "metadata", "component"]:
                self.reading.needs.whole.add(number)
        if tag == "dependency" and element.get("ref"):
            self._dependency(str(element.get("ref")))

    def _dependency(self, ref: str) -> None:
        needs = self.reading.needs
        if self.parents:
            self.reading.service_links.append((self.parents[-1], ref))
            needs.add(needs.number(self.parents[-1]), needs.number(ref))
        self.wanted.append(ref)
        self.parents.append(ref)

    def end(self, element: Element) -> Carried | None:
        path = self.path.copy()
        self.path.pop()
        if len(path) == 2 and self.root is not None:
            self.root.clear()  # what stands directly in the document was read, or is of no use
        match path:
            case ["bom", "metadata", "timestamp"]:
                self.reading.read_date(element.text)
            case ["bom", "metadata", "component"]:
                self.reading.describes = _child(element, "name")[:200]
            case ["bom", *_, "dependency"] if element.get("ref"):
                self.parents.pop()
                element.clear()
            case ["bom", "services", *between, "service"] if set(between) <= {"service", "services"}:
                self._service(element)
                element.clear()
            case ["bom", "components", *between, "component"] | [
                "bom",
                "metadata",
                "component",
                "components",
                *between,
                "component",
            ] if set(between) <= {"component", "components"}:
                kind, name = element.get("type"), _child(element, "name")
                if not _child(element, "purl") and (kind in NO_PACKAGE or (kind == "application" and is_lock(name))):
                    self.reading.note("no_package", name)
                    element.clear()
                    return None
                ref, properties = self.reading.needs.number(element.get("bom-ref", "")), _find(element, "properties")
                said = {e.get("name", ""): e.text or "" for e in (properties if properties is not None else ())}
                aside = _child(element, "scope") == "excluded" or told_aside(said)
                if kind == "application" and not _child(element, "purl"):
                    self.reading.needs.whole.add(ref)
                told = (_child(element, tag) for tag in ("purl", "group", "name", "version"))
                found = self.reading.package(*told, development=aside, ref=ref, upstream=told_source(said))
                element.clear()
                return found
        return None

    def _service(self, element: Element) -> None:
        name = as_text(_child(element, "name"))
        if not name:
            self.reading.note("not_a_service", "")
            return
        if len(self.reading.services) >= MOST_SERVICES:
            self.reading.note("too_many_services", name)
            return
        provider = _find(element, "provider")
        self.reading.services.append(
            BomService(
                ref=element.get("bom-ref") or name,
                name=name,
                provider=as_text(_child(provider, "name")) if provider is not None else "",
                authenticated=self._boolean(element, "authenticated"),
                crosses_boundary=self._boolean(element, "x-trust-boundary"),
                data=tuple((e.text or "").strip() for e in element.iter() if _local(e) == "classification"),
            )
        )

    def _boolean(self, element: Element, tag: str) -> bool | None:
        said = _child(element, tag)
        if said not in {"", "true", "false", "0", "1"}:
            self.reading.note("not_a_boolean", said)
            return None
        return said in {"true", "1"} if said else None

    def finish(self) -> None:
        for ref in self.wanted:
            if self.reading.needs.number(ref) not in self.seen:
                self.reading.note("unknown_ref", ref)
        known = {service.ref for service in self.reading.services}
        self.reading.service_links = [(a, b) for a, b in self.reading.service_links if a in known and b in known]


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _find(element: Element, tag: str) -> Element | None:
    return next((child for child in element if _local(child) == tag), None)


def _child(element: Element, tag: str) -> str:
    found = _find(element, tag)
    return (found.text or "").strip() if found is not None else ""
