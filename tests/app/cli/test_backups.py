"""A backup taken while people work is put back elsewhere, equal; what it lacks or says otherwise is named."""

import hashlib
import json
import threading

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import IntegrityError

from app.cli import backups
from app.cli.setup import upgrade
from app.factory import configure_app
from app.homologation.models import IssuedFile
from app.journal import chain
from app.journal.actions import Action
from app.journal.services import record
from app.platform import settings as app_settings
from tests.conftest import on_postgresql, on_sqlite


@pytest.fixture
def made(decided, tmp_path, monkeypatch):
    """A world with a sealed dossier and a factor, its backup taken while four threads write, and the way to run commands."""
    world = decided[0]
    world.code(world.person())
    monkeypatch.setattr(backups, "create_app", lambda: world.app)
    stop, everyone_wrote = threading.Event(), threading.Barrier(5)

    def work(number: int) -> None:
        with world.database.writing() as session:
            record(session, None, Action.ADD_COMPONENT, f"ajout {number}")
        everyone_wrote.wait(60)
        while not stop.is_set():
            with world.database.writing() as session:
                record(session, None, Action.ADD_COMPONENT, f"ajout {number}")
            world.app.extensions["storage"].put(f"document {number}".encode())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    everyone_wrote.wait(60)
    folder = tmp_path / "sauvegarde"
    run = CliRunner().invoke(backups.backup, [str(folder)])
    stop.set()
    for thread in threads:
        thread.join()
    assert run.exit_code == 0, run.output
    return world, folder


def restore(*arguments):
    return CliRunner().invoke(backups.restore, [str(a) for a in arguments])


def rewrite(folder) -> None:
    """A row changed, and the sums with it, by somebody without the key."""
    path, manifest = folder / "tables" / "person.jsonl", json.loads((folder / "manifest.json").read_text())
    lines = sorted(line.replace("Camille", "Quelqu’un") for line in path.read_text().splitlines(keepends=True))
    path.write_text("".join(lines))
    manifest["tables"]["person"]["sha256"] = hashlib.sha256("".join(lines).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def move_to(world, tmp_path, url=None, **changes):
    """The same application with an empty place of its own."""
    place = tmp_path / "ailleurs"
    place.mkdir()
    (place / "secret_key").write_text((tmp_path / "secret_key").read_text())
    configure_app(
        world.app,
        app_settings.load_settings(
            {"JALON_ENV": "development", "JALON_INSTANCE": str(place)}
            | ({"DATABASE_URL": url} if url else {})
            | changes
        ),
    )
    return world.app.extensions["database"]


def test_a_backup_under_load_is_restored_elsewhere_and_equal(made, tmp_path):
    world, folder = made
    with world.database.reading() as session:
        issued = sorted(session.scalars(select(IssuedFile.sha256)))
    assert issued
    run = restore(folder, "--check")
    assert run.exit_code == 0, run.output
    assert "would be equal" in run.output and "No head of the journal was given" in run.output
    database = move_to(world, tmp_path)
    run = restore(folder)
    assert run.exit_code == 0, run.output
    with database.reading() as session:
        assert sorted(session.scalars(select(IssuedFile.sha256))) == issued
        assert chain.verify_journal(session).faults == ()
    for digest in issued:
        assert world.app.extensions["storage"].get(digest)
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(text("UPDATE issued_file SET sha256 = 'x'"))  # the triggers are back
    assert "is not empty" in restore(folder).output


@on_postgresql
def test_a_backup_is_restored_in_a_postgresql_with_its_triggers(made, tmp_path, postgres_url):
    world, folder = made
    admin = create_engine(f"{postgres_url}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE restored"))
    database = move_to(world, tmp_path, f"{postgres_url}/restored")
    try:
        run = restore(folder)
        assert run.exit_code == 0, run.output
        with pytest.raises(IntegrityError), database.writing() as session:
            session.execute(text("DELETE FROM journal_entry"))
    finally:
        database.engine.dispose()
        with admin.connect() as connection:
            connection.execute(text("DROP DATABASE restored WITH (FORCE)"))
        admin.dispose()


@on_sqlite
def test_a_backup_older_than_the_head_that_was_mailed_is_found(made):
    world, folder = made
    with world.database.reading() as session:
        of_backup = chain.read_head(session)
    with world.database.writing() as session:
        record(session, None, Action.ADD_COMPONENT, "après la sauvegarde")
    with world.database.reading() as session:
        mailed = chain.read_head(session)
    run = restore(folder, "--check", "--head", f"{mailed.number}:{mailed.hash}")
    assert run.exit_code == 1 and "it was put back, or made anew" in run.output
    assert of_backup.number < mailed.number


@on_sqlite
@pytest.mark.parametrize(
    "fault", ["row", "rewritten", "document gone", "document altered", "table gone", "manifest", "key"]
)
def test_what_a_backup_lacks_or_says_otherwise_is_named(made, tmp_path, fault):
    world, folder = made
    with world.database.reading() as session:
        digest = session.scalar(select(IssuedFile.sha256))
    document = folder / "documents" / digest[:2] / digest
    if fault == "row":
        path = folder / "tables" / "journal_entry.jsonl"
        path.write_text(path.read_text().replace("ajout 0", "autre chose", 1))
    elif fault == "rewritten":
        rewrite(folder)
    elif fault == "document gone":
        document.unlink()
    elif fault == "document altered":
        document.write_bytes(b"autre")
    elif fault == "table gone":
        (folder / "tables" / "person.jsonl").unlink()
    elif fault == "manifest":
        (folder / "manifest.json").write_text(json.dumps({"format": 1}))
    else:
        move_to(world, tmp_path, JALON_SECRET_KEY="0f3c9a7be1d2486598b0c4f1a6e7d35c2b9841fe07ad6c53")
    run = restore(folder, "--check")
    assert run.exit_code != 0
    said = run.output + str(run.exception or "")
    expected = {
        "row": "table journal_entry",
        "rewritten": "manifest.json: rewritten since",
        "document gone": f"issued file: document {digest} is not there",
        "document altered": f"document {digest} was altered",
        "table gone": "person.jsonl",
        "manifest": "no whole backup",
        "key": "encrypted under a key that is not in JALON_SECRET_KEY",
    }
    assert expected[fault] in said
    if fault == "row":
        assert "journal: line" in said


@on_sqlite
def test_a_folder_that_exists_is_never_written_over(made):
    _, folder = made
    run = CliRunner().invoke(backups.backup, [str(folder)])
    assert run.exit_code == 1 and "exists" in run.output


@on_sqlite
def test_every_table_is_in_the_backup_or_left_out_on_purpose(made, tmp_path):
    _, folder = made
    url = f"sqlite:///{tmp_path / 'all.db'}"
    upgrade(url)
    engine = create_engine(url)
    known = set(inspect(engine).get_table_names()) - {"alembic_version"}
    engine.dispose()
    left_out = {"web_session", "sign_in_link", "factor_challenge", "hit", "upload"}
    assert {path.stem for path in (folder / "tables").iterdir()} == known - left_out
