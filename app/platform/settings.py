"""Settings from the environment, validated at start: one message per wrong value, all at once."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from app.platform.network import is_loopback


class InvalidSettings(ValueError):
    """Environment variables that cannot be used; one line each."""


class Mode(StrEnum):
    """For whom this Jalon runs; said by whoever starts it, never guessed."""

    DEVELOPMENT = "development"  # on one's own machine: trial seal, mail in files
    REVIEW = "review"  # an application that shows a change: the same, and nobody real is ever written to
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Settings:
    """How this Jalon runs. `secret_keys`: the first writes, all of them read."""

    mode: Mode
    secret_keys: tuple[str, ...]
    database_url: str
    base_url: str
    instance: Path
    documents_url: str
    jobs_url: str
    mail_url: str
    mail_from: str
    state_site: bool
    job_lease_seconds: int
    proxies: int
    host: str
    trusted_hosts: tuple[str, ...]
    review_mail: str
    feeds: tuple[str, ...]
    forges: tuple[str, ...]
    github_api: str
    updown_api: str
    cards_url: str
    private_hosts: frozenset[str]
    seal_certificate: Path | None
    seal_key: Path | None
    seal_former: Path | None
    seal_level: str
    timestamp_url: str
    timestamp_roots: Path | None
    max_upload_bytes: int = 30_000_000  # an SBOM of some 60,000 components

    @property
    def development(self) -> bool:
        return self.mode is Mode.DEVELOPMENT

    @property
    def shows_mailbox(self) -> bool:
        """Whether mails may be read on a page: only where nobody but who started it can come."""
        own = is_loopback(self.host) and is_loopback(urlsplit(self.base_url).hostname or "")
        return self.development and own and not self.proxies and self.mail_url.startswith("file:")


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads and checks the environment. Raises `InvalidSettings` naming every wrong value and its cure."""
    reader = _Reader(environ)
    mode = reader.mode()
    instance = Path(environ.get("JALON_INSTANCE", "instance")).resolve()
    settings = Settings(
        mode=mode,
        secret_keys=_secret_keys(reader, instance, mode),
        database_url=_database_url(environ, instance),
        base_url=reader.url("JALON_BASE_URL", f"http://127.0.0.1:{environ.get('PORT', '8000')}", ("http", "https")),
        instance=instance,
        documents_url=environ.get("JALON_DOCUMENTS", f"file://{instance / 'documents'}"),
        jobs_url=environ.get("JOBS", f"sqlite:///{instance / 'jobs.db'}"),
        mail_url=reader.url("JALON_MAIL", f"file://{instance / 'mail'}", ("file", "smtp", "smtps")),
        mail_from=environ.get("JALON_MAIL_FROM", "Jalon <jalon@exemple.test>"),
        state_site=reader.boolean("JALON_STATE_SITE", default=False),
        job_lease_seconds=reader.integer("JALON_JOB_LEASE", 20, 1, 3600),
        proxies=reader.integer("JALON_PROXIES", 0, 0, 5),
        host=reader.get("JALON_HOST") or "127.0.0.1",
        trusted_hosts=tuple((reader.get("JALON_TRUSTED_HOSTS") or "").lower().split()),
        review_mail=reader.get("JALON_REVIEW_MAIL") or "",
        feeds=tuple((reader.get("JALON_FEEDS") or "").split()),
        forges=tuple((reader.get("JALON_FORGES") or "https://github.com https://gitlab.com").split()),
        github_api=reader.url("JALON_GITHUB_API", "https://api.github.com", ("http", "https")),
        updown_api=reader.url("JALON_UPDOWN_API", "https://updown.io/api", ("http", "https")),
        cards_url=reader.url("JALON_CARDS", "https://beta.gouv.fr/api/v2.6/startups.json", ("http", "https")),
        private_hosts=frozenset((reader.get("JALON_PRIVATE_HOSTS") or "").lower().split()),
        seal_certificate=reader.file("JALON_SEAL_CERTIFICATE"),
        seal_key=reader.file("JALON_SEAL_KEY"),
        seal_former=reader.file("JALON_SEAL_FORMER"),
        seal_level=reader.one_of("JALON_SEAL_LEVEL", ("B-T", "B-LTA"), "B-T"),
        timestamp_url=reader.url("JALON_TIMESTAMP_URL", "https://", ("http", "https"))
        if reader.get("JALON_TIMESTAMP_URL")
        else "",
        timestamp_roots=reader.file("JALON_TIMESTAMP_ROOTS"),
    )
    _check_seal(reader, settings)
    _check_addresses(reader, settings)
    reader.integer("WEB_CONCURRENCY", 2, 1, 64)  # gunicorn reads it by itself
    if reader.wrong:
        raise InvalidSettings("\n".join(reader.wrong))
    return settings


