"""signs.yaml: which component a variable, an image, a package, an add-on or a resource speaks of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from typing import Any

from risk_models import catalogue
from risk_models.catalogue.reading import read_yaml
from risk_models.scales import ComponentKind, DataKind, Exposure, Hosting, Location


@dataclass(frozen=True, slots=True)
class Known:
    """A component as the catalogue describes it, and how an application uses it."""

    name: str
    kind: ComponentKind
    hosting: Hosting
    exposure: Exposure
    role: str
    supplier: str = ""
    location: Location | None = None
    data: tuple[DataKind, ...] = ()
    eol_product: str = ""
    cpe: str = ""
    purl: str = ""


class _Patterns:
    """Texts with * for any text, tried together: the longest pattern that fits wins."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        ordered = sorted(rows, key=lambda row: (-len(row[0].replace("*", "")), row[0]))
        self._rows = [(re.compile(translate(pattern.lower())), value) for pattern, value in ordered]

    def find(self, text: str) -> str | None:
        text = text.lower()
        return next((value for pattern, value in self._rows if pattern.fullmatch(text)), None)


@dataclass(frozen=True)
class Signs:
    """The whole of signs.yaml, ready to be asked."""

    known: dict[str, Known]
    patterns: dict[str, _Patterns]
    frameworks: tuple[dict[str, Any], ...]
    workers: tuple[dict[str, Any], ...]
    measures: tuple[dict[str, Any], ...]
    bundlers: tuple[str, ...]
    whole_interfaces: frozenset[str]
    development: dict[str, _Patterns]
    test_folders: frozenset[str]
    own: frozenset[str]
    pipelines: tuple[tuple[re.Pattern[str], str], ...]
    domains: tuple[tuple[re.Pattern[str], str], ...]

    def of(self, what: str, text: str) -> Known | None:
        """The component that `text` speaks of as one of "variables", "images", "packages", "addons", "resources",
        "settings" or "frames"."""
        name = self.patterns[what].find(text)
        return self.known[name] if name else None

    def called(self, word: str) -> Known | None:
        """The component whose whole name is `word`, whatever its case."""
        return next((known for name, known in self.known.items() if name.lower() == word.lower()), None)

    def for_development(self, what: str, text: str) -> bool:
        return self.development[what].find(text) is not None


@cache
def read_signs() -> Signs:
    raw = read_yaml("signs.yaml")
    usual = {name: one for one in catalogue.usual_components() for name in one.names}
    known: dict[str, Known] = {}
    for row in raw["components"]:
        name = row["component"]
        of = usual.get(name.lower())
        known[name] = Known(
            name=name,
            kind=ComponentKind(row["kind"]) if "kind" in row else of.kind if of else ComponentKind.OTHER,
            hosting=Hosting(row["hosting"]) if "hosting" in row else of.hosting if of else Hosting.SAAS,
            exposure=Exposure(row["exposure"]) if "exposure" in row else of.exposure if of else Exposure.AUTHENTICATED,
            role=row["role"],
            supplier=row.get("supplier") or (of.supplier if of else ""),
            location=Location(row["location"]) if "location" in row else of.location if of else None,
            data=tuple(DataKind(d) for d in row["data"]) if "data" in row else of.data if of else (),
            eol_product=of.eol_product if of else "",
            cpe=of.cpe if of else "",
            purl=of.purl if of else "",
        )
    keys = ("variables", "images", "packages", "addons", "resources", "settings", "frames")
    return Signs(
        known=known,
        patterns={
            key: _Patterns((pattern, row["component"]) for row in raw["components"] for pattern in row.get(key, ()))
            for key in keys
        },
        frameworks=tuple(raw["frameworks"]),
        workers=tuple(raw["workers"]),
        measures=tuple(raw["measures"]),
        bundlers=tuple(raw["bundlers"]),
        whole_interfaces=frozenset(raw["whole_interfaces"]),
        development={
            key: _Patterns((pattern, pattern) for pattern in raw["development"][key])
            for key in ("images", "variables", "services")
        },
        test_folders=frozenset(raw["development"]["folders"]),
        own=frozenset(raw["own"]),
        pipelines=tuple(
            (re.compile(row["pipelines"], re.IGNORECASE), row["component"])
            for row in raw["components"]
            if "pipelines" in row
        ),
        domains=tuple(
            (re.compile(rf"[\w-]\.{re.escape(row['domain'])}\b"), row["component"])
            for row in raw["components"]
            if "domain" in row
        ),
    )


def matches_any(patterns: Iterable[str], text: str) -> bool:
    return _patterns(tuple(patterns)).find(text) is not None


@cache
def _patterns(patterns: tuple[str, ...]) -> _Patterns:
    """Made once: a manifest may name tens of thousands of packages."""
    return _Patterns((p, p) for p in patterns)
