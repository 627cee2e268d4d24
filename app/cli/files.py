"""Reading a product file for the pure commands: errors to standard error, exit code 2."""

import sys
from datetime import date
from pathlib import Path

from risk_models import product_file
from risk_models.exposure import cyclonedx
from risk_models.product_file.checked_map import ProductFileError
from risk_models.system import System

WRONG_FILE = 2
_MOST_BYTES = 200_000_000


def read_system_file(path: str, as_of: date) -> System:
    """The system of a product file, with the SBOM files beside it; ends with code 2 and a message when one is wrong."""
    at = Path(path)
    try:
        system = product_file.loads(_text(at), as_of=as_of)
    except (ProductFileError, OSError) as error:
        raise _wrong(path, error) from error
    for component in system.components:
        if component.sbom:
            try:
                beside = _beside(at, component.sbom, component.id)
                if beside:
                    system = cyclonedx.with_libraries(system, {component.id: _text(beside)})
            except (ProductFileError, cyclonedx.UnreadableInventory, OSError) as error:
                raise _wrong(component.sbom[:200], error) from error
    return system


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise ProductFileError("not_utf8", place=place) from error


def _beside(file: Path, sbom: str, component: str) -> Path | None:
    """The SBOM of a component, within the folder of its product file; None where it is not there."""
    folder = file.parent.resolve()
    found = (folder / sbom).resolve()
    if not found.is_relative_to(folder):
        raise ProductFileError("sbom_outside", ("component", component), path=sbom[:200])
    if not found.is_file():
        return None
    if found.stat().st_size > _MOST_BYTES:
        raise ProductFileError("sbom_too_large", ("component", component), most=_MOST_BYTES // 1_000_000)
    return found


def _wrong(path: str, error: Exception) -> SystemExit:
    sys.stderr.write(f"{path}: {error}\n")
    return SystemExit(WRONG_FILE)
