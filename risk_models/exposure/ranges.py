"""Who is exposed: an advisory's versions against a component's. Name before range, and four possible answers.

OSV semantics: https://ossf.github.io/osv-schema/ (a version is affected when listed, or inside a range; several
entries of one package are a union; a withdrawn record says nothing).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from risk_models.exposure.package_names import (
    Source,
    UnreadableName,
    ecosystem_of,
    package_of,
    split_purl,
    without_release,
)
from risk_models.exposure.versions import read_version


class MatchVerdict(StrEnum):
    """`unknown`: no version, or one that cannot be read; `to_ask`: a service, whose supplier answers."""

    EXPOSED = "exposed"
    NOT_EXPOSED = "not_exposed"
    UNKNOWN = "unknown"
    TO_ASK = "to_ask"


class UnreadableRange(UnreadableName):
    """A range or an advisory that cannot be read; the message says which part."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Versions from `low` to `high`; None is no bound."""

    low: str | None = None
    high: str | None = None
    with_low: bool = True
    with_high: bool = False

    def verdict(self, ecosystem: str, version: Any) -> MatchVerdict:
        for bound, is_low, included in ((self.low, True, self.with_low), (self.high, False, self.with_high)):
            if bound is None:
                continue
            limit = read_version(ecosystem, bound)
            if limit is None:
                return MatchVerdict.UNKNOWN
            inside = version == limit if included else False
            if not (inside or (limit < version if is_low else version < limit)):
                return MatchVerdict.NOT_EXPOSED
        return MatchVerdict.EXPOSED


@dataclass(frozen=True, slots=True)
class Affected:
    """Versions of one package that a flaw touches; `unreadable` when some of its ranges are of a kind not read."""

    package: str
    intervals: tuple[Interval, ...] = ()
    versions: tuple[str, ...] = ()
    unreadable: bool = False

    def verdict(self, version: str | None) -> MatchVerdict:
        """The answer for one version of this very package."""
        text = (version or "").strip()
        if text and text in self.versions:
            return MatchVerdict.EXPOSED
        ecosystem = ecosystem_of(self.package)
        text = self._without_build(ecosystem, text)
        if self._is_of_others(ecosystem, text):
            return MatchVerdict.UNKNOWN
        read = read_version(ecosystem, text) if text else None
        if read is None:
            return MatchVerdict.UNKNOWN
        if any(read_version(ecosystem, listed) == read for listed in self.versions):
            return MatchVerdict.EXPOSED
        answers = {interval.verdict(ecosystem, read) for interval in self.intervals}
        if MatchVerdict.EXPOSED in answers:
            return MatchVerdict.EXPOSED
        return MatchVerdict.UNKNOWN if self.unreadable or MatchVerdict.UNKNOWN in answers else MatchVerdict.NOT_EXPOSED

    def _without_build(self, ecosystem: str, text: str) -> str:
        """A version without what tells a build of it, where no version that it is compared with tells one: of Python a local
        part (`2.6.0+cu118`, PEP 440), of Bitnami its packaging's revision (`7.0.11-1`, github.com/bitnami/go-version)."""
        build = _BUILDS.get(ecosystem)
        bounds = (bound for i in self.intervals for bound in (i.low, i.high) if bound)
        if build is None or any(map(build.search, (*bounds, *self.versions))):
            return text
        return build.sub("", text)

    def _is_of_others(self, ecosystem: str, text: str) -> bool:
        """Whether ranges and version may be of two lines that nobody compares: of a module of Red Hat, two streams; of Ubuntu,
        what is maintained for those who pay for it; of an action, a tag that moves along the versions that begin so."""
        if ecosystem not in {"rpm", "deb", "github"}:
            return False
        bounds = [bound for i in self.intervals for bound in (i.low, i.high) if bound]
        if ecosystem == "rpm":
            return any(_stream(bound) != _stream(text) for bound in bounds)
        if ecosystem == "deb":
            return bool(_ESM.search(text)) and not any(map(_ESM.search, bounds))
        if ecosystem == "github" and (tag := re.fullmatch(r"v?(\d+(?:\.\d+)?)", text)):
            return any(re.fullmatch(rf"v?{re.escape(tag[1])}\..+", bound) for bound in bounds)
        return False

    def is_mended_in_branch(self, version: str | None) -> bool:
        """Whether a range of an RPM ends before `version`, in the minor release that both were built for: of what is maintained
        there longer than elsewhere, what is said of the others decides nothing."""
        minor = _MINOR.search(version or "") if ecosystem_of(self.package) == "rpm" else None
        ends = [i.high for i in self.intervals if minor and i.high and not i.with_high and _MINOR.search(i.high)]
        read = read_version("rpm", version or "") if ends else None
        return read is not None and any(
            minor and minor[0] == found[0] and (end := read_version("rpm", high)) is not None and not read < end
            for high in ends
            if (found := _MINOR.search(high))
        )

    def source_verdict(self, version: str | None) -> MatchVerdict:
        """The answer for what is built from this package. The name of an RPM source does not tell its epoch: where the ranges
        have one, nobody knows on which side it stands."""
        bounds = (bound for i in self.intervals for bound in (i.low, i.high) if bound)
        without_epoch = ecosystem_of(self.package) == "rpm" and ":" not in (version or ":")
        if without_epoch and any(re.match(r"[1-9]\d*:", bound) for bound in bounds):
            return MatchVerdict.UNKNOWN
        return self.verdict(version)

    def fixed_in(self, version: str | None) -> tuple[str, ...]:
        """The versions that mend `version`: where its ranges end; all the ends when it cannot be placed. None is before it,
        nor exposed itself, and there is none where a range that holds it does not end."""
        ecosystem = ecosystem_of(self.package)
        ends = tuple(i.high for i in self.intervals if i.high and not i.with_high)
        read = read_version(ecosystem, self._without_build(ecosystem, version or ""))
        if read is None:
            return ends
        holding = [i for i in self.intervals if i.verdict(ecosystem, read) is MatchVerdict.EXPOSED]
        if any(i.high is None or i.with_high for i in holding):
            return ()
        mending = tuple(i.high for i in holding if i.high) or ends
        mending = tuple(end for end in mending if ecosystem != "rpm" or _stream(end) == _stream(version or ""))
        after = [end for end in mending if (known := read_version(ecosystem, end)) is not None and read < known]
        return tuple(end for end in after if self.verdict(end) is not MatchVerdict.EXPOSED)


