"""JSON that others wrote, as values that every database and every page can hold."""

import json
import re
from collections.abc import Callable
from typing import Any

# Half of a character, which JSON may write and UTF-8 may not.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def load_json(text: str | bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """The value of a JSON text, in which half a character is "?". Raises ValueError or RecursionError."""
    found = json.loads(text, parse_constant=parse_constant)
    written = text.encode("utf-8", "replace") if isinstance(text, str) else text
    return _storable(found) if _HALF.search(written) else found


def as_text(value: Any) -> str:
    """Plain text on one line, fit for every page and database; "" for what is no text."""
    return "".join(ch for ch in value if ch.isprintable()).strip()[:200] if isinstance(value, str) else ""


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(held) for key, held in value.items()}
    return [_storable(held) for held in value] if isinstance(value, list) else value
