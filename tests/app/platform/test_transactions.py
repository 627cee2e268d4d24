"""A use case is one transaction: kept whole with its line in the journal, or not at all."""

import ast

import pytest
from sqlalchemy import func, select

from app.journal.actions import Action
from app.journal.models import JournalEntry
from app.journal.services import record
from app.platform.transactions import Unjournaled, transaction, unjournaled_transaction
from app.products.models import Incubator
from tests.conftest import ROOT


def add(session, slug):
    session.add(Incubator(slug=slug, name=slug))


@transaction
def add_and_note(session, slug):
    add(session, slug)
    record(session, None, Action.IMPORT_CARDS, slug)
    return slug


@transaction
def add_in_silence(session, slug):
    add(session, slug)


@transaction
def look(session):
    return session.scalar(select(func.count(Incubator.id)))


@transaction
def add_two(session, first, second):
    add_and_note(session, first)
    if second is None:
        raise ValueError("the second has no name")
    add_and_note(session, second)


add_quietly = unjournaled_transaction(add)


def kept(world) -> tuple[int, int]:
    with world.database.reading() as session:
        return look(session), session.scalar(select(func.count(JournalEntry.id)))


def test_what_a_use_case_did_is_kept_with_its_line(world):
    with world.session() as session:
        assert add_and_note(session, "a") == "a"
    assert kept(world) == (1, 1)


def test_what_leaves_no_line_is_not_kept(world):
    with world.session() as session, pytest.raises(Unjournaled, match="add_in_silence"):
        add_in_silence(session, "a")
    assert kept(world) == (0, 0)


def test_what_changes_nothing_needs_no_line(world):
    with world.session() as session:
        assert look(session) == 0


def test_what_says_so_is_kept_without_a_line(world):
    with world.session() as session:
        add_quietly(session, "a")
    assert kept(world) == (1, 0)


def test_use_cases_within_one_are_kept_together_or_not_at_all(world):
    with world.session() as session:
        add_two(session, "a", "b")
    assert kept(world) == (2, 2)
    with world.session() as session, pytest.raises(ValueError, match="no name"):
        add_two(session, "c", None)
    assert kept(world) == (2, 2)


def test_nothing_else_commits():
    """The command that imports cards may only try; the demonstration writes whole products at once."""
    found = {
        str(path.relative_to(ROOT / "app"))
        for path in (ROOT / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    }
    assert found == {"platform/transactions.py", "cli/imports.py", "demo.py"}
