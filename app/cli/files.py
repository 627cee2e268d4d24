"""Reading a product file for the pure commands: errors to standard error, exit code 2."""

import sys
from datetime import date
from pathlib import Path

from risk_models import cyclonedx, product_file
from risk_models.checked_map import ProductFileError
from risk_models.system import System

WRONG_FILE = 2


def read_system(path: str, as_of: date) -> System:
    """The system of a product file, with the SBOM files beside it; ends with code 2 and a message when one is wrong."""
    at = Path(path)
    try:
        system = product_file.loads(at.read_text(encoding="utf-8"), as_of=as_of)
    except (ProductFileError, UnicodeDecodeError, OSError) as error:
        raise _wrong(path, error) from error
    for component in system.components:
        beside = at.parent / component.sbom if component.sbom else None
        if beside and beside.is_file():
            try:
                system = cyclonedx.with_libraries(system, {component.id: beside.read_text(encoding="utf-8")})
            except (cyclonedx.UnreadableSbom, UnicodeDecodeError, OSError) as error:
                raise _wrong(str(beside), error) from error
    return system


def _wrong(path: str, error: Exception) -> SystemExit:
    sys.stderr.write(f"{path}: {error}\n")
    return SystemExit(WRONG_FILE)
