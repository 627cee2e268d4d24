"""Whether a CycloneDX file follows its published schema; a file that does not is imported with that said.

The schemas are those that cyclonedx-python-lib carries; it checks XML itself. JSON is checked with jsonschema-rs, which
gives the same answers on every file of the specification and takes 1 ms where jsonschema takes 400.
"""

import json
from functools import cache
from pathlib import Path
from typing import IO

import jsonschema_rs
from cyclonedx.schema import SchemaVersion
from cyclonedx.schema._res import BOM_JSON, CRYPTOGRAPHY_DEFS, JSF, SPDX_JSON
from cyclonedx.validation.xml import XmlValidator

from app.packages.importers.reading import BomReading

# A tree in memory weighs some eight times its file.
MOST_BYTES = 5_000_000
_AT = "http://cyclonedx.org/schema/"


def compare_with_schema(file: IO[bytes], reading: BomReading, version: str, *, xml: bool) -> None:
    """Notes on `reading` the first thing in `file` that its schema refuses; too large a file is not compared."""
    file.seek(0)
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        reading.note("not_compared", f"{MOST_BYTES // 1_000_000} Mo")
        return
    try:
        known = SchemaVersion.from_version(version)
    except ValueError:
        return  # an unknown version was noted already
    said = _xml_fault(known, content) if xml else _json_fault(known, content)
    if said:
        reading.note("not_in_schema", said)


def _xml_fault(version: SchemaVersion, content: bytes) -> str:
    try:
        error = XmlValidator(version).validate_str(content.decode("utf-8-sig"))
    except SyntaxError as broken:  # what lxml raises
        return str(broken)
    except ValueError:
        return ""  # another encoding than UTF-8, which XML allows and this check does not read
    return (getattr(error.data, "message", None) or str(error.data)) if error else ""


def _json_fault(version: SchemaVersion, content: bytes) -> str:
    validator = _validator(version)
    try:
        if validator:
            validator.validate(json.loads(content))  # the first fault alone: all of them weigh many times the file
    except jsonschema_rs.ValidationError as error:
        return error.message
    except ValueError as broken:  # after the last thing that was read, or in what is not read
        return str(broken)
    return ""


@cache
def _validator(version: SchemaVersion) -> jsonschema_rs.Draft7Validator | None:
    """None for a version that was never published in JSON."""
    path = BOM_JSON.get(version)
    if path is None:
        return None
    beside = {"spdx.SNAPSHOT": SPDX_JSON, "cryptography-defs.SNAPSHOT": CRYPTOGRAPHY_DEFS, "jsf-0.82.SNAPSHOT": JSF}
    registry = jsonschema_rs.Registry(
        [(f"{_AT}{name}.schema.json", _read(at)) for name, at in beside.items()], draft=jsonschema_rs.Draft7
    )
    return jsonschema_rs.Draft7Validator(_read(path), registry=registry, validate_formats=True)


def _read(path: str) -> dict[str, object]:
    schema: dict[str, object] = json.loads(Path(path).read_bytes())
    return schema
