"""Settings from the environment, validated at start: one message per wrong value, all at once."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from app.platform.network import is_loopback, is_reachable_name
from app.platform.setting_reader import WEB, InvalidSettings, Mode, Reader
from risk_models.rules.limits import FILE_BYTES


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
    security_contact: str
    source_commit: str
    proconnect: str
    proconnect_client: str
    proconnect_secret: str
    proconnect_algorithm: str
    seal_certificate: Path | None
    seal_key: Path | None
    seal_former: Path | None
    seal_level: str
    timestamp_url: str
    timestamp_roots: Path | None
    max_upload_bytes: int = FILE_BYTES

    @property
    def development(self) -> bool:
        return self.mode is Mode.DEVELOPMENT

    @property
    def shows_mailbox(self) -> bool:
        """Whether mails may be read on a page: only where nobody but who started it can come."""
        own = is_loopback(self.host) and is_loopback(urlsplit(self.base_url).hostname or "")
        return self.development and own and not self.proxies and self.mail_url.startswith("file:")


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads and checks the environment. Raises `InvalidSettings` naming every wrong value and its cure."""
    reader = Reader(environ)
    mode = reader.mode()
    instance = Path(environ.get("JALON_INSTANCE", "instance")).resolve()
    settings = Settings(
        mode=mode,
        secret_keys=_secret_keys(reader, instance, mode),
        database_url=reader.database("DATABASE_URL", f"sqlite:///{instance / 'jalon.db'}"),
        base_url=reader.address("JALON_BASE_URL", f"http://127.0.0.1:{environ.get('PORT', '8000')}", WEB),
        instance=instance,
        documents_url=reader.address("JALON_DOCUMENTS", f"file://{instance / 'documents'}", ("file", "s3")),
        jobs_url=reader.address("JOBS", f"sqlite:///{instance / 'jobs.db'}", ("sqlite", "redis", "rediss")),
        mail_url=reader.address("JALON_MAIL", f"file://{instance / 'mail'}", ("file", "smtp", "smtps")),
        mail_from=reader.sender("JALON_MAIL_FROM", "Jalon <jalon@exemple.test>"),
        state_site=reader.boolean("JALON_STATE_SITE", default=False),
        job_lease_seconds=reader.integer("JALON_JOB_LEASE", 20, 1, 3600),
        proxies=reader.integer("JALON_PROXIES", 0, 0, 5),
        host=reader.get("JALON_HOST") or "127.0.0.1",
        trusted_hosts=tuple((reader.get("JALON_TRUSTED_HOSTS") or "").lower().split()),
        review_mail=reader.mailbox("JALON_REVIEW_MAIL"),
        feeds=reader.addresses("JALON_FEEDS", ""),
        forges=reader.addresses("JALON_FORGES", "https://github.com https://gitlab.com"),
        github_api=reader.address("JALON_GITHUB_API", "https://api.github.com", WEB),
        updown_api=reader.address("JALON_UPDOWN_API", "https://updown.io/api", WEB),
        cards_url=reader.address("JALON_CARDS", "https://beta.gouv.fr/api/v2.6/startups.json", WEB),
        private_hosts=frozenset((reader.get("JALON_PRIVATE_HOSTS") or "").lower().split()),
        security_contact=reader.mailbox("JALON_SECURITY_CONTACT"),
        source_commit=reader.get("JALON_COMMIT") or "",
        proconnect=reader.address("JALON_PROCONNECT", "", WEB),
        proconnect_client=reader.get("JALON_PROCONNECT_CLIENT") or "",
        proconnect_secret=reader.get("JALON_PROCONNECT_SECRET") or "",
        proconnect_algorithm=reader.one_of("JALON_PROCONNECT_ALGORITHM", ("ES256", "RS256", "HS256"), "ES256"),
        seal_certificate=reader.file("JALON_SEAL_CERTIFICATE"),
        seal_key=reader.file("JALON_SEAL_KEY"),
        seal_former=reader.file("JALON_SEAL_FORMER"),
        seal_level=reader.one_of("JALON_SEAL_LEVEL", ("B-T", "B-LTA"), "B-T"),
        timestamp_url=reader.address("JALON_TIMESTAMP_URL", "", WEB),
        timestamp_roots=reader.file("JALON_TIMESTAMP_ROOTS"),
    )
    _check_seal(reader, settings)
    _check_proconnect(reader, settings)
    _check_addresses(reader, settings)
    reader.integer("WEB_CONCURRENCY", 2, 1, 64)  # gunicorn reads it by itself
    first_of_each = {line.partition(":")[0]: line for line in reversed(reader.wrong)}
    if first_of_each:
        raise InvalidSettings("\n".join(reversed(first_of_each.values())))
    return settings


