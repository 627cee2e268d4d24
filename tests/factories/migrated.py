"""A database of before a migration, filled by hand, brought to today."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from app.platform.database import make_engine
from tests.conftest import ROOT


def upgrade_filled(folder: Path, revision: str, statements: Iterable[str]) -> Engine:
    """The database of `revision` in which `statements` were run, upgraded; sqlite3 asks nothing of foreign keys."""
    engine, config = make_engine(f"sqlite:///{folder / 'old.db'}"), Config(str(ROOT / "alembic.ini"))

    def upgrade(to: str) -> None:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    upgrade(revision)
    with closing(sqlite3.connect(folder / "old.db")) as plain:
        for statement in statements:
            plain.execute(statement)
        plain.commit()
    upgrade("head")
    return engine
