"""One variable of the environment at a time: read, checked, put in its usual form."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.platform.forms import EMAIL

WEB = ("http", "https")


class InvalidSettings(ValueError):
    """Environment variables that cannot be used; one line each."""


class Mode(StrEnum):
    """For whom this Jalon runs; said by whoever starts it, never guessed."""

    DEVELOPMENT = "development"  # on one's own machine: trial seal, mail in files
    REVIEW = "review"  # an application that shows a change: the same, and nobody real is ever written to
    PRODUCTION = "production"


class Reader:
    """Reads variables one by one; what is wrong with them gathers in `wrong`, a line each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.wrong: list[str] = []

    def mode(self) -> Mode:
        """`JALON_ENV`, which has no default: one forgotten must not open a demonstration to the world.

        Raises `InvalidSettings` at once: nothing else can be judged without it.
        """
        value = self.get("JALON_ENV")
        if value in list(Mode):
            return Mode(value)
        said = f"{value!r} is not one of" if value else "say which this is:"
        raise InvalidSettings(f"JALON_ENV: {said} {', '.join(Mode)} (make run says development)")

    def get(self, name: str) -> str | None:
        return self._environ.get(name) or None

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.get(name) or default
        if value not in allowed:
            self.wrong.append(f"{name}: {value!r} is not one of {', '.join(allowed)}")
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.one_of(name, ("true", "false"), "true" if default else "false")
        return value == "true"

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.get(name) or str(default)
        if not value.isdecimal() or not low <= int(value) <= high:
            self.wrong.append(f"{name}: {value!r} is not a whole number from {low} to {high}")
            return default
        return int(value)

    def file(self, name: str) -> Path | None:
        value = self.get(name)
        if value and not Path(value).is_file():
            self.wrong.append(f"{name}: no file at {value!r}")
        return Path(value) if value else None

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """An address of one of these schemes, which is put in lower case; with a host, or a path for a file."""
        value = self.get(name) or default
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            complete = _is_complete(parts)
        except ValueError:  # a port that is no number, a bracket left open
            parts, complete = SplitResult("", "", "", "", ""), False
        if parts.scheme not in schemes or not complete or re.search(r"[\s\x00-\x1f]", value):
            begins = " or ".join(f"{scheme}://" for scheme in schemes)
            self.wrong.append(f"{name}: an address that begins with {begins}, complete, without spaces")
            return default
        return f"{parts.scheme}{value[len(parts.scheme) :]}".rstrip("/")

    def addresses(self, name: str, default: str) -> tuple[str, ...]:
        """Web addresses between spaces."""
        asked = (self.get(name) or default).split()
        known = len(self.wrong)
        found = tuple(Reader({name: one}).address(name, "", WEB) for one in asked)
        if not all(found) and known == len(self.wrong):
            self.wrong.append(f"{name}: addresses that begin with http:// or https://, between spaces")
        return found

    def database(self, name: str, default: str) -> str:
        """SQLite in a file, or PostgreSQL by the driver that is installed."""
        value = self.get(name) or default
        for prefix in ("postgres://", "postgresql://"):
            if value.startswith(prefix):
                value = "postgresql+psycopg://" + value.removeprefix(prefix)
        try:
            parts = make_url(value)
        except (ArgumentError, ValueError):
            parts = make_url("sqlite://")
        in_a_file = parts.drivername == "sqlite" and (parts.database or ":memory:") != ":memory:"
        if not in_a_file and parts.drivername != "postgresql+psycopg":
            self.wrong.append(f"{name}: only sqlite:///… (a file) and postgresql://… addresses are supported")
            return default
        return value

    def mailbox(self, name: str) -> str:
        """One address of mail, or nothing."""
        value = self.get(name) or ""
        if value and not EMAIL.fullmatch(value):
            self.wrong.append(f"{name}: one address, such as revue@example.gouv.fr")
        return value

    def sender(self, name: str, default: str) -> str:
        """An address of mail with the name that is shown beside it."""
        value = self.get(name) or default
        if not EMAIL.fullmatch(parseaddr(value)[1]) or re.search(r"[\x00-\x1f]", value):
            self.wrong.append(f"{name}: a name and an address, such as Jalon <jalon@example.gouv.fr>")
        return value


def _is_complete(parts: SplitResult) -> bool:
    """Raises `ValueError` for a port that is none."""
    if parts.scheme in {"file", "sqlite"}:
        return not parts.netloc and parts.path.strip("/") not in {"", ":memory:"}
    if parts.scheme in WEB and (parts.username or parts.password):
        return False
    return bool(parts.hostname) and parts.port != 0
