"""Readers of outside tools: a payload in, readings out; they touch neither the database nor the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from risk_models.scales import Check, ObservationState

# Of the detail of a reading: the day a site's certificate ends, and since when it is known.
CERTIFICATE_END, CERTIFICATE_SINCE = "certificate_end", "certificate_since"
GOOD_DAYS = 31  # what a tool that looks every day saw is good for a month


@dataclass(frozen=True, slots=True)
class Reading:
    """What a tool says of one subject; `observed_on` None where the tool does not say, `until` bounds how long it is good."""

    check: Check
    subject: str
    state: ObservationState
    holds: bool = False
    grade: str = ""
    observed_on: date | None = None
    until: date | None = None
    dated_by: date | None = None  # another tool's day on the same site, where this one tells none
    detail: Mapping[str, object] = field(default_factory=dict)


class UnreadablePayload(ValueError):
    """A payload that is not what the tool gives. `code` of words.yaml, group connector_problems."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def worst_grade(grades: list[str]) -> str:
    """The worst of letters A to F, signs apart; empty of none."""
    return max(filter(None, grades), key=lambda g: (g[0], -len(g)), default="")


def at_least(grade: str, least: str) -> bool:
    return bool(grade) and grade[0] <= least
