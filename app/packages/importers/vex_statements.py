"""What a VEX document says of one flaw in one place, whatever its form."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from univers.nuget import InvalidNuGetVersion
from univers.version_constraint import InvalidConstraintsError
from univers.version_range import InvalidVersionRange, VersionRange

from app.packages.kinds import FlawState, Justification
from risk_models.exposure.package_names import ecosystem_of, without_release
from risk_models.exposure.versions import is_same_version

_RANGES: Any = VersionRange  # which has no types
_UNREAD = (
    InvalidVersionRange,
    InvalidConstraintsError,
    InvalidNuGetVersion,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a document says of one flaw, under `names`, in one package.

    `package` is empty where it speaks of the whole product, `version` and `span` (a range, as `vers:` writes them) for any,
    `component` for any of ours; `said_at` is its instant, where it tells one.
    """

    names: tuple[str, ...]
    package: str
    version: str
    state: FlawState
    justification: Justification | None
    detail: str
    span: str = ""
    component: str = ""
    until: date | None = None
    said_at: str = ""

    def told(self) -> str:
        """The flaw and where, in a line."""
        return f"{self.names[0]} – {self.package} {self.version or self.span}".strip(" –")

    def is_about(self, package: str) -> bool:
        """Whether it speaks of a package: the very one, or that of whatever release where it names none; or of all."""
        return self.package in {"", package, without_release(package)}

    def holds(self, version: str) -> bool | None:
        """Whether it speaks of a version of its package; None where its range cannot be read. Of the product, which version
        that is, nobody knows here."""
        if not self.package:
            return not self.version and not self.span
        if self.version:
            return is_same_version(ecosystem_of(self.package), self.version, version)
        if not self.span:
            return True
        try:
            told = _RANGES.from_string(self.span)
            return told.version_class(version) in told
        except _UNREAD:
            return None


@dataclass(frozen=True, slots=True)
class LeftEntry:
    """An entry that says nothing that can be taken: which, and why (a code of `vex_left` in words.yaml)."""

    what: str
    why: str
