"""Systems and assessments as plain values and back, whole: for another process, or to be kept."""

from datetime import date
from typing import Any, TypeVar

import cattrs

T = TypeVar("T")
_CONVERTER = cattrs.Converter()
_CONVERTER.register_unstructure_hook(date, date.isoformat)
_CONVERTER.register_structure_hook(date, lambda text, _: date.fromisoformat(text))


def plain(value: object) -> Any:
    """`value`, a dataclass of this package, as what JSON can write."""
    return _CONVERTER.unstructure(value)


def from_plain(found: Any, kind: type[T]) -> T:
    """The contrary of `plain`."""
    return _CONVERTER.structure(found, kind)
