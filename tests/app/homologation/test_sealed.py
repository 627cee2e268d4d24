"""What was decided or frozen cannot change, the database included: each rule tried with plain SQL on both databases."""

import sqlite3

import pytest
from sqlalchemy import select, text

from app.analysis.models import AnalysisVersion
from app.homologation import deciding, services
from app.homologation.kinds import Outcome
from app.homologation.models import AcceptedRisk, ConditionOfUse, Decision, Dossier, Opinion
from app.identity.factors import FactorProof
from app.platform import clock
from tests.conftest import on_sqlite
from tests.factories.homologation import is_sealed

FROZEN = [
    "UPDATE opinion SET verdict = 'unfavourable'",
    "DELETE FROM opinion",
    "UPDATE condition_of_use SET text = 'autre'",
    "DELETE FROM condition_of_use",
    "UPDATE accepted_risk SET until = '2040-01-01'",
    "DELETE FROM accepted_risk",
    'INSERT INTO condition_of_use (id, dossier_id, created_at, text, "check") SELECT 1, dossier_id, created_at, text, "check" FROM condition_of_use',
    "UPDATE analysis_version SET content = '{}'",
    "DELETE FROM analysis_version",
    "DELETE FROM dossier",
]
BEFORE_ITS_AUTHORITY = [
    *FROZEN,
    "UPDATE dossier SET content = '{}'",
    "UPDATE dossier SET content_sha256 = 'x'",
    "UPDATE dossier SET perimeter = 'autre'",
    "UPDATE dossier SET authority_id = NULL",
    "UPDATE journal_entry SET what = 'autre'",
    "DELETE FROM journal_entry",
]
SLIPPED_IN = [
    "INSERT INTO decision SELECT * FROM decision",
    "INSERT INTO reservation (id, dossier_id, position, text, lifted_by, how) SELECT 'x', id, 9, 'autre', '', '' FROM dossier",
    "INSERT INTO dossier (id, product_id, number, state, state_since, created_at, perimeter, requested_months, origin, seal_fault)"
    " SELECT 'x', product_id, 9, state, state_since, created_at, '', 12, origin, '' FROM dossier",
]
DECIDED = [
    *FROZEN,
    *SLIPPED_IN,
    "UPDATE dossier SET content = '{}'",
    "UPDATE dossier SET content_sha256 = NULL",
    "UPDATE dossier SET state = 'draft'",
    "UPDATE dossier SET perimeter = 'autre'",
    "UPDATE dossier SET number = 2",
    "UPDATE dossier SET origin = 'paper'",
    "UPDATE decision SET expires_on = '2040-01-01'",
    "UPDATE decision SET reservations = ''",
    "UPDATE reservation SET text = 'autre'",
    "UPDATE reservation SET lift_by = '2040-01-01'",
    "DELETE FROM decision",
]
TABLES = (Dossier, Decision, Opinion, ConditionOfUse, AcceptedRisk, AnalysisVersion)


def decide(world, people, dossier) -> None:
    world.decide(dossier, people["authority"], Outcome.WITH_RESERVATIONS, 12, "Second facteur")


def rows(world) -> list[list[tuple]]:
    with world.session(writing=False) as session:
        return [session.execute(select(table.__table__)).all() for table in TABLES]


def test_nothing_of_a_dossier_before_its_authority_changes_under_it(scene):
    world, *_ = scene
    before = rows(world)
    assert [s for s in BEFORE_ITS_AUTHORITY if not is_sealed(world, s)] == []
    assert rows(world) == before


def test_nothing_of_a_decided_dossier_ever_changes(scene):
    world, _, people, dossier = scene
    decide(world, people, dossier)
    before = rows(world)
    assert [s for s in DECIDED if not is_sealed(world, s)] == []
    assert rows(world) == before


AFTERWARDS = [
    "INSERT INTO issued_file (id, dossier_id, act, sha256, content_sha256, issued_at, timestamped)"
    " SELECT 'x', dossier_id, act, 'x', 'x', issued_at, timestamped FROM issued_file",
    "UPDATE issued_file SET sha256 = '0'",
    "DELETE FROM issued_file",
    "UPDATE withdrawal SET reason = 'autre'",
    "DELETE FROM withdrawal",
    "UPDATE reservation SET text = 'autre'",
    "UPDATE reservation SET how = 'encore'",
    "DELETE FROM reservation",
    "DELETE FROM dossier_piece",
    "UPDATE dossier_piece SET text = 'autre'",
]