def _check_addresses(reader: Reader, settings: Settings) -> None:
    mode = settings.mode
    if mode is not Mode.DEVELOPMENT and _is_open_redis(settings.jobs_url, settings.private_hosts):
        reader.wrong.append(
            "JOBS: beyond this machine or a host of JALON_PRIVATE_HOSTS, only rediss:// with a password, its certificate checked"
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
    asked = (
        *(("JALON_FEEDS", address) for address in settings.feeds),
        *(("JALON_FORGES", address) for address in settings.forges),
        ("JALON_GITHUB_API", settings.github_api),
        ("JALON_UPDOWN_API", settings.updown_api),
        ("JALON_CARDS", settings.cards_url),
        ("JALON_PROCONNECT", settings.proconnect),
    )
    wrong += [
        f"{name}: in production by https://, but for this machine and the hosts of JALON_PRIVATE_HOSTS"
        for name, address in asked
        if address.startswith("http:") and not _is_near(address, settings.private_hosts)
    ]
    if not _is_checked_database(settings):
        wrong.append(
            "DATABASE_URL: beyond this machine or a host of JALON_PRIVATE_HOSTS, with sslmode=verify-full (or verify-ca)"
        )
    return wrong


def _unsafe_in_public(settings: Settings) -> list[str]:
    """What no address that others can reach may do."""
    address = urlsplit(settings.base_url)
    if address.scheme != "https" or not is_reachable_name(address.hostname or ""):
        return ["JALON_BASE_URL: needed, by https://, such as https://jalon.example.gouv.fr"]
    return []


def _is_checked_database(settings: Settings) -> bool:
    """Whether the database is near, or its certificate checked: by default PostgreSQL's client falls back to plain text."""
    if _is_near(settings.database_url, settings.private_hosts):
        return True
    return bool({"sslmode=verify-full", "sslmode=verify-ca"} & set(urlsplit(settings.database_url).query.split("&")))


def _is_near(address: str, private_hosts: frozenset[str]) -> bool:
    """Whether an address is of this machine, or of one that was declared one's own."""
    host = urlsplit(address).hostname or "localhost"
    return is_loopback(host) or host in private_hosts


def _is_open_redis(address: str, private_hosts: frozenset[str]) -> bool:
    """Whether a queue or a count would cross a network that others share, readable or writable by them."""
    parts = urlsplit(address)
    if parts.scheme not in {"redis", "rediss"}:
        return False
    sure = parts.scheme == "rediss" and bool(parts.password) and "ssl_cert_reqs=none" not in parts.query.lower()
    return not (_is_near(address, private_hosts) or sure)


def _check_seal(reader: Reader, settings: Settings) -> None:
    if settings.seal_certificate is None and settings.seal_key is not None:
        reader.wrong.append("JALON_SEAL_CERTIFICATE: needed with JALON_SEAL_KEY; the web goes without the key")
    if settings.mode is Mode.PRODUCTION and settings.seal_certificate is None:
        reader.wrong.append(
            "JALON_SEAL_CERTIFICATE: needed in production; JALON_SEAL_KEY too for the worker, which seals"
        )
    if settings.mode is Mode.PRODUCTION and settings.seal_key and settings.seal_key.stat().st_mode & 0o077:
        reader.wrong.append("JALON_SEAL_KEY: others of this machine may read this file; chmod 600 it")
    if settings.timestamp_url and settings.timestamp_roots is None:
        reader.wrong.append("JALON_TIMESTAMP_ROOTS: needed with JALON_TIMESTAMP_URL, so that timestamps can be checked")


_DISCOVERY = "/.well-known/openid-configuration"


def _check_proconnect(reader: Reader, settings: Settings) -> None:
    given = (settings.proconnect, settings.proconnect_client, settings.proconnect_secret)
    if any(given) and not all(given):
        reader.wrong.append(
            "JALON_PROCONNECT: give it with JALON_PROCONNECT_CLIENT and JALON_PROCONNECT_SECRET, or none of the three (mail links only)"
        )
    if settings.proconnect and not settings.proconnect.endswith(_DISCOVERY):
        reader.wrong.append(f"JALON_PROCONNECT: the address of the discovery document, which ends with {_DISCOVERY}")


_SHORTEST_KEY, _FEWEST_SIGNS = 32, 10


def _secret_keys(reader: Reader, instance: Path, mode: Mode) -> tuple[str, ...]:
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
    """Few different signs, one piece repeated, signs in their order, or words: none of what a random draw gives."""
    repeated = key in (key + key)[1:-1]
    in_order = sum(ord(b) - ord(a) == 1 for a, b in pairwise(key)) > len(key) // 4
    parts = re.split(r"[\W_]+", key)
    words = all(part.isalpha() or part.isdecimal() for part in parts if part)
    placeholder = any(word in key.lower() for word in _PLACEHOLDERS)
    return repeated or in_order or words or len(set(key)) < _FEWEST_SIGNS or placeholder


_PLACEHOLDERS = ("secret", "change", "example", "exemple", "password", "motdepasse", "0123456789")