_BUILDS = {"pypi": re.compile(r"\+.*"), "bitnami": re.compile(r"-\d+$")}
_MINOR = re.compile(r"\.el\d+_\d+(?=\.|$)")
_ESM = re.compile(r"[~+]esm\d")


def _stream(version: str) -> str:
    """Of what a module of Red Hat holds, the beginning of its version, by which streams differ; empty of what is of none."""
    if ".module" not in version:
        return ""
    return ".".join(re.findall(r"\d+", version.rpartition(":")[2])[:2])


@dataclass(frozen=True, slots=True)
class ParsedAdvisory:
    """A flaw as an OSV record tells it; dates are ISO texts in UTC, `cvss` the highest score of its vectors.

    `aliases`: other names of the same flaw; `upstream`: of the flaws that a distribution's record is about.
    """

    id: str
    aliases: tuple[str, ...]
    upstream: tuple[str, ...]
    summary: str
    published: str | None
    modified: str | None
    cvss: float | None
    affected: tuple[Affected, ...]

    @property
    def cve(self) -> str:
        return next((name for name in (self.id, *self.aliases, *self.upstream) if name.startswith("CVE-")), "")


def match_verdict(
    package: str,
    version: str | None,
    affected: Iterable[Affected],
    source: Source | None = None,
    *,
    service: bool = False,
) -> MatchVerdict:
    """Whether `version` of `package` (a purl without version, normalised) is exposed to any of `affected`, which may name the
    source that it is built from."""
    told = list(affected)
    named = [a for a in told if a.package == package]
    of_source = [a for a in told if source and a.package == source.package]
    if not named and not of_source:
        return MatchVerdict.NOT_EXPOSED
    if service:
        return MatchVerdict.TO_ASK
    answers = {a.verdict(version) for a in named}
    answers |= {a.source_verdict(source.version or version) for a in of_source if source}
    for answer in (MatchVerdict.EXPOSED, MatchVerdict.UNKNOWN):
        if answer in answers:
            return answer
    return MatchVerdict.NOT_EXPOSED


def read_osv(record: Mapping[str, object]) -> ParsedAdvisory | None:
    """The advisory of an OSV record; None when it was withdrawn. Raises `UnreadableRange` saying what is wrong."""
    advisory_id = record.get("id") if isinstance(record, Mapping) else None
    if not isinstance(advisory_id, str) or not advisory_id:
        raise UnreadableRange("an OSV record is a map with an 'id'")
    if record.get("withdrawn"):
        return None
    affected = _of_plain_releases(_list(record, "affected"))
    return ParsedAdvisory(
        id=_storable(advisory_id)[:100],
        aliases=_names(record, "aliases"),
        upstream=_names(record, "upstream" if not advisory_id.startswith(_ABOUT_RELATED) else "related"),
        summary=_storable(str(record.get("summary") or record.get("details") or ""))[:500],
        published=_text(record, "published"),
        modified=_text(record, "modified"),
        cvss=_cvss(record, affected),
        affected=_union(one for entry in affected for one in _affected(entry)),
    )


# AlmaLinux names as related the flaws that its records mend.
_ABOUT_RELATED = ("ALSA-", "ALBA-", "ALEA-")


def _of_plain_releases(entries: Sequence[Any]) -> list[Any]:
    """Without what is for those who pay Ubuntu for it, where the release itself has an entry, nor for its other builds."""
    named = [
        str(entry["package"].get("ecosystem"))
        if isinstance(entry, Mapping) and isinstance(entry.get("package"), Mapping)
        else ""
        for entry in entries
    ]
    plain = {name for name in named if name.startswith("Ubuntu:") and ":Pro:" not in name}
    return [
        entry
        for entry, name in zip(entries, named, strict=True)
        if not name.startswith("Ubuntu:Pro:")
        or (re.fullmatch(r"Ubuntu:Pro:[\d.]+(:LTS)?", name) and name.replace(":Pro:", ":") not in plain)
    ]


