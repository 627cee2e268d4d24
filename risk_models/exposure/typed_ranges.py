"""Ranges of versions that a person types."""

import re
from typing import Any
from urllib.parse import unquote

from risk_models.exposure.package_names import ecosystem_of
from risk_models.exposure.ranges import Affected, Interval, UnreadableRange
from risk_models.exposure.versions import read_version

_COMPARISON = re.compile(r"(<=|>=|<|>|==|=)?\s*(\S+)")


def read_range(package: str, text: str) -> Affected:
    """The versions that a person types: `>=2.0,<2.17.1`; `|` between ranges is a union; `*` is any version.

    Raises `UnreadableRange`, naming the part that is not read.
    """
    ecosystem = ecosystem_of(package)
    text = unquote(text).strip()
    if text.startswith("vers:"):
        raise UnreadableRange("write the range as comparisons, for instance '>=2.0,<2.17.1'")
    intervals = tuple(_typed(ecosystem, part) for part in re.split(r"\s*\|+\s*", text) if part)
    if not intervals:
        raise UnreadableRange("the range is empty: write for instance '>=2.0,<2.17.1', or '*' for any version")
    return Affected(package, intervals)


def _typed(ecosystem: str, text: str) -> Interval:
    low: str | None = None
    high: str | None = None
    with_low, with_high = True, False
    for part in re.split(r"\s*,\s*|\s+(?=[<>=])", text.strip()):
        found = _COMPARISON.fullmatch(part)
        if part == "*":
            continue
        if not found or read_version(ecosystem, found[2]) is None:
            raise UnreadableRange(f"{part[:40]!r} is not a comparison with a version, such as '>=2.0' or '<2.17.1'")
        sign, version = found[1] or "=", found[2]
        if sign.startswith(">") or sign.startswith("="):
            low, with_low = _tighter(ecosystem, (low, with_low), (version, sign != ">"), lowest=False)
        if sign.startswith("<") or sign.startswith("="):
            high, with_high = _tighter(ecosystem, (high, with_high), (version, sign != "<"), lowest=True)
    if low and high:
        first, last = _known(ecosystem, low), _known(ecosystem, high)
        if last < first or (first == last and not (with_low and with_high)):
            raise UnreadableRange(f"{text[:40]!r} holds no version")
    return Interval(low, high, with_low, with_high)


def _known(ecosystem: str, text: str) -> Any:
    """What orders a version that was read before."""
    return read_version(ecosystem, text)


def _tighter(
    ecosystem: str, known: tuple[str | None, bool], said: tuple[str, bool], *, lowest: bool
) -> tuple[str | None, bool]:
    """Of two bounds on one side, the one that lets less through."""
    if known[0] is None:
        return said
    mine, other = _known(ecosystem, known[0]), _known(ecosystem, said[0])
    if mine == other:
        return known if not known[1] else said
    return said if (other < mine) == lowest else known
