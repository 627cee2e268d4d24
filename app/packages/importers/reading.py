"""What every reader of SBOM and lock files gives: packages as a stream, and what was odd on the way."""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from risk_models import catalogue
from risk_models.exposure.package_names import (
    RELEASED,
    UnreadableName,
    find_source,
    name_package,
    source_of,
    split_purl,
)
from risk_models.product_file.source_yaml import UnreadableYaml

_OF_DISTRIBUTION = tuple(f"pkg:{kind}/" for kind in RELEASED)
MAX_PACKAGE, MAX_VERSION = 500, 100
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class UnreadableSbom(ValueError):
    """A file that cannot be imported: `code` among the `sbom_errors` of words.yaml and the holes of its sentence."""

    def __init__(self, code: str, **values: object) -> None:
        self.code, self.values = code, values
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """What is wrong, in the words of its cause where it is YAML."""
        said = {
            hole: value.placed_text(language) if isinstance(value, UnreadableYaml) else str(value)[:200]
            for hole, value in self.values.items()
        }
        return catalogue.sentence("sbom_errors", self.code, language, **said)


class Carried(NamedTuple):
    """A package and its version, whether only development wants it (it is in nothing that runs), the number in
    `LineNeeds` of what the file calls this line, and what the package is built from."""

    package: str
    version: str
    development: bool = False
    ref: int = 0
    source: str = ""
    source_version: str = ""


class LineNeeds:
    """Which lines of a file need which. What the file calls them are numbers here, in arrays: a million needs are 16 MB.

    `whole` is what the file is about, which is no package: what it needs are the imports of the team. `imports` are those
    that the file calls so. `aside` are the places of the needs that are of development alone.
    """

    def __init__(self) -> None:
        self.sources, self.targets = array("q"), array("q")
        self.imports, self.aside = array("q"), array("q")
        self.whole: set[int] = set()
        self._numbers = {hash(""): 0}  # by hash: the texts themselves would weigh 100 bytes more each

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, ref: str) -> int:
        """Of what the file calls a line, the next one where it is new; 0 where it calls it nothing."""
        return self._numbers.setdefault(hash(ref), len(self._numbers))

    def add(self, source: int, target: int, *, aside: bool = False) -> None:
        if aside:
            self.aside.append(len(self.sources))
        self.sources.append(source)
        self.targets.append(target)


@dataclass(frozen=True, slots=True)
class BomService:
    """A service that an SBOM describes; `data` are the classes of the data that flow to it."""

    ref: str
    name: str
    provider: str
    authenticated: bool | None
    crosses_boundary: bool | None
    data: tuple[str, ...]


@dataclass
class BomReading:
    """Filled while `packages` is read to its end."""

    format: str
    describes: str = ""
    dated: datetime | None = None
    services: list[BomService] = field(default_factory=list)
    service_links: list[tuple[str, str]] = field(default_factory=list)
    odd: dict[str, tuple[int, str]] = field(default_factory=dict)
    needs: LineNeeds = field(default_factory=LineNeeds)
    tells_sources: bool = False
    packages: Iterator[Carried] = field(default_factory=lambda: iter(()))

    def note(self, kind: str, example: object) -> None:
        """Counts one more oddity of `kind` (among the `sbom_oddities` of words.yaml), keeping the first example."""
        count, first = self.odd.get(kind, (0, ""))
        self.odd[kind] = (count + 1, first or shorten_value(example))

    def package(
        self,
        purl: object,
        group: object,
        name: object,
        version: object,
        *,
        development: bool = False,
        ref: int = 0,
        upstream: str = "",
    ) -> Carried | None:
        """A package named by its purl, or by its name where it has none that can be read; None without either. `upstream`: what
        the file says beside the purl of the source that it is built from."""
        if isinstance(purl, str) and purl:
            try:
                package, written = split_purl(purl)
            except UnreadableName:
                self.note("wrong_purl", purl)
            else:
                if "%25" in purl and purl.startswith("pkg:npm/"):
                    self.note("encoded_twice", purl)
                if package == "pkg:golang/stdlib" and isinstance(version, str):
                    version = version.removeprefix("go")
                found = self._kept(package, written or version, ref, development=development)
                built = self._built(found, purl, upstream) if found and (upstream or "upstream=" in purl) else found
                if built and package.startswith(_OF_DISTRIBUTION):
                    self._tell_source(built)
                return built
        elif isinstance(name, str) and name:
            self.note("no_purl", name)
        if not isinstance(name, str) or not name:
            self.note("no_name", purl or version or "")
            return None
        namespace = group if isinstance(group, str) and group else None
        try:
            return self._kept(name_package("generic", namespace, name), version, ref, development=development)
        except UnreadableName:
            self.note("no_name", name)
            return None

    def _kept(self, package: str, version: object, ref: int, *, development: bool) -> Carried | None:
        if version is None:
            version = ""
        elif not isinstance(version, str):
            self.note("version_not_text", version)
            version = str(version)
        if not _is_kept(package, version):
            self.note("too_long", package)
            return None
        return Carried(package, version.strip(), development, ref)

    def _tell_source(self, built: Carried) -> None:
        """Says of a file that no package of a distribution tells what it is built from, which its advisories name."""
        if built.source:
            self.tells_sources = True
            self.odd.pop("no_source", None)
        elif not self.tells_sources:
            self.note("no_source", built.package)

    def _built(self, found: Carried, purl: str, upstream: str) -> Carried:
        source = source_of(purl) or find_source(found.package, found.version, upstream)
        if source is None or not _is_kept(*source):
            return found
        return found._replace(source=source.package, source_version=source.version)

    def read_date(self, value: object) -> None:
        """The date of the file; without zone it is taken as UTC."""
        if value is None:
            return
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.note("wrong_date", value)
            return
        if not 1990 <= found.year <= 2100:
            self.note("wrong_date", value)
            return
        if found.tzinfo is None:
            self.note("date_without_zone", value)
        try:
            self.dated = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except (OverflowError, ValueError):
            self.note("wrong_date", value)


def _is_kept(package: str, version: str) -> bool:
    """Whether every database can keep it."""
    return len(package) <= MAX_PACKAGE and len(version) <= MAX_VERSION and not _UNSTORABLE.search(package + version)


def shorten_value(value: object) -> str:
    """A few characters of anything, fit for a page and for every database."""
    return "".join(ch if ch.isprintable() else "·" for ch in str(value)[:80])


def text_of(holder: Any, key: str) -> str:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""
