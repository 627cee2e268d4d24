"""Which reader a file asks for: by its content, and by its name for lock files."""

import re
from pathlib import PurePath
from typing import IO

from app.packages.importers import json_boms, locks, xml_bom
from app.packages.importers.reading import BomReading, UnreadableSbom

_LOOKED_AT = 1 << 16


def open_reading(file: IO[bytes], name: str) -> BomReading:
    """A reading of an SBOM or a lock file. Raises `UnreadableSbom`, now or while its packages are read."""
    file.seek(0)
    head = file.read(_LOOKED_AT)
    if not head.strip():
        raise UnreadableSbom("empty")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableSbom("wrong_encoding")
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        raise UnreadableSbom("compressed")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<(!doctype\s+html|html)", start, re.IGNORECASE):
        raise UnreadableSbom("html")
    lock = locks.reader_for(PurePath(name).name)
    if lock:
        return lock(file)
    if start.startswith(b"<"):
        return xml_bom.read_xml_cyclonedx(file)
    if not start.startswith(b"{"):
        raise UnreadableSbom("unknown_format", name=PurePath(name).name)
    if b'"spdxVersion"' in head:
        return json_boms.read_spdx(file)
    return json_boms.read_cyclonedx(file)
