"""A mapping of a product file that knows where each key stands, refuses what it does not know, and says so."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from risk_models.system import Extra

E = TypeVar("E", bound=StrEnum)


class ProductFileError(ValueError):
    """A product file that cannot be read; the message starts with line and column where they are known."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        where = f"line {line}, column {column}: " if line is not None else ""
        super().__init__(where + message)
        self.line = line
        self.column = column


@dataclass
class CheckedMap:
    """Reads the keys of `content`, each once; every refusal is a `ProductFileError`."""

    content: Mapping[str, Any]
    what: str

    def __post_init__(self) -> None:
        self._read: set[str] = set()

    def fail(self, message: str, key: str | None = None) -> ProductFileError:
        line = column = None
        if isinstance(self.content, CommentedMap):
            try:
                at = self.content.lc.value(key) if key else (self.content.lc.line, self.content.lc.col)
                line, column = at[0] + 1, at[1] + 1
            except (KeyError, TypeError):
                line, column = self.content.lc.line + 1, self.content.lc.col + 1
        return ProductFileError(f"{self.what}: {message}", line, column)

    def raw(self, key: str) -> Any:
        self._read.add(key)
        return self.content.get(key)

    def text(self, key: str) -> str | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.fail(f"{key!r} must be text", key)
        text = str(value).strip()
        if any(ord(ch) < 32 and ch not in "\n\t" for ch in text):
            raise self.fail(f"{key!r} holds control characters", key)
        if len(text) > 2000:
            raise self.fail(f"{key!r} is longer than 2000 characters", key)
        return text or None

    def needed(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise self.fail(f"{key!r} is missing")
        return value

    def boolean(self, key: str) -> bool | None:
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            raise self.fail(f"{key!r} must be true or false", key)
        return value

    def number(self, key: str, low: float, high: float) -> float | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.fail(f"{key!r} must be a number from {low:g} to {high:g}", key)
        return float(value)

    def day(self, key: str) -> date | None:
        value = self.raw(key)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise self.fail(f"{key!r} must be a date such as 2026-03-01", key) from None

    def choice(self, key: str, of: type[E]) -> E | None:
        value = self.text(key)
        return None if value is None else self.member(key, value, of)

    def member(self, key: str, value: object, of: type[E]) -> E:
        try:
            return of(str(value))
        except ValueError:
            words = ", ".join(member.value for member in of)
            raise self.fail(f"{key!r}: {value!r} is not one of {words}", key) from None

    def items(self, key: str) -> list[Any]:
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list | CommentedSeq):
            raise self.fail(f"{key!r} must be a list", key)
        return list(value)

    def names(self, key: str, known: Collection[str]) -> tuple[str, ...]:
        """A list of ids of components; each must be known."""
        found = []
        for number, item in enumerate(self.items(key)):
            name = str(item)
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
        hint = f"did you mean {near[0]!r}?" if near else f"describe it under 'components', or mend this {key!r}"
        error = self.fail(f"{key!r}: unknown component {name!r}; {hint}", key)
        values = self.content.get(key)
        if number is not None and isinstance(values, CommentedSeq):
            line, column = values.lc.item(number)
            return ProductFileError(f"{self.what}: {key!r}: unknown component {name!r}; {hint}", line + 1, column + 1)
        return error

    def maps(self, key: str, what: str) -> Iterator["CheckedMap"]:
        for number, item in enumerate(self.items(key), start=1):
            if not isinstance(item, Mapping):
                raise self.fail(f"{key!r}: element {number} must have keys and values", key)
            name = item.get("id") or item.get("measure") or item.get("name") or number
            yield CheckedMap(item, f"{what} {name}")

    def map(self, key: str, what: str) -> "CheckedMap | None":
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.fail(f"{key!r} must have keys and values", key)
        return CheckedMap(value, what)

    def finish(self) -> Extra:
        """Refuses keys that nobody read, and gives those that begin with `x-`."""
        extra = []
        for key, value in self.content.items():
            if str(key).startswith("x-"):
                extra.append((str(key), json.dumps(value, default=str, ensure_ascii=False)))
            elif key not in self._read:
                known = ", ".join(sorted(self._read))
                near = get_close_matches(str(key), sorted(self._read), 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known keys are {known}"
                raise self.fail(f"unknown key {key!r}; {hint}", key)
        return tuple(extra)
