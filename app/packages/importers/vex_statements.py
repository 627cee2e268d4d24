"""What a VEX document says of one flaw in one place, whatever its form."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from app.packages.kinds import FlawState, Justification
from risk_models.exposure.package_names import ecosystem_of, without_release
from risk_models.exposure.versions import is_same_version, read_version


@dataclass(frozen=True, slots=True)
class Statement:
    """What a document says of one flaw, under `names`, in one package.

    `package` is empty where it speaks of the whole product, `version` and `span` (a range, as `vers:` writes them) for any,
    `component` for any of ours; `said_at` is its instant, where it tells one.
    """

    names: tuple[str, ...]
    package: str
    version: str
    state: FlawState
    justification: Justification | None
    detail: str
    span: str = ""
    component: str = ""
    until: date | None = None
    said_at: datetime | None = None

    def told(self) -> str:
        """The flaw and where, in a line."""
        return f"{self.names[0]} – {self.package} {self.version or self.span}".strip(" –")

    def is_about(self, package: str) -> bool:
        """Whether it speaks of a package: the very one, or that of whatever release where it names none; or of all."""
        return self.package in {"", package, without_release(package)}

    def holds(self, version: str) -> bool | None:
        """Whether it speaks of a version of its package; None where its range cannot be read. Of the product, which version
        that is, nobody knows here."""
        if not self.package:
            return not self.version and not self.span
        if self.version:
            return is_same_version(ecosystem_of(self.package), self.version, version)
        return _is_within(self.span, ecosystem_of(self.package), version) if self.span else True


_OF_ONE = frozenset({"=", "!="})
_CONSTRAINT = re.compile(r"\s*(>=|<=|!=|>|<|=)?\s*(\S{1,200})\s*")


def _is_within(span: str, ecosystem: str, version: str) -> bool | None:
    """Whether a range (github.com/package-url/vers-spec) of this type holds a version, in the order of `read_version`, from
    which univers departs; None where either cannot be read, or two bounds follow each other on one side."""
    read, bounds = read_version(ecosystem, version), _bounds(span, ecosystem)
    if read is None or bounds is None:
        return None
    named = {sign for bound, sign in bounds if sign in _OF_ONE and bound == read}
    if named:
        return "=" in named
    sides = sorted((b for b in bounds if b[1] not in _OF_ONE), key=lambda b: b[0])
    if any(one[1][0] == other[1][0] for one, other in pairwise(sides)):
        return None
    inside = sides[0][1].startswith("<") if sides else all(sign == "!=" for _, sign in bounds)
    for bound, sign in sides:
        if bound < read or (bound == read and sign in {">=", "<"}):
            inside = sign.startswith(">")
    return inside


def _bounds(span: str, ecosystem: str) -> list[tuple[Any, str]] | None:
    """The constraints of a range of this type: none where it holds all."""
    scheme, slash, told = span.removeprefix("vers:").partition("/")
    if not span.startswith("vers:") or not slash or scheme != ecosystem:
        return None
    bounds: list[tuple[Any, str]] = []
    for part in told.split("|") if told.strip() != "*" else ():
        found = _CONSTRAINT.fullmatch(part)
        bound = read_version(ecosystem, unquote(found[2])) if found else None
        if found is None or bound is None:
            return None
        bounds.append((bound, found[1] or "="))
    return bounds


@dataclass(frozen=True, slots=True)
class LeftEntry:
    """An entry that says nothing that can be taken: which, and why (a code of `vex_left` in words.yaml)."""

    what: str
    why: str
