"""Whether a CycloneDX file follows its published schema; a file that does not is imported with that said."""

from typing import IO

from cyclonedx.exception import MissingOptionalDependencyException
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonValidator
from cyclonedx.validation.xml import XmlValidator

from app.packages.importers.reading import Reading

# A comparison takes about 4 s a megabyte, the import itself a twentieth of that.
MOST_BYTES = 300_000


def compare(file: IO[bytes], reading: Reading, version: str, *, xml: bool) -> None:
    """Notes on `reading` the first thing in `file` that its schema refuses; too large a file is not compared."""
    file.seek(0)
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        reading.note("not_compared", f"{MOST_BYTES // 1_000} ko")
        return
    try:
        known = SchemaVersion.from_version(version)
    except ValueError:
        return  # an unknown version was noted already
    validator = XmlValidator(known) if xml else JsonValidator(known)
    try:
        error = validator.validate_str(content.decode("utf-8-sig"))
    except (MissingOptionalDependencyException, NotImplementedError):
        return  # no schema was published for this version in this format
    if error is not None:
        said = getattr(error.data, "message", None) or str(error.data)
        reading.note("not_in_schema", said)
