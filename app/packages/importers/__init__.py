"""Which reader a file asks for: by its content, and by its name for lock files."""

import re
from pathlib import PurePath
from typing import IO

from app.packages.importers import json_boms, locks, spdx_boms, xml_bom
from app.packages.importers.reading import BomReading, UnreadableSbom

_LOOKED_AT = 1 << 16


def open_reading(file: IO[bytes], name: str) -> BomReading:
    """A reading of an SBOM or a lock file. Raises `UnreadableSbom`, now or while its packages are read."""
    file.seek(0)
    head = file.read(_LOOKED_AT)
    if not head.strip():
        raise UnreadableSbom("empty")
    lock = locks.reader_for(PurePath(name).name)
    if head.startswith(locks.UTF_16) and lock is None:
        if head.decode("utf-16", "ignore").lstrip().startswith("<"):  # of which XML says its encoding
            return xml_bom.read_xml_cyclonedx(file)
        raise UnreadableSbom("wrong_encoding")
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        raise UnreadableSbom("compressed")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<(!doctype\s+html|html)", start, re.IGNORECASE):
        raise UnreadableSbom("html")
    if lock:
        return lock(file)
    if start.startswith(b"<"):
        return xml_bom.read_xml_cyclonedx(file)
    if re.search(rb"^SPDXVersion:", start, re.MULTILINE):
        return spdx_boms.read_spdx_tags(file)
    # Requirements of pip have whatever name their team gave them, in a folder that the name of a file does not tell.
    if name.endswith(".txt") and re.search(rb"^[A-Za-z0-9][\w.\[\],-]{0,200}==", start, re.MULTILINE):
        requirements = locks.reader_for("requirements.txt")
        if requirements:
            return requirements(file)
    if not start.startswith(b"{"):
        raise UnreadableSbom("unknown_format", name=PurePath(name).name)
    return _json_reading(file, PurePath(name).name)


# Where an SBOM stands in a file: by itself, in GitHub's export, in an attestation of in-toto.
_WITHIN = ("", "sbom.", "predicate.")


def _json_reading(file: IO[bytes], name: str) -> BomReading:
    """Told by keys that may stand anywhere in the file, before or after all its packages."""
    json_boms.refuse_deep(file)
    if json_boms.names_key(file, "spdxVersion"):
        for within in _WITHIN:
            if str(json_boms.first_value(file, f"{within}spdxVersion")).startswith("SPDX-"):
                return spdx_boms.read_spdx(file, within)
    if json_boms.names_key(file, "@graph") and "spdx.org/rdf/3" in str(json_boms.first_value(file, "@context")):
        return spdx_boms.read_spdx3(file)
    if json_boms.names_key(file, "bomFormat"):
        for within in _WITHIN:
            if json_boms.first_value(file, f"{within}bomFormat") == "CycloneDX":
                return json_boms.read_cyclonedx(file, within)
        return json_boms.read_cyclonedx(file)
    other = next((code for code, keys in _OTHERS.items() if all(json_boms.names_key(file, key) for key in keys)), None)
    raise UnreadableSbom(other or "unknown_format", name=name)


# What people give in the place of an SBOM, by keys that each has.
_OTHERS = {
    "renamed_lock": ("lockfileVersion",),
    "trivy_json": ("SchemaVersion", "Results"),
    "syft_json": ("artifacts", "artifactRelationships"),
    "envelope": ("payloadType", "payload"),
    "package_json": ("dependencies", "version"),
}
