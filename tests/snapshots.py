"""Scenes that take seconds to build: built once a process and kind of database, then put back, each test with its own copy."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

from sqlalchemy import URL, create_engine, text

from app.platform import clock
from tests.world import World


class Snapshots:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: dict[tuple[str, str, str], int] = {}
        self._numbers = count()

    def put(self, world: World, scene: str, build: Callable[[], object]) -> None:
        """Builds `scene` in the empty `world`, or puts back what `build` made there today: database and files."""
        engine = world.database.engine
        instance = world.app.config["SETTINGS"].instance
        key = (scene, engine.dialect.name, clock.today().isoformat())
        known = key in self._taken
        number = self._taken.get(key, next(self._numbers))
        files, database = self._folder / str(number), self._name(engine.url, number)
        if not known:
            build()
        engine.dispose()
        if known:
            shutil.copytree(files, instance, dirs_exist_ok=True)
            _copy(engine.url.set(database=database), engine.url)
        else:
            shutil.copytree(instance, files, ignore=shutil.ignore_patterns("*.db*"))
            _copy(engine.url, engine.url.set(database=database))
            self._taken[key] = number

    def _name(self, url: URL, number: int) -> str:
        return str(self._folder / f"{number}.db") if url.drivername == "sqlite" else f"{self._folder.name}_{number}"


def _copy(source: URL, target: URL) -> None:
    if source.drivername == "sqlite":
        with closing(sqlite3.connect(source.database)) as old, closing(sqlite3.connect(target.database)) as new:
            old.backup(new)
        return
    admin = create_engine(source.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{target.database}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{target.database}" TEMPLATE "{source.database}"'))
    admin.dispose()
