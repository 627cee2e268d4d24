"""Lock files as readings; which they are and how each is read is in risk_models/exposure/lock_files.py."""

import re
from collections.abc import Callable, Iterator
from typing import IO
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException

from app.packages.importers.reading import BomReading, Carried, LineNeeds, UnreadableSbom
from risk_models.exposure.lock_files import reader_of
from risk_models.exposure.lock_text import Locked, Pairs
from risk_models.product_file.source_yaml import UnreadableYaml
from risk_models.rules.limits import FILE_BYTES

# What Windows' tools put before a text that pip reads as they wrote it.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


# What XML may declare, of the encodings that older files of Maven have.
_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]{0,200}?encoding=["']([A-Za-z0-9._-]{1,40})["']""")
_ONE_BYTE = frozenset({"iso-8859-1", "iso-8859-15", "latin1", "latin-1", "windows-1252", "cp1252", "us-ascii"})


def reader_for(name: str) -> Callable[[IO[bytes]], BomReading] | None:
    """What reads a file of this name; None when it is not a lock file."""
    pairs = reader_of(name)
    if pairs is None:
        return None

    def read(file: IO[bytes]) -> BomReading:
        reading = BomReading(name[:60])
        reading.packages = _packages(reading, file, pairs)
        return reading

    return read


def _packages(reading: BomReading, file: IO[bytes], pairs: Pairs) -> Iterator[Carried]:
    file.seek(0)
    content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise UnreadableSbom("too_large", most=FILE_BYTES // 1_000_000)
    declared = _DECLARED.match(content)
    encoding = declared[1].decode().lower() if declared else ""
    known = encoding if encoding in _ONE_BYTE else "utf-16" if content.startswith(UTF_16) else "utf-8-sig"
    try:
        written = content.decode(known)
    except UnicodeDecodeError as error:
        raise UnreadableSbom("wrong_encoding") from error
    needs, refs = reading.needs, set[int]()
    try:
        for one in pairs(written, reading.note):
            ref = needs.number(one.ref)
            if ref not in refs:
                _note_needs(needs, ref, one)
            refs.add(ref)
            found = reading.package(one.purl, None, one.purl, one.version, development=one.development, ref=ref)
            if found:
                yield found
        # What a lock holds and none of its other lines needs is there because the team imports it.
        if needs.sources and not needs.imports:
            pairs_told = zip(needs.sources, needs.targets, strict=True)
            needs.imports.extend(sorted(refs - {target for source, target in pairs_told if source != target}))
    except DefusedXmlException as error:
        raise UnreadableSbom("xml_entities") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ParseError) as error:
        if isinstance(error, UnreadableSbom):
            raise
        if isinstance(error, UnreadableYaml):
            raise UnreadableSbom("not_a_lock", name=reading.format, why=error) from error
        if place := re.search(r"\bline (\d+)", str(error)):
            raise UnreadableSbom("broken_lock", name=reading.format, line=place[1]) from error
        raise UnreadableSbom("other_lock", name=reading.format) from error


def _note_needs(needs: LineNeeds, ref: int, locked: Locked) -> None:
    """Once for each line: readers give again, of one that stands twice, all that it needs."""
    for other in dict.fromkeys(locked.needs):
        needs.add(ref, needs.number(other))
    if locked.imported:
        needs.imports.append(ref)
