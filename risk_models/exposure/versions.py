"""The order of versions in each ecosystem, and which texts are versions at all.

univers knows the orders; what it takes for a version and should not ("latest", "^1.2") is refused here first, and
where it departs from an ecosystem's own document the text is brought to a form that it reads rightly, or read here.
Sources: semver.org, PEP 440, Maven's POM reference, RubyGems' Gem::Version, Composer's VersionParser, Go modules,
apk-package(5), pub_semver, deb-version(7), NuGet's and CRAN's package versioning, the Haskell package versioning policy.
"""

import re
from collections.abc import Callable
from functools import cmp_to_key, lru_cache
from typing import Any

from univers import debian
from univers import versions as univers

# A digit first, and no wildcard in place of a number: "1.x", "2.*", "^1.2" and "latest" name many versions or none.
_PLAUSIBLE = re.compile(r"\d(?![^\-+_~:]*\.[xX*](?:[.\-]|$))[0-9A-Za-z.+~:_!^\-]{0,99}")
_SEMVER = re.compile(r"[v=]?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.\-]+)?")
_COMPOSER = re.compile(
    r"v?(\d{1,5})(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?"
    r"(?:[._-]?(stable|beta|b|rc|alpha|a|patch|pl|p)(?:[.-]?(\d+(?:[.-]\d+)*))?)?([.-]?dev)?(?:\+\S+)?",
    re.IGNORECASE,
)
_COMPOSER_RANK = {"alpha": 1, "a": 1, "beta": 2, "b": 2, "rc": 3, "stable": 4, "": 4, "patch": 5, "pl": 5, "p": 5}


@lru_cache(maxsize=200_000)
def read_version(ecosystem: str, text: str) -> Any | None:
    """What orders `text` among the versions of a purl type; None when it is not one version, or the type has no order here."""
    text, reader = text.strip(), _READERS.get(ecosystem)
    if reader is None or len(text) > 100:
        return None
    try:
        return reader(text)
    except (ValueError, univers.InvalidVersion):
        return None


def is_same_version(ecosystem: str, one: str, other: str) -> bool:
    """Whether two texts are one version of a purl type: `v1.0.0` and `1.0.0` of a module of Go."""
    if one == other:
        return True
    read = read_version(ecosystem, one)
    return read is not None and bool(read == read_version(ecosystem, other))


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
    return univers.MavenVersion(re.sub(r"(?:-|(?<=\d))release$", "", text, flags=re.IGNORECASE))


def _any_software(text: str) -> Any | None:
    """What the catalogue names: a v or none, numbers, then words such as alpha and rc before the release."""
    return _maven(re.sub(r"^[vV](?=\d)", "", text))


# Composer takes a date, in whole or in part, for a version.
_COMPOSER_DATE = re.compile(r"v?(\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3})?)")


def _composer(text: str) -> Any | None:
    text = re.sub(r"@(?:dev|alpha|beta|rc|stable)$", "", text, flags=re.IGNORECASE)
    found = _COMPOSER.fullmatch(text)
    if not found:
        date = _COMPOSER_DATE.fullmatch(text)
        return ((*map(int, re.findall(r"\d+", date[1])),), _COMPOSER_RANK[""], (), True) if date else None
    *numbers, stability, suffix, dev = found.groups()
    rank = _COMPOSER_RANK[(stability or "").lower()]
    if dev and not stability:
        rank = 0
    numbered = tuple(int(n) for n in re.split(r"[.-]", suffix)) if suffix else ()
    return tuple(int(n or 0) for n in numbers), rank, numbered, not dev


_NUGET = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.\-]+)?")


def _nuget(text: str) -> Any | None:
    """Four numbers, whose zeros in front say nothing; words without their case."""
    found = _NUGET.fullmatch(text)
    if not found:
        return None
    *release, before = found.groups()
    return *(int(n or 0) for n in release), before is None, _identifiers(before and before.lower())


def _semver_with_build(text: str) -> Any | None:
    """As semver, and then what follows +, which Dart and Julia order too: none comes first."""
    read, build = _semver(text), text.partition("+")[2]
    return None if read is None else (*read, bool(build), _identifiers(build or None))


