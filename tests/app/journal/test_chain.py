"""The chain of the journal: what is changed, removed, inserted, moved or put back is found, on both databases."""

import re
import subprocess
import sys
from contextlib import contextmanager
from itertools import product as every

import pytest
from alembic import command as migrations
from alembic.config import Config
from click.testing import CliRunner
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import ProgrammingError

from app import doctor
from app.cli import journal as command
from app.homologation import integrity
from app.identity import handlers
from app.identity.kinds import Role
from app.journal import chain
from app.journal.actions import Action
from app.journal.chain import JournalHead, Tampering
from app.journal.models import JournalEntry, JournalLink
from app.journal.services import record
from app.platform import clock
from app.platform.database import Database, make_engine
from app.platform.extensions import document_storage
from tests.conftest import ROOT, on_postgresql, on_sqlite

ACTS, WORKERS = 1_000, 2


def act(world, *what: str) -> None:
    with world.database.writing() as session:
        for one in what:
            record(session, None, Action.ADD_COMPONENT, one, product_id="p", details={"of": [1, 2.5, "é"]})


def verdict(world, kept: JournalHead | None = None):
    with world.database.reading() as session:
        return chain.verify_journal(session, *([kept] if kept else []))


@contextmanager
def without_triggers(world):
    """As who owns the database may write in it."""
    engine = create_engine(world.database.engine.url)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            names = connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'journal%'")
            ).all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
        connection.commit()
    engine.dispose()


def test_lines_are_numbered_without_gap_and_hold(world):
    product = world.filled()
    people = world.cast(product)
    world.before_authority(world.person(), product, people)
    act(world, "un", "deux")
    found = verdict(world)
    with world.database.reading() as session:
        numbers = session.scalars(select(JournalLink.number).order_by(JournalLink.number)).all()
        assert len(numbers) == len(session.scalars(select(JournalEntry.id)).all())
    assert numbers == list(range(1, len(numbers) + 1)) and found.head.number == numbers[-1]
    assert found.faults == () and verdict(world, found.head).faults == ()


