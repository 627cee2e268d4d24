"""Reading a product file for the pure commands: errors to standard error, exit code 2."""

import sys
from datetime import date
from pathlib import Path

from risk_models import product_file
from risk_models.checked_map import ProductFileError
from risk_models.system import System

WRONG_FILE = 2


def read_system(path: str, as_of: date) -> System:
    """The system of a product file; ends the command with code 2 and a message when it is wrong."""
    try:
        return product_file.loads(Path(path).read_text(encoding="utf-8"), as_of=as_of)
    except (ProductFileError, UnicodeDecodeError, OSError) as error:
        sys.stderr.write(f"{path}: {error}\n")
        raise SystemExit(WRONG_FILE) from error