def _check_addresses(reader: "_Reader", settings: Settings) -> None:
    mode = settings.mode
    for name, addresses in (("JALON_FEEDS", settings.feeds), ("JALON_FORGES", settings.forges)):
        if any(urlsplit(address).scheme not in {"http", "https"} for address in addresses):
            reader.wrong.append(f"{name}: addresses that begin with http:// or https://, between spaces")
    if not settings.database_url.startswith(("sqlite", "postgresql")):
        reader.wrong.append("DATABASE_URL: only sqlite:///… and postgresql://… addresses are supported")
    if not settings.jobs_url.startswith(("sqlite:///", "redis://", "rediss://")):
        reader.wrong.append("JOBS: only sqlite:///…, redis://… and rediss://… addresses are supported")
    elif mode is not Mode.DEVELOPMENT and _is_open_redis(settings.jobs_url, settings.private_hosts):
        reader.wrong.append(
            "JOBS: beyond this machine or a host of JALON_PRIVATE_HOSTS, only rediss:// with a password"
        )
    if reader.get("JALON_RATE_LIMITS"):
        reader.wrong.append("JALON_RATE_LIMITS: no setting any more: counts are kept in the database; take it away")
    if mode is Mode.PRODUCTION:
        reader.wrong += _unsafe_in_production(settings)
    if mode is not Mode.DEVELOPMENT:
        reader.wrong += _unsafe_in_public(settings)
    if mode is Mode.REVIEW and not settings.mail_url.startswith("file:") and not settings.review_mail:
        reader.wrong.append(
            "JALON_REVIEW_MAIL: in review, the one address that all mails go to; or JALON_MAIL=file:///…"
        )


def _unsafe_in_production(settings: Settings) -> list[str]:
    """What a trial may do and production may not."""
    wrong = []
    if settings.mail_url.startswith("file:"):
        wrong.append("JALON_MAIL: in production mail is sent, by smtp://… or smtps://…; files would keep sign-in links")
    if settings.review_mail:
        wrong.append("JALON_REVIEW_MAIL: for JALON_ENV=review only; in production mails go to whom they are for")
    return wrong


def _unsafe_in_public(settings: Settings) -> list[str]:
    """What no address that others can reach may do."""
    address = urlsplit(settings.base_url)
    if address.scheme != "https" or is_loopback(address.hostname or ""):
        return ["JALON_BASE_URL: needed, by https://, such as https://jalon.example.gouv.fr"]
    return []


def _is_open_redis(address: str, private_hosts: frozenset[str]) -> bool:
    """Whether a queue or a count would cross a network that others share, readable or writable by them."""
    parts = urlsplit(address)
    if parts.scheme not in {"redis", "rediss"}:
        return False
    host = parts.hostname or ""
    return not (is_loopback(host) or host in private_hosts or (parts.scheme == "rediss" and bool(parts.password)))


def _check_seal(reader: "_Reader", settings: Settings) -> None:
    if (settings.seal_certificate is None) != (settings.seal_key is None):
        reader.wrong.append("JALON_SEAL_CERTIFICATE, JALON_SEAL_KEY: give both, or neither in development")
    if settings.mode is Mode.PRODUCTION and settings.seal_certificate is None:
        reader.wrong.append("JALON_SEAL_CERTIFICATE: needed in production, with JALON_SEAL_KEY; see docs/deploying.md")
    if settings.timestamp_url and settings.timestamp_roots is None:
        reader.wrong.append("JALON_TIMESTAMP_ROOTS: needed with JALON_TIMESTAMP_URL, so that timestamps can be checked")


class _Reader:
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

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.get(name) or default
        if urlsplit(value).scheme not in schemes:
            self.wrong.append(f"{name}: {value!r} must begin with {' or '.join(s + '://' for s in schemes)}")
        return value.rstrip("/")


def _database_url(environ: Mapping[str, str], instance: Path) -> str:
    url = environ.get("DATABASE_URL") or f"sqlite:///{instance / 'jalon.db'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


_SHORTEST_KEY, _FEWEST_SIGNS = 32, 10


def _secret_keys(reader: _Reader, instance: Path, mode: Mode) -> tuple[str, ...]:
    """The configured keys, the newest first; in development, one drawn once and kept in the instance folder."""
    keys = tuple((reader.get("JALON_SECRET_KEY") or "").split())
    if any(len(key) < _SHORTEST_KEY for key in keys) or any(map(_is_weak, keys[:1])):  # a former one only reads
        reader.wrong.append(
            f"JALON_SECRET_KEY: the newest key has {_SHORTEST_KEY} characters drawn at random; draw one with: openssl rand -hex 32"
        )
    if keys:
        return keys
    if mode is not Mode.DEVELOPMENT:
        reader.wrong.append("JALON_SECRET_KEY: needed; draw one with: openssl rand -hex 32")
        return ("",)
    kept = instance / "secret_key"
    if not kept.exists():
        instance.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_hex(32))
    return (kept.read_text().strip(),)


def _is_weak(key: str) -> bool:
    """Few different signs, one piece repeated, or words: none of what a random draw gives."""
    repeated = key in (key + key)[1:-1]
    return repeated or len(set(key)) < _FEWEST_SIGNS or any(word in key.lower() for word in _PLACEHOLDERS)


_PLACEHOLDERS = ("secret", "change", "example", "exemple", "password", "motdepasse", "0123456789")