def _names(record: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(_storable(name)[:100] for name in _list(record, key) if isinstance(name, str))


def _storable(text: str) -> str:
    """Text that every database keeps."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _list(holder: Mapping[str, object], key: str) -> Sequence[Any]:
    value = holder.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UnreadableRange(f"{key!r} must be a list")
    return value


def _text(holder: Mapping[str, object], key: str) -> str | None:
    value = holder.get(key)
    return value if isinstance(value, str) else None


def _affected(entry: Any) -> list[Affected]:
    """What one entry of `affected` says; nothing when it names no package that purl can name.

    What is said of a release of a distribution leaves to check those who do not know theirs.
    """
    package = entry.get("package") if isinstance(entry, Mapping) else None
    if not isinstance(package, Mapping):
        return []
    try:
        named = _named(package)
    except UnreadableName:
        return []
    ranges = [r for r in _list(entry, "ranges") if isinstance(r, Mapping)]
    readable = [r for r in ranges if str(r.get("type")) in {"SEMVER", "ECOSYSTEM"}]
    versions = tuple(v for v in _list(entry, "versions") if isinstance(v, str))
    found = Affected(
        package=named,
        intervals=tuple(i for r in readable for i in _intervals(ecosystem_of(named), _list(r, "events"))),
        versions=versions,
        unreadable=(not readable and not versions) or any(not _begins(_list(r, "events")) for r in readable),
    )
    whatever = without_release(named)
    return [found] if whatever == named else [found, Affected(whatever, unreadable=True)]


def _begins(events: Sequence[Any]) -> bool:
    """Whether a range says where it begins, as OSV asks: of one that does not, nobody knows what it touches."""
    return any(isinstance(event, Mapping) and isinstance(event.get("introduced"), str) for event in events)


def _named(package: Mapping[str, object]) -> str:
    """The package, by its ecosystem, which names its release; by its purl where OSV's ecosystem is not known here."""
    ecosystem, name, purl = package.get("ecosystem"), package.get("name"), package.get("purl")
    if isinstance(ecosystem, str) and isinstance(name, str):
        try:
            return package_of(ecosystem, name)
        except UnreadableName:
            if not isinstance(purl, str):
                raise
    if not isinstance(purl, str):
        raise UnreadableName("a package without name")
    return split_purl(purl)[0]


def _intervals(ecosystem: str, events: Sequence[Any]) -> list[Interval]:
    """Sorted events into intervals; "introduced: 0" is from the first version on."""
    marks = []
    for event in events:
        for kind in ("introduced", "fixed", "last_affected", "limit"):
            if isinstance(event, Mapping) and isinstance(event.get(kind), str) and event[kind] != "*":
                marks.append((event[kind], kind))
    read: list[tuple[Any, str, str]] = [(read_version(ecosystem, text), text, kind) for text, kind in marks]
    origin = [m for m in read if m[1] == "0"]
    rest = [m for m in read if m[1] != "0"]
    if all(version is not None for version, _, _ in rest):
        # At one version, what closes a range comes before what opens the next.
        rest.sort(key=lambda m: m[2] == "introduced")
        rest.sort(key=lambda m: m[0])
    read = [*origin, *rest]
    found: list[Interval] = []
    low: str | None = None
    is_open = False
    for _, text, kind in read:
        if kind == "introduced" and not is_open:
            low, is_open = (None if text == "0" else text), True
        elif kind != "introduced" and is_open:
            found.append(Interval(low, text, with_high=kind == "last_affected"))
            is_open = False
    if is_open:
        found.append(Interval(low))
    return found


def _union(entries: Iterable[Affected]) -> tuple[Affected, ...]:
    """Several entries of one package are one."""
    by_package: dict[str, Affected] = {}
    for entry in entries:
        known = by_package.get(entry.package)
        by_package[entry.package] = (
            entry
            if known is None
            else Affected(
                entry.package,
                tuple(dict.fromkeys((*known.intervals, *entry.intervals))),
                tuple(dict.fromkeys((*known.versions, *entry.versions))),
                known.unreadable or entry.unreadable,
            )
        )
    return tuple(by_package.values())


def _cvss(record: Mapping[str, object], affected: Sequence[Any]) -> float | None:
    from cvss import CVSS2, CVSS3, CVSS4
    from cvss.exceptions import CVSSError

    vectors = [*_list(record, "severity")]
    for entry in affected:
        vectors += _list(entry, "severity") if isinstance(entry, Mapping) else ()
    readers = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}
    scores = []
    for vector in vectors:
        reader = readers.get(str(vector.get("type"))) if isinstance(vector, Mapping) else None
        if reader:
            try:
                scores.append(float(reader(str(vector.get("score"))).scores()[0]))
            except (CVSSError, ValueError, TypeError):
                continue  # a vector that is not one gives no score
    return max(scores, default=None)