def _deb(text: str) -> Any | None:
    # univers says that 1.01 and 1.1 are not equal, though neither comes first.
    return (
        cmp_to_key(debian.compare_versions)(univers.DebianVersion(text).value) if _PLAUSIBLE.fullmatch(text) else None
    )


_APK = re.compile(
    r"(\d+)((?:\.\d+)*)([a-z]?)(\d*)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*)(?:~([0-9a-f]+))?(?:-r(\d+))?"
)
_APK_SUFFIXES = {name: n for n, name in enumerate(("alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"))}
# Where two versions differ in kind first, the kind that stands later here is the greater.
_BEFORE, _END, _REVISION, _COMMIT, _SUFFIX_NUMBER, _AFTER, _LETTER, _NUMBER = range(8)


# What RubyGems builds a version for, which a purl may write after it.
_PLATFORM = re.compile(
    r"-(?:x86_64|x64|x86|i[3-6]86|amd64|arm64|aarch64|arm|armv\d\w*|universal|java|jruby|ppc64le|s390x|riscv64)(?:-.*)?$"
)


def _gem(text: str) -> Any | None:
    text = _PLATFORM.sub("", text)
    return univers.RubygemsVersion(text) if _PLAUSIBLE.fullmatch(text) else None


def _apk(text: str) -> Any | None:
    """number{.number}{letter}{number}{_suffix{number}}{~commit}{-rnumber}; a number after the first that begins with a zero
    is compared as text, and is less than any that does not."""
    found = _APK.fullmatch(text)
    if not found or (found[4] and not found[3]):
        return None
    first, numbers, letter, after, suffixes, commit, revision = found.groups()
    key: list[tuple[int, int, int, str]] = [(_NUMBER, 1, int(first), "")]
    for number in numbers.split(".")[1:]:
        key.append((_NUMBER, 0, 0, number) if number[0] == "0" else (_NUMBER, 1, int(number), ""))
    if letter:
        key.append((_LETTER, 0, 0, letter))
    if after:
        key.append((_NUMBER, 1, int(after), ""))
    for name, number in re.findall(r"_([a-z]+)(\d*)", suffixes):
        rank = _APK_SUFFIXES[name]
        key.append((_BEFORE if rank < _APK_SUFFIXES[""] else _AFTER, rank, 0, ""))
        key += [(_SUFFIX_NUMBER, 0, int(number), "")] if number else []
    key += [(_COMMIT, 0, 0, commit)] if commit else []
    key += [(_REVISION, 0, int(revision), "")] if revision else []
    return *key, (_END, 0, 0, "")


def _numbers(separators: str) -> Callable[[str], Any | None]:
    """Whole numbers alone, of which the longer of two that begin alike is the greater."""
    shape = re.compile(rf"\d+(?:[{separators}]\d+)*")

    def read(text: str) -> Any | None:
        return tuple(map(int, re.findall(r"\d+", text))) if shape.fullmatch(text) else None

    return read


def _by(reader: Callable[[str], Any]) -> Callable[[str], Any | None]:
    def read(text: str) -> Any | None:
        return reader(text) if _PLAUSIBLE.fullmatch(text) else None

    return read


def _pypi(text: str) -> Any | None:
    return univers.PypiVersion(text) if re.match(r"v?\d", text) else None


_READERS: dict[str, Callable[[str], Any | None]] = {
    "cargo": _semver,
    "composer": _composer,
    "deb": _deb,
    "apk": _apk,
    "rpm": _by(univers.RpmVersion),
    "gem": _gem,
    "golang": _semver,
    "hex": _semver,
    "maven": _maven,
    "npm": _semver,
    "nuget": _nuget,
    "pub": _semver_with_build,
    "pypi": _pypi,
    "swift": _semver,
    "github": _semver,
    "julia": _semver_with_build,
    "bitnami": _semver,
    "conan": _semver,
    "cran": _numbers(".-"),
    "hackage": _numbers("."),
    "generic": _any_software,
}
