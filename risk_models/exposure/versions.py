"""The order of versions in each ecosystem, and which texts are versions at all.

univers knows the orders; what it takes for a version and should not ("latest", "^1.2") is refused here first, and
where it departs from an ecosystem's own document the text is brought to a form that it reads rightly.
Sources: semver.org, PEP 440, Maven's POM reference, RubyGems' Gem::Version, Composer's VersionParser, Go modules.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from univers import versions as univers

# A digit first, and no wildcard: "1.x", "2.*", "^1.2" and "latest" name many versions or none.
_PLAUSIBLE = re.compile(r"\d(?!.*(?:^|[.\-])[xX*](?:[.\-]|$))[0-9A-Za-z.+~:_!\-]{0,99}")
_SEMVER = re.compile(r"[v=]?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.\-]+)?")
_COMPOSER = re.compile(
    r"v?(\d{1,5})(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?"
    r"(?:[._-]?(stable|beta|b|rc|alpha|a|patch|pl|p)(?:[.-]?(\d+(?:[.-]\d+)*))?)?([.-]?dev)?(?:\+\S+)?",
    re.IGNORECASE,
)
_COMPOSER_RANK = {"alpha": 1, "a": 1, "beta": 2, "b": 2, "rc": 3, "stable": 4, "": 4, "patch": 5, "pl": 5, "p": 5}


@lru_cache(maxsize=200_000)
def read_version(ecosystem: str, text: str) -> Any | None:
    """What orders `text` among the versions of a purl type; None when it is not one version."""
    text = text.strip()
    if len(text) > 100:
        return None
    try:
        return _READERS.get(ecosystem, _maven)(text)
    except (ValueError, univers.InvalidVersion):
        return None


def _semver(text: str) -> Any | None:
    """npm, Go, Cargo…: a leading v and what follows + say nothing of the order."""
    found = _SEMVER.fullmatch(text)
    if not found:
        return None
    major, minor, patch, before = found.groups()
    # Leading zeros in numbers are wrong in semver; npm and Go refuse them.
    if any(part and part != "0" and part.startswith("0") for part in (major, minor, patch)):
        return None
    # univers orders by build metadata too, so the release and what precedes it are compared here.
    return int(major), int(minor or 0), int(patch or 0), before is None, _identifiers(before)


def _identifiers(before: str | None) -> tuple[tuple[bool, int, str], ...]:
    """Numeric identifiers come before words (semver.org, 11.4)."""
    parts = before.split(".") if before else []
    if any(not part for part in parts):
        raise ValueError(before)
    return tuple((not p.isdigit(), int(p) if p.isdigit() else 0, "" if p.isdigit() else p) for p in parts)


def _maven(text: str) -> Any | None:
    if not _PLAUSIBLE.fullmatch(text):
        return None
    # Before a qualifier, a dot is a hyphen ("1.0.RC2" comes before "1.0-RC3"); "release" means nothing, as "ga".
    text = re.sub(r"\.(?=[A-Za-z])", "-", text)
    return univers.MavenVersion(re.sub(r"-release$", "", text, flags=re.IGNORECASE))


def _composer(text: str) -> Any | None:
    found = _COMPOSER.fullmatch(text)
    if not found:
        return None
    *numbers, stability, suffix, dev = found.groups()
    rank = _COMPOSER_RANK[(stability or "").lower()]
    if dev and not stability:
        rank = 0
    numbered = tuple(int(n) for n in re.split(r"[.-]", suffix)) if suffix else ()
    return tuple(int(n or 0) for n in numbers), rank, numbered, not dev


def _by(reader: Callable[[str], Any]) -> Callable[[str], Any | None]:
    def read(text: str) -> Any | None:
        return reader(text) if _PLAUSIBLE.fullmatch(text) else None

    return read


def _pypi(text: str) -> Any | None:
    return univers.PypiVersion(text) if re.match(r"v?\d", text) else None


_READERS: dict[str, Callable[[str], Any | None]] = {
    "cargo": _semver,
    "composer": _composer,
    "deb": _by(univers.DebianVersion),
    "apk": _by(univers.AlpineLinuxVersion),
    "rpm": _by(univers.RpmVersion),
    "gem": _by(univers.RubygemsVersion),
    "golang": _semver,
    "hex": _semver,
    "maven": _maven,
    "npm": _semver,
    "nuget": _by(univers.NugetVersion),
    "pub": _semver,
    "pypi": _pypi,
    "swift": _semver,
}
