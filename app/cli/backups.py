"""`jalon backup` and `jalon restore`: the database and its documents in a folder, put back in an empty place, and checked.

The keys go apart, or whoever finds the folder could open what it holds: JALON_SECRET_KEY and the seal's key are saved where
secrets are kept, and the folder says by a fingerprint which of them it needs.
"""

import hmac
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cli.journal import TAMPERING_WORDS, read_kept_head
from app.cli.secrets import entrusted_secrets
from app.cli.setup import upgrade
from app.factory import create_app
from app.homologation.models import IssuedFile
from app.journal import chain
from app.journal.chain import JournalHead
from app.platform.backups import NotEmpty, TableSummary, dump_tables, load_tables, summarize_tables
from app.platform.database import Database, make_engine
from app.platform.secrets import Unopenable, decrypt_text, derive_key
from app.platform.storage import Storage
from risk_models.plain_values import from_plain, plain

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup holds: its tables as they were counted, its documents, and by fingerprints the keys that it needs.

    `seal`: an HMAC of all that under the newest of those keys, so that nobody rewrites the folder and its sums together.
    """

    format: int
    made_at: str
    revision: str
    tables: dict[str, TableSummary]
    documents: list[str]
    keys: list[str]
    seal: str = ""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Write the database and the documents to FOLDER, which must not exist; Jalon may go on meanwhile."""
    app = create_app()
    if folder.exists():
        raise click.ClickException(f"{folder} exists: a backup goes to a folder of its own")
    database: Database = app.extensions["database"]
    kept: Storage = app.extensions["storage"]
    (folder / "tables").mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    made_at = datetime.now(UTC)
    tables = dump_tables(database, folder / "tables")
    # Documents are written before the rows that name them, and forgotten a week after: all of that instant are there.
    copy = Storage(f"file://{(folder / 'documents').resolve()}")
    documents = sorted(kept.documents_before(datetime.now(UTC)))
    for digest in documents:
        copy.put(kept.get(digest))
    manifest = BackupManifest(_FORMAT, made_at.isoformat(), _newest(app), tables, documents, _fingerprints(app))
    manifest = replace(manifest, seal=_seals(app, manifest)[0])
    path = folder / "manifest.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(plain(manifest), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    rows = sum(table.rows for table in tables.values())
    click.echo(f"{folder}: {rows} rows of {len(tables)} tables, {len(documents)} documents.")
    click.echo("Save JALON_SECRET_KEY and the seal's key elsewhere: without them secrets and factors do not open.")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Restore nothing here: try FOLDER in a place of its own.")
@click.option("--head", "kept", metavar="NUMBER:HASH", help="The head of the journal that was mailed last.")
def restore(folder: Path, only_check: bool, kept: str | None) -> None:  # noqa: FBT001 - click's flag
    """Put FOLDER back into the empty database and document store of the settings, then check all of it."""
    app = create_app()
    manifest = _read_manifest(folder)
    if manifest.revision != _newest(app):
        raise click.ClickException(
            f"this backup is of tables {manifest.revision}, this Jalon of {_newest(app)}: restore with the version that made it"
        )
    source = Storage(f"file://{(folder / 'documents').resolve()}")
    head = read_kept_head(kept) if kept else None
    if only_check:
        with _scratch_database() as database:
            load_tables(database, folder / "tables")
            faults = list(_faults(app, database, source, manifest, head))
    else:
        database, documents = app.extensions["database"], app.extensions["storage"]
        upgrade(app.config["SETTINGS"].database_url)
        try:
            load_tables(database, folder / "tables")
        except NotEmpty as error:
            raise click.ClickException(f"the database is not empty ({error}): restore into a new one") from error
        for digest in manifest.documents:
            documents.put(source.get(digest))
        faults = list(_faults(app, database, documents, manifest, head))
    for fault in faults:
        click.echo(fault)
    if faults:
        raise SystemExit(1)
    said = "would be equal" if only_check else "restored, equal"
    click.echo(
        f"{folder}: {said}: rows, documents, issued files, the journal's chain, secrets." + _unchecked_head(head)
    )


def _unchecked_head(head: JournalHead | None) -> str:
    return "" if head else " No head of the journal was given (--head): an older backup would look as good."


def _faults(
    app: Flask, database: Database, documents: Storage, manifest: BackupManifest, head: JournalHead | None
) -> Iterator[str]:
    """What a restored place lacks or says otherwise, a line each."""
    if not any(hmac.compare_digest(manifest.seal, seal) for seal in _seals(app, manifest)):
        yield "manifest.json: rewritten since, or made under a key that is not in JALON_SECRET_KEY: nothing in it proves itself"
    for name, found in summarize_tables(database).items():
        if manifest.tables.get(name) != found:
            yield f"table {name}: {found.rows} rows that are not those of the backup"
    for digest in manifest.documents:
        if fault := _document_fault(documents, digest):
            yield fault
    with app.app_context(), database.reading() as session:
        for digest in session.scalars(select(IssuedFile.sha256)):
            if fault := _document_fault(documents, digest):
                yield f"issued file: {fault}"
        for tampering, where in chain.verify_journal(session, *([head] if head else [])).faults:
            yield f"journal: {TAMPERING_WORDS[tampering].format(where)}"
        closed = list(_closed_secrets(session))
    yield from closed
    if closed:
        yield f"keys: the backup was made with {', '.join(manifest.keys)}; JALON_SECRET_KEY has {', '.join(_fingerprints(app))}"


def _document_fault(documents: Storage, digest: str) -> str | None:
    try:
        documents.get(digest)
    except FileNotFoundError:
        return f"document {digest} is not there"
    except ValueError:
        return f"document {digest} was altered"
    return None


def _closed_secrets(session: Session) -> Iterator[str]:
    """Second factors and other entrusted secrets that the present keys do not open."""
    for row, column in entrusted_secrets(session):
        try:
            decrypt_text(getattr(row, column))
        except Unopenable:
            yield f"{row.__tablename__} {row.id}: encrypted under a key that is not in JALON_SECRET_KEY"


def _fingerprints(app: Flask) -> list[str]:
    """By which to know a key without learning it."""
    return [derive_key(key, "fingerprint").hex()[:16] for key in app.config["SETTINGS"].secret_keys]


def _seals(app: Flask, manifest: BackupManifest) -> list[str]:
    """The seal of a manifest under each key of these settings, the newest first."""
    said = json.dumps(plain(replace(manifest, seal="")), sort_keys=True).encode()
    return [hmac.digest(derive_key(key, "backup"), said, "sha256").hex() for key in app.config["SETTINGS"].secret_keys]


def _newest(app: Flask) -> str:
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory(str(app.config["ROOT"] / "migrations")).get_current_head())


def _read_manifest(folder: Path) -> BackupManifest:
    try:
        found: object = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if isinstance(found, dict) and found.get("format") != _FORMAT:
            raise click.ClickException(f"{folder}: a backup of a format that this Jalon does not know")
        return from_plain(found, BackupManifest)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise click.ClickException(
            f"{folder} is no whole backup: its manifest.json is not there or not read"
        ) from error


@contextmanager
def _scratch_database() -> Iterator[Database]:
    """A new SQLite file, forgotten afterwards: what a backup holds is read by either database."""
    place = Path(tempfile.mkdtemp(prefix="jalon-check-"))
    url = f"sqlite:///{place / 'check.db'}"
    try:
        upgrade(url)
        database = Database(make_engine(url))
        yield database
        database.engine.dispose()
    finally:
        shutil.rmtree(place)
