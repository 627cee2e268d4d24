"""What the ranking was tried on, what its levels are anchored on, what each version of the model changed, what it misses."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from risk_models.catalogue import Text, source_text
from risk_models.catalogue.reading import read_yaml


@dataclass(frozen=True, slots=True)
class ModelVersion:
    version: str
    date: date
    changes: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class TrialRow:
    """How often a way of ranking puts the component really used first, and among the first three."""

    way: Text
    first: float
    in_three: float


@dataclass(frozen=True, slots=True)
class Trial:
    """`components`: how many a case has, about; `seen` by who set the model of its rows."""

    name: Text
    date: date
    cases: int
    components: int
    seen: bool
    rows: tuple[TrialRow, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    case: str
    rank: int
    why: Text


@cache
def model_versions() -> tuple[ModelVersion, ...]:
    """Newest first."""
    raw = read_yaml("trials.yaml")["models"]
    return tuple(ModelVersion(m["version"], m["date"], tuple(Text(**c) for c in m["changes"])) for m in raw)


@cache
def trials() -> tuple[Trial, ...]:
    """Newest first."""
    return tuple(
        Trial(
            name=Text(**t["name"]),
            date=t["date"],
            cases=t["cases"],
            components=t["components"],
            seen=t["seen"],
            rows=tuple(TrialRow(Text(**r["way"]), r["first"], r["in_three"]) for r in t["rows"]),
        )
        for t in read_yaml("trials.yaml")["trials"]
    )


@cache
def misses() -> tuple[Miss, ...]:
    """Of the model in use, the seen cases whose component really used does not come first, and why."""
    return tuple(Miss(m["case"], m["rank"], Text(**m["why"])) for m in read_yaml("trials.yaml")["misses"])


@dataclass(frozen=True, slots=True)
class Anchor:
    """Between which odds of a year the need most at risk of a product lies, by how it is kept, and who says so."""

    low: float
    high: float
    reason: Text
    sources: tuple[str, ...]


@cache
def anchors() -> dict[str, Anchor]:
    """By how a product is kept: "careful", "usual" or "careless"."""
    return {
        kept: Anchor(a["low"], a["high"], Text(**a["reason"]), tuple(source_text(s) for s in a["source"]))
        for kept, a in read_yaml("probabilities.yaml")["anchors"].items()
    }