CHANGES = {
    "what": ("UPDATE journal_entry SET what = 'autre' WHERE what = 'deux'", [(Tampering.CHANGED, "2")]),
    "who": ("UPDATE journal_entry SET person_name = 'Autre' WHERE what = 'deux'", [(Tampering.CHANGED, "2")]),
    "details": ("UPDATE journal_entry SET details = '{}' WHERE what = 'deux'", [(Tampering.CHANGED, "2")]),
    "action": ("UPDATE journal_entry SET action = 'decide' WHERE what = 'trois'", [(Tampering.CHANGED, "3")]),
    "when": (
        "UPDATE journal_entry SET at = '2020-01-01 00:00:00+00:00' WHERE what = 'deux'",
        [(Tampering.CHANGED, "2")],
    ),
    "entry removed": ("DELETE FROM journal_entry WHERE what = 'deux'", [(Tampering.GONE, "2")]),
    "inserted": (
        "INSERT INTO journal_entry (id, at, person_name, action, what, details)"
        " SELECT 'x', at, person_name, action, 'faux', details FROM journal_entry WHERE what = 'deux'",
        [(Tampering.UNCHAINED, "x")],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_removed_or_inserted_is_found(world, change):
    statement, faults = CHANGES[change]
    act(world, "un", "deux", "trois")
    with without_triggers(world) as connection:
        connection.execute(text(statement))
    found = verdict(world).faults
    assert set(faults) <= set(found), found


def test_two_lines_that_change_places_are_found(world):
    act(world, "un", "deux", "trois")
    with without_triggers(world) as connection:
        rows = dict(connection.execute(text("SELECT number, entry_id FROM journal_link")).all())
        connection.execute(text("UPDATE journal_link SET entry_id = 'away' WHERE number = 2"))
        connection.execute(text("UPDATE journal_link SET entry_id = :e WHERE number = 3"), {"e": rows[2]})
        connection.execute(text("UPDATE journal_link SET entry_id = :e WHERE number = 2"), {"e": rows[3]})
    assert {(Tampering.CHANGED, "2"), (Tampering.CHANGED, "3")} <= set(verdict(world).faults)


def test_a_line_taken_out_whole_leaves_a_gap(world):
    act(world, "un", "deux", "trois")
    with without_triggers(world) as connection:
        connection.execute(text("DELETE FROM journal_link WHERE number = 2"))
        connection.execute(text("DELETE FROM journal_entry WHERE what = 'deux'"))
    assert {(Tampering.GAP, "2"), (Tampering.CHANGED, "3")} <= set(verdict(world).faults)


def test_an_older_copy_and_a_truncation_are_found_by_who_kept_a_head(world):
    act(world, "un", "deux", "trois")
    kept = verdict(world).head
    with without_triggers(world) as connection:
        connection.execute(text("DELETE FROM journal_link WHERE number = 3"))
        connection.execute(text("DELETE FROM journal_entry WHERE what = 'trois'"))
    assert verdict(world).faults == ()
    assert verdict(world, kept).faults == ((Tampering.OTHER_HEAD, "3"),)
    act(world, "quatre")  # the number is taken again, by another line
    assert verdict(world, kept).faults == ((Tampering.OTHER_HEAD, "3"),)


@on_sqlite
def test_a_line_slipped_in_before_the_first_is_found(world):
    act(world, "un")
    with world.database.writing() as session:
        early = JournalEntry(at=clock.now().replace(year=2020), person_name="Jalon", action="give_role", what="Ève")
        early.details = {}
        session.add(early)
    assert {fault for fault, _ in verdict(world).faults} == {Tampering.UNCHAINED}


@on_sqlite
def test_lines_of_before_the_chain_are_chained_once(world):
    with world.database.writing() as session:
        for year in (2021, 2020):
            old = JournalEntry(at=clock.now().replace(year=year), person_name="Jalon", action="sign_in", what=str(year))
            old.details = {}
            session.add(old)
    with world.database.writing() as session:
        assert chain.chain_unchained(session) == 2
        assert chain.chain_unchained(session) == 0
    assert verdict(world).faults == () and verdict(world).head.number == 2


def test_the_migration_chains_the_lines_of_before(tmp_path):
    engine, config = make_engine(f"sqlite:///{tmp_path / 'old.db'}"), Config(str(ROOT / "alembic.ini"))
    for to in ("0059", "head"):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            migrations.upgrade(config, to)
            if to == "0059":
                connection.execute(
                    text(
                        "INSERT INTO journal_entry (id, at, person_name, action, what, details)"
                        " VALUES ('a', '2020-01-01 00:00:00.000000', 'Jalon', 'sign_in', 'x', '{}')"
                    )
                )
    with Database(engine).reading() as session:
        found = chain.verify_journal(session)
    assert found.head.number == 1 and found.faults == ()
    engine.dispose()


@on_sqlite
def test_a_chain_cut_with_its_days_is_found_by_the_sealed_heads(world):
    """Nobody kept a head outside: its sealed document, which nothing names any more, is enough."""
    act(world, "un", "deux", "trois")
    with world.app.app_context():
        handlers.keep_journal_head(world.database)
        with world.database.reading() as session:
            assert list(integrity.find_damage(session, document_storage())) == []
        with without_triggers(world) as connection:
            connection.execute(text("DELETE FROM journal_day"))
            connection.execute(text("DELETE FROM journal_link WHERE number = 3"))
            connection.execute(text("DELETE FROM journal_entry WHERE what = 'trois'"))
        with world.database.reading() as session:
            found = list(integrity.find_damage(session, document_storage()))
    assert [(one.kind, one.where) for one in found] == [(integrity.Damage.JOURNAL, "3")]


@on_sqlite
def test_a_file_that_somebody_attached_and_took_away_is_no_head(world):
    with world.app.app_context():
        document_storage().put(f"2026-11-30 7:{'a' * 64}\n".encode())
        with world.database.reading() as session:
            assert list(integrity.find_damage(session, document_storage())) == []


def test_what_a_savepoint_or_a_refusal_takes_back_has_no_number(world):
    with world.database.writing() as session:
        record(session, None, Action.ADD_COMPONENT, "un")
        nested = session.begin_nested()
        record(session, None, Action.ADD_COMPONENT, "jamais")
        session.flush()
        nested.rollback()
        record(session, None, Action.ADD_COMPONENT, "deux")
    with pytest.raises(ZeroDivisionError), world.database.writing() as session:
        record(session, None, Action.ADD_COMPONENT, "jamais non plus")
        session.flush()
        raise ZeroDivisionError
    found = verdict(world)
    assert found.head.number == 2 and found.faults == ()


@on_postgresql
def test_a_thousand_acts_of_two_workers_make_one_chain(world):
    """Two processes of two threads: no number is missing, none is taken twice, none is deadlocked."""
    url = world.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.app.journal.writing", url]
    workers = [subprocess.Popen([*command, str(n), str(ACTS // WORKERS)], cwd=ROOT) for n in range(WORKERS)]
    assert [worker.wait(timeout=300) for worker in workers] == [0] * WORKERS
    found = verdict(world)
    assert found.head.number == ACTS and found.faults == ()
    with world.database.reading() as session:
        said = set(session.scalars(select(JournalEntry.what)))
    assert len(said) == ACTS


def test_the_database_refuses_to_change_the_chain(world):
    act(world, "un", "deux")
    for statement in (
        "UPDATE journal_link SET hash = 'x'",
        "DELETE FROM journal_link",
        "INSERT INTO journal_link (number, entry_id, texts, salt, hash) SELECT number, entry_id, texts, salt, hash FROM journal_link",
    ):
        with pytest.raises(Exception, match=r"sealed|unique|UNIQUE"), world.database.writing() as session:
            session.execute(text(statement))
    assert verdict(world).faults == ()


@on_sqlite
def test_the_command_prints_the_head_and_says_what_is_wrong(world, monkeypatch):
    monkeypatch.setattr(command, "create_app", lambda: world.app)
    act(world, "un", "deux")
    run = CliRunner().invoke(command.journal, ["verify"])
    assert run.exit_code == 0 and "2 lines, all as they were written" in run.output
    head = run.output.split("head: ")[1].split()[0]
    assert CliRunner().invoke(command.journal, ["verify", "--head", head]).exit_code == 0
    assert CliRunner().invoke(command.journal, ["verify", "--head", "2"]).exit_code == 2
    with without_triggers(world) as connection:
        connection.execute(text("UPDATE journal_entry SET what = 'autre' WHERE what = 'un'"))
    run = CliRunner().invoke(command.journal, ["verify"])
    assert run.exit_code == 1 and "line 1 was changed" in run.output


def test_the_head_is_kept_each_day_and_mailed_to_who_audits(world):
    """A chain cut since, by who owns the database, no longer holds the head of that day."""
    auditor = world.person("audit@exemple.test", "Ariel Fournier")
    world.give(auditor, Role.AUDITOR)
    act(world, "un", "deux")
    with world.app.test_request_context():
        for _ in range(2):
            handlers.keep_journal_head(world.database)
        world.jobs.run_due()
    head = verdict(world).head
    told = [m for m in world.mails() if m.startswith(auditor.email) and f"{head.number}:{head.hash}" in m]
    assert len(told) == 1
    with without_triggers(world) as connection:
        connection.execute(text("DELETE FROM journal_link WHERE number = :n"), {"n": head.number})
        connection.execute(text("DELETE FROM journal_entry WHERE what = 'deux'"))
    assert (Tampering.OTHER_HEAD, str(head.number)) in verdict(world).faults


@on_sqlite
def test_the_head_of_the_day_is_sealed_and_read_without_jalon(world, tmp_path):
    auditor = world.person("audit@exemple.test", "Ariel Fournier")
    world.give(auditor, Role.AUDITOR)
    act(world, "un")
    with world.app.test_request_context():
        handlers.keep_journal_head(world.database)
    head, day = verdict(world).head, clock.today().isoformat()
    visitor = world.visitor(auditor)
    assert f"/plateforme/journal/tetes/{day}.p7m" in visitor.get("/plateforme/journal").get_data(as_text=True)
    sealed = tmp_path / "tete.p7m"
    sealed.write_bytes(visitor.get(f"/plateforme/journal/tetes/{day}.p7m").data)
    certificate = tmp_path / "seal" / "certificate.pem"
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(sealed), "-purpose", "any"]
    read = subprocess.run([*command, "-CAfile", str(certificate)], capture_output=True, check=True)
    assert read.stdout.decode().strip() == f"{day} {head.number}:{head.hash}"
    sealed.write_bytes(sealed.read_bytes().replace(head.hash.encode(), b"0" * 64))
    assert subprocess.run([*command, "-CAfile", str(certificate)], capture_output=True, check=False).returncode
    assert visitor.get("/plateforme/journal/tetes/2001-01-01.p7m").status_code == 404
    assert visitor.get("/plateforme/journal/tetes/x.p7m").status_code == 404


@on_postgresql
def test_a_role_without_update_nor_delete_does_all_that_jalon_does(world):
    """As docs/deploying.md gives it: acts are written, people erased, and the journal changed by nobody."""
    statements = re.search(r"```sql\n(.*?)```", (ROOT / "docs" / "deploying.md").read_text(), re.DOTALL)[1]
    owner = create_engine(world.database.engine.url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS jalon_web, jalon_worker"))
        for statement in statements.split(";"):
            if statement.strip():
                connection.execute(text(statement))
    web, worker = (
        Database(make_engine(world.database.engine.url.set(username=name).render_as_string()))
        for name in ("jalon_web", "jalon_worker")
    )
    somebody = chain.Named("x", frozenset({"parti@exemple.test"}), frozenset())
    before = world.app.extensions["database"]
    try:
        world.app.extensions["database"] = web
        assert "may neither update nor delete" in doctor._journal(world.app)
        with web.writing() as session:
            record(session, None, Action.ADD_COMPONENT, "Éloïse Partie <parti@exemple.test>")
        with pytest.raises(ProgrammingError, match="permission denied"), web.writing() as session:
            chain.erase_texts(session, somebody)
        world.app.extensions["database"] = worker
        assert "the worker's, may blank" in doctor._journal(world.app)
        with worker.writing() as session:
            assert chain.erase_texts(session, somebody) == [1]
        changes = ("UPDATE journal_entry SET action = 'x'", "DELETE FROM journal_link", "TRUNCATE journal_link")
        for database, statement in every((web, worker), changes):
            with pytest.raises(ProgrammingError, match="permission denied"), database.writing() as session:
                session.execute(text(statement))
    finally:
        world.app.extensions["database"] = before
        for database in (web, worker):
            database.engine.dispose()
        with owner.connect() as connection:
            connection.execute(text("DROP OWNED BY jalon_web, jalon_worker"))
            connection.execute(text("DROP ROLE jalon_web, jalon_worker"))
        owner.dispose()
    assert "could still drop them" in doctor._journal(world.app)


@on_sqlite
def test_the_doctor_says_that_triggers_alone_keep_a_file(world):
    assert "triggers alone" in doctor._journal(world.app)
