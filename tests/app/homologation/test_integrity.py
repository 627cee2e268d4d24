"""Each day what was sealed is compared with what is kept, and who keeps this Jalon hears of what differs."""

from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, select, text

from app.homologation import integrity
from app.homologation.models import IssuedFile
from app.identity.kinds import Role
from tests.conftest import on_sqlite
from tests.factories.homologation import run_jobs


@contextmanager
def as_owner_of_the_database(world):
    """Without its triggers."""
    engine = create_engine(world.database.engine.url)
    with engine.begin() as connection:
        names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
    engine.dispose()


def watch(world):
    with world.app.test_request_context():
        integrity.watch_integrity(world.database)


def damage(world):
    with world.app.app_context(), world.database.reading() as session:
        return [one.kind.value for one in integrity.find_damage(session, world.app.extensions["storage"])]


@on_sqlite
def test_what_is_as_it_was_sealed_is_told_to_nobody(decided):
    world, *_ = decided
    world.give(world.person("audit@exemple.test", "Ariel Fournier"), Role.AUDITOR)
    assert damage(world) == []
    before = len(world.mails())
    watch(world)
    run_jobs(world)
    assert not any("a changé" in mail for mail in world.mails()[before:])


@on_sqlite
@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ("UPDATE dossier SET content = replace(content, 'Le site', 'Le cite')", "content", "empreinte"),
        ("UPDATE decision SET outcome = 'favourable'", "decision", "décision différente"),
        ("UPDATE decision SET expires_on = '2099-01-01'", "decision", "décision différente"),
        ("UPDATE reservation SET text = 'autre'", "reservations", "réserves différentes"),
        ("DELETE FROM reservation", "reservations", "réserves différentes"),
        ("UPDATE issued_file SET content_sha256 = 'x'", "file_of_other", "autre contenu"),
        ("UPDATE journal_entry SET what = 'autre' WHERE action = 'decide'", "journal", "journal changé"),
    ],
)
def test_what_was_changed_in_the_database_is_told(decided, change, kind, said):
    world, *_ = decided
    auditor = world.person("audit@exemple.test", "Ariel Fournier")
    world.give(auditor, Role.AUDITOR)
    with as_owner_of_the_database(world) as connection:
        assert connection.execute(text(change)).rowcount
    assert damage(world) == [kind]
    watch(world)
    run_jobs(world)
    told = [mail for mail in world.mails() if mail.startswith(auditor.email) and said in mail]
    assert len(told) == 1
    watch(world)
    run_jobs(world)
    assert len([mail for mail in world.mails() if mail.startswith(auditor.email) and said in mail]) == 1, "once a day"


@on_sqlite
@pytest.mark.parametrize(("fault", "kind"), [("gone", "file_gone"), ("altered", "file_altered")])
def test_an_issued_file_that_is_gone_or_altered_is_told(decided, tmp_path, fault, kind):
    world, *_ = decided
    with world.database.reading() as session:
        digest = session.scalar(select(IssuedFile.sha256))
    path = next(tmp_path.rglob(digest))
    path.unlink()
    if fault == "altered":
        path.write_bytes(b"%PDF-1.7 autre")
    assert damage(world) == [kind]
