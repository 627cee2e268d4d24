"""Values of this package as plain values and back, whole: for another process, or to be kept as JSON."""

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from risk_models.study import StudiedService

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")


def make_converter() -> "Converter":
    """Dataclasses to maps and lists and back: days in ISO 8601, closed lists by value, no key for proofs that are none."""
    import cattrs  # half a second: whoever converts nothing does not wait for it
    from cattrs.gen import make_dict_unstructure_fn, override

    made = cattrs.Converter(detailed_validation=False)
    made.register_unstructure_hook(date, date.isoformat)
    made.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    services = make_dict_unstructure_fn(StudiedService, made, proofs=override(omit_if_default=True))
    made.register_unstructure_hook(StudiedService, services)
    return made


_converter = cache(make_converter)


def plain(value: object) -> Any:
    """`value`, a dataclass of this package, as what JSON can write."""
    return _converter().unstructure(value)


def from_plain(found: Any, kind: type[T]) -> T:
    """The contrary of `plain`. Raises `ValueError`, `TypeError` or `KeyError` for what `plain` does not make."""
    return _converter().structure(found, kind)
