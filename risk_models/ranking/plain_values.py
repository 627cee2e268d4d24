"""Systems and assessments as plain values and back, whole: for another process, or to be kept."""

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")


@cache
def _converter() -> "Converter":
    import cattrs

    made = cattrs.Converter()
    made.register_unstructure_hook(date, date.isoformat)
    made.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    return made


def plain(value: object) -> Any:
    """`value`, a dataclass of this package, as what JSON can write."""
    return _converter().unstructure(value)


def from_plain(found: Any, kind: type[T]) -> T:
    """The contrary of `plain`."""
    return _converter().structure(found, kind)
