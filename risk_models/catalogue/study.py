"""Examples of the guided analysis, in the reader's language."""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from risk_models.catalogue.reading import read_yaml
from risk_models.scales import Aim, Need, RiskSourceKind, StakeholderKind

_ENUMS: dict[str, dict[str, type[Enum]]] = {
    "fears": {"need": Need},
    "stakeholders": {"kind": StakeholderKind},
    "sources": {"kind": RiskSourceKind, "aim": Aim},
    "stories": {"need": Need},
}


@dataclass(frozen=True, slots=True)
class Example:
    """A line of study.yaml: its sentence in one language, and the values that go with it."""

    text: str
    values: dict[str, Any]


@cache
def examples(group: str, language: str) -> tuple[Example, ...]:
    """The examples of a group: assets, fears, stakeholders, sources, stories."""
    found = []
    for line in read_yaml("study.yaml")[group]:
        said = next(line[key] for key in ("text", "name", "why") if isinstance(line.get(key), dict))
        enums = _ENUMS.get(group, {})
        values = {k: enums[k](v) if k in enums else v for k, v in line.items() if not isinstance(v, dict)}
        found.append(Example(said[language], values))
    return tuple(found)
