"""Settings from the environment, validated at start: one message per wrong value, all at once."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


class InvalidSettings(ValueError):
    """Environment variables that cannot be used; one line each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this Jalon runs. `development` shows the mailbox page and allows plain HTTP cookies."""

    development: bool
    secret_key: str
    database_url: str
    base_url: str
    instance: Path
    documents_url: str
    jobs_url: str
    mail_url: str
    mail_from: str
    state_site: bool
    job_lease_seconds: int
    rate_limit_url: str
    proxies: int
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
    def mail_folder(self) -> Path:
        return self.instance / "mail"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads and checks the environment. Raises `InvalidSettings` naming every wrong value and its cure."""
    reader = _Reader(environ)
    mode = reader.one_of("JALON_ENV", ("development", "production"), "development")
    development = mode == "development"
    instance = Path(environ.get("JALON_INSTANCE", "instance")).resolve()
    settings = Settings(
        development=development,
        secret_key=_secret_key(reader, instance, development=development),
        database_url=_database_url(environ, instance),
        base_url=reader.url("JALON_BASE_URL", f"http://127.0.0.1:{environ.get('PORT', '8000')}", ("http", "https")),
        instance=instance,
        documents_url=environ.get("JALON_DOCUMENTS", f"file://{instance / 'documents'}"),
        jobs_url=environ.get("JOBS", f"sqlite:///{instance / 'jobs.db'}"),
        mail_url=reader.url("JALON_MAIL", f"file://{instance / 'mail'}", ("file", "smtp", "smtps")),
        mail_from=environ.get("JALON_MAIL_FROM", "Jalon <jalon@exemple.test>"),
        state_site=reader.boolean("JALON_STATE_SITE", default=False),
        job_lease_seconds=reader.integer("JALON_JOB_LEASE", 20, 1, 3600),
        rate_limit_url=environ.get("JALON_RATE_LIMITS", "memory://"),
        proxies=reader.integer("JALON_PROXIES", 0, 0, 5),
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
    for name, addresses in (("JALON_FEEDS", settings.feeds), ("JALON_FORGES", settings.forges)):
        if any(urlsplit(address).scheme not in {"http", "https"} for address in addresses):
            reader.wrong.append(f"{name}: addresses that begin with http:// or https://, between spaces")
    if not settings.database_url.startswith(("sqlite", "postgresql")):
        reader.wrong.append("DATABASE_URL: only sqlite:///… and postgresql://… addresses are supported")
    if not settings.jobs_url.startswith(("sqlite:///", "redis://", "rediss://")):
        reader.wrong.append("JOBS: only sqlite:///… and redis://… addresses are supported")
    if not development and settings.base_url.startswith("http://127."):
        reader.wrong.append("JALON_BASE_URL: needed in production, such as https://jalon.example.gouv.fr")
    if reader.wrong:
        raise InvalidSettings("\n".join(reader.wrong))
    return settings


def _check_seal(reader: "_Reader", settings: Settings) -> None:
    if (settings.seal_certificate is None) != (settings.seal_key is None):
        reader.wrong.append("JALON_SEAL_CERTIFICATE, JALON_SEAL_KEY: give both, or neither in development")
    if not settings.development and settings.seal_certificate is None:
        reader.wrong.append("JALON_SEAL_CERTIFICATE: needed in production, with JALON_SEAL_KEY; see docs/deploying.md")
    if settings.timestamp_url and settings.timestamp_roots is None:
        reader.wrong.append("JALON_TIMESTAMP_ROOTS: needed with JALON_TIMESTAMP_URL, so that timestamps can be checked")


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.wrong: list[str] = []

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


def _secret_key(reader: _Reader, instance: Path, *, development: bool) -> str:
    """The configured key; in development, one drawn once and kept in the instance folder."""
    key = reader.get("JALON_SECRET_KEY")
    if key:
        if len(key) < 32:
            reader.wrong.append("JALON_SECRET_KEY: at least 32 characters are needed")
        return key
    if not development:
        reader.wrong.append("JALON_SECRET_KEY: needed in production; draw one with: openssl rand -hex 32")
        return ""
    kept = instance / "secret_key"
    if not kept.exists():
        instance.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_hex(32))
    return kept.read_text().strip()
