"""Examples of the guided analysis, in the reader's language."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from risk_models.catalogue.reading import read


@dataclass(frozen=True, slots=True)
class Example:
    """A line of study.yaml: its sentence in one language, and the values that go with it."""

    text: str
    values: dict[str, Any]


@cache
def examples(group: str, language: str) -> tuple[Example, ...]:
    """The examples of a group: assets, fears, stakeholders, sources, stories."""
    found = []
    for line in read("study.yaml")[group]:
        said = next(line[key] for key in ("text", "name", "why") if isinstance(line.get(key), dict))
        found.append(Example(said[language], {k: v for k, v in line.items() if not isinstance(v, dict)}))
    return tuple(found)
