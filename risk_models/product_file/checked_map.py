"""A mapping of a product file that knows where each key stands, refuses what it does not know, and says so."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from risk_models import catalogue
from risk_models.product_file.source_yaml import as_written
from risk_models.system import Extra, extra_of

E = TypeVar("E", bound=StrEnum)


class ProductFileError(ValueError):
    """A product file that cannot be read: `code` of words.yaml, the values of its sentence, and where it stands."""

    def __init__(
        self, code: str, what: tuple[str, str] | None = None, place: tuple[int, int] | None = None, **values: object
    ) -> None:
        """`what`: kind and name of the element; `place`: line and column, from 1."""
        self.code, self.what, self.place = code, what, place
        self.values = {hole: str(value) for hole, value in values.items()}
        super().__init__(self.text("en"))

    @property
    def line(self) -> int | None:
        return self.place[0] if self.place else None

    def text(self, language: str) -> str:
        """Where, what and how to mend it."""
        said = catalogue.sentence("file_errors", self.code, language, **self.values)
        if self.what:
            kind, name = self.what
            colon = {"fr": " : ", "en": ": "}[language]
            said = f"{catalogue.sentence('file_parts', kind, language)} {name}".rstrip() + colon + said
        if self.place:
            line, column = self.place
            said = catalogue.sentence("file_errors", "place", language, line=str(line), column=str(column)) + said
        return said


# What turns the direction of a text, and separates lines without seeming to.
_TURNING = frozenset(map(chr, (0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_SHOWN = 80


def is_hidden(ch: str) -> bool:
    """Whether a character would deceive whoever reads it: control, half a pair, turn of direction."""
    return unicodedata.category(ch) in {"Cc", "Cs"} or ch in _TURNING


def visible_text(text: str) -> str:
    """A text fit for a message: short, on one line, without what cannot be seen."""
    shown = "".join("·" if is_hidden(ch) else ch for ch in text[:_SHOWN])
    return shown + "…" * (len(text) > _SHOWN)


@dataclass
class CheckedMap:
    """Reads the keys of `content`, each once; every refusal is a `ProductFileError`."""

    content: Mapping[str, object]
    kind: str
    name: str = ""

    def __post_init__(self) -> None:
        self._read: set[str] = set()

    def fail(self, code: str, key: str | None = None, **values: object) -> ProductFileError:
        return ProductFileError(code, (self.kind, self.name), self._place(key), key=key, **values)

    def _place(self, key: str | None, *, of_key: bool = False) -> tuple[int, int] | None:
        if not isinstance(self.content, CommentedMap):
            return None
        try:
            at = (
                (self.content.lc.key if of_key else self.content.lc.value)(key)
                if key
                else (self.content.lc.line, self.content.lc.col)
            )
        except (KeyError, TypeError):
            at = None
        line, column = at or (self.content.lc.line, self.content.lc.col)
        return (line or 0) + 1, (column or 0) + 1  # an empty map has no place

    def raw(self, key: str) -> Any:
        self._read.add(key)
        return self.content.get(key)

    def text(self, key: str) -> str | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.fail("not_text", key)
        text = as_written(value).strip()
        if any(is_hidden(ch) and ch not in "\n\t" for ch in text):
            raise self.fail("control_characters", key)
        if len(text) > 2000:
            raise self.fail("too_long", key, most=2000)
        return text or None

    def needed(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise self._missing(key)
        return value

    def boolean(self, key: str) -> bool | None:
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            raise self.fail("not_boolean", key)
        return value

    def number(self, key: str, low: float, high: float) -> float | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.fail("not_number", key, low=f"{low:g}", high=f"{high:g}")
        return float(value)

    def day(self, key: str) -> date | None:
        value = self.raw(key)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        text = as_written(value)
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
                return date.fromisoformat(text)
        except ValueError:
            pass  # the thirtieth of February
        raise self.fail("not_date", key)

    def choice(self, key: str, of: type[E]) -> E | None:
        value = self.raw(key)
        return None if value is None else self.member(key, value, of)

    def member(self, key: str, value: object, of: type[E]) -> E:
        try:
            return of(as_written(value))
        except ValueError:
            words = ", ".join(member.value for member in of)
            raise self.fail("not_one_of", key, value=visible_text(as_written(value)), words=words) from None

    def items(self, key: str) -> list[Any]:
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list | CommentedSeq):
            raise self.fail("not_list", key)
        return list(value)

    def names(self, key: str, known: Collection[str]) -> tuple[str, ...]:
        """A list of ids of components; each must be known."""
        found = []
        for number, item in enumerate(self.items(key)):
            name = as_written(item)
            if name not in known:
                raise self._unknown(key, name, known, number)
            found.append(name)
        return tuple(found)

    def name_of(self, key: str, known: Collection[str]) -> str:
        """The id of a component, which must be known."""
        name = self.needed(key)
        if name not in known:
            raise self._unknown(key, name, known, None)
        return name

    def _unknown(self, key: str, name: str, known: Collection[str], number: int | None) -> ProductFileError:
        near = get_close_matches(name, sorted(known), 1, 0.5)
        code = "unknown_component_near" if near else "unknown_component"
        error = self.fail(code, key, name=visible_text(name), near=near[0] if near else "")
        values = self.content.get(key)
        if number is not None and isinstance(values, CommentedSeq):
            line, column = values.lc.item(number)
            error = ProductFileError(code, error.what, (line + 1, column + 1), **error.values)
        return error

    def _missing(self, key: str) -> ProductFileError:
        return ProductFileError("missing", (self.kind, self.name), self._place(None), key=key)

    def maps(self, key: str, what: str) -> Iterator["CheckedMap"]:
        for number, item in enumerate(self.items(key), start=1):
            if not isinstance(item, Mapping):
                raise self.fail("element_without_keys", key, number=number)
            name = item.get("id") or item.get("measure") or item.get("name") or number
            yield CheckedMap(item, what, visible_text(as_written(name)))

    def map(self, key: str, kind: str, name: str = "") -> "CheckedMap | None":
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.fail("without_keys", key)
        return CheckedMap(value, kind, name)

    def finish(self) -> Extra:
        """Refuses keys that nobody read, and gives those that begin with `x-`."""
        extra: Extra = ()
        for key, value in self.content.items():
            if str(key).startswith("x-"):
                try:
                    extra += extra_of({key: value})
                except (ValueError, TypeError):
                    raise self.fail("not_json", str(key)) from None
            elif key not in self._read:
                near = get_close_matches(str(key), sorted(self._read), 1)
                code = "unknown_key_near" if near else "unknown_key"
                values = {"near": near[0]} if near else {"known": ", ".join(sorted(self._read))}
                place = self._place(key, of_key=True)
                raise ProductFileError(code, (self.kind, self.name), place, key=visible_text(str(key)), **values)
        return tuple(sorted(extra))