def test_what_follows_a_decision_is_only_ever_added(scene):
    """A sealed file, a withdrawal, a reservation once lifted."""
    world, owner, people, dossier = scene
    decide(world, people, dossier)
    with world.app.test_request_context():
        world.jobs.run_due()
    code = world.code(people["authority"])
    with world.app.test_request_context(), world.session() as session:
        row = services.dossier_of(session, dossier.product_id, 1)
        reservation = row.reservations[0]
        reservation.lifted_on, reservation.lifted_by, reservation.how = clock.today(), owner.name, "Fait"
        deciding.withdraw_homologation(
            session, people["authority"], world.reload(), row, "Intrusion", FactorProof(code)
        )
    assert [s for s in AFTERWARDS if not is_sealed(world, s)] == []


@on_sqlite
def test_nothing_sealed_is_replaced_by_another_program(scene):
    world, _, people, dossier = scene
    decide(world, people, dossier)
    with world.app.test_request_context():
        world.jobs.run_due()
    with sqlite3.connect(world.database.engine.url.database) as shell:
        for table in ("dossier", "decision", "reservation", "issued_file", "analysis_version", "journal_entry"):
            with pytest.raises(sqlite3.IntegrityError, match="sealed"):
                shell.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


def test_a_decision_belongs_to_a_dossier_before_its_authority(world):
    owner = world.person()
    product = world.filled(owner)
    with world.app.test_request_context(), world.session() as session:
        services.open_new(session, owner, product)
    forged = (
        "INSERT INTO decision (id, dossier_id, outcome, reservations, decided_on, decided_by_id, decided_by)"
        f" SELECT 'x', id, 'favourable', '', '2026-11-01', '{owner.id}', 'A' FROM dossier"
    )
    assert is_sealed(world, forged)


@pytest.mark.parametrize(
    "table",
    ["journal_entry", "opinion", "dossier_piece", "dossier", "decision", "issued_file", "withdrawal", "reservation"],
)
def test_no_table_of_decisions_is_emptied_at_once(scene, table):
    world, _, people, dossier = scene
    if world.database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite knows no TRUNCATE: DELETE is refused row by row")
    decide(world, people, dossier)
    assert is_sealed(world, f"TRUNCATE {table} CASCADE")


def test_the_pdf_of_a_decision_comes_once(scene):
    world, _, people, dossier = scene
    decide(world, people, dossier)
    with world.app.test_request_context():
        world.jobs.run_due()
    with world.session(writing=False) as session:
        kept = session.scalar(select(Dossier))
    assert kept.pdf_of == kept.content_sha256 and kept.pdf_sha256
    assert is_sealed(world, f"UPDATE dossier SET pdf_sha256 = '{'0' * 64}'")
    assert is_sealed(world, "UPDATE dossier SET pdf_of = NULL")


def test_a_dossier_taken_back_is_a_draft_again(scene):
    world, owner, _, dossier = scene
    with world.session() as session:
        services.take_back(session, owner, world.reload(), services.dossier_of(session, dossier.product_id, 1))
    with world.session(writing=False) as session:
        assert session.scalar(select(Dossier.content)) is None
        assert session.scalar(select(Opinion.given_at)) is None
    assert not is_sealed(world, "DELETE FROM condition_of_use")


# Hang on a dossier and belong to what follows it: which weeks of drift people were told of, what it weighs under a new model.
NEVER_SEALED = {"drift_notice", "signed_loss", "recorded_signature"}  # the last is gone once it is confirmed


def test_every_table_that_hangs_on_a_dossier_is_sealed_with_it(world):
    dialect = world.database.engine.dialect.name
    listed = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }
    with world.session(writing=False) as session:
        triggers = set(session.scalars(text(listed[dialect])))
    hanging = {
        table.name
        for table in Dossier.metadata.tables.values()
        if any(key.column.table is Dossier.__table__ for key in table.foreign_keys)
    }
    verbs = ("update", "delete", "truncate") if dialect == "postgresql" else ("update", "delete")
    assert len(hanging) > len(NEVER_SEALED)
    assert [
        name
        for table in sorted(hanging - NEVER_SEALED)
        for verb in verbs
        if (name := f"sealed_{table}_{verb}") not in triggers
    ] == []
