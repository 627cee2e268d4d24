"""Real databases for every test that needs one: SQLite, and a PostgreSQL started for the run."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from app import factory
from app.analysis import result_cache
from app.cli.setup import upgrade
from app.factory import configure_app, create_app
from app.homologation.sealing import open_sealer
from app.platform import settings as app_settings
from app.platform.database import make_engine
from tests.html import ReadingClient
from tests.kept import checked_once
from tests.world import World

result_cache.compute_once = checked_once
# One engine an address for a whole run: it keeps its statements compiled, a fifth of the time of a test that sends forms.
factory.make_engine = cache(make_engine)
ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("JALON_ENV", "development")  # of the processes that tests start
# Each property is tried on 200 systems, the same ones each time, and on 20,000 new ones by `make fuzz`.
settings.register_profile(
    "ci", max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "fuzz",
    max_examples=20_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("ci")
REAL_DATA = ROOT.parent / "shared" / "data"


def pytest_addoption(parser):
    parser.addoption("--benchmarks", action="store_true", help="run the benchmarks instead of skipping them")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _postgres_program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else name


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of our own in a temporary folder; it refuses root, so another user runs it then."""
    folder = Path(tempfile.mkdtemp(prefix="jalon-pg-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    port, data, log = free_port(), folder / "data", folder / "log"
    control = [*as_user, _postgres_program("pg_ctl"), "-D", str(data)]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60"
    initdb = [_postgres_program("initdb"), "-A", "trust", "-U", "jalon", "-E", "UTF8", "-D", str(data)]
    subprocess.run([*as_user, *initdb], check=True, capture_output=True, cwd="/")
    subprocess.run(
        [*control, "-l", str(log), "-o", options, "-w", "start"], check=True, stdout=subprocess.DEVNULL, cwd="/"
    )
    yield f"postgresql+psycopg://jalon@127.0.0.1:{port}"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("template") / "jalon.db"
    upgrade(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str) -> str:
    """One for a whole run, migrated: creating one for each test takes half a second, emptying it three milliseconds."""
    admin = create_engine(f"{postgres_url}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE jalon"))
    admin.dispose()
    upgrade(f"{postgres_url}/jalon")
    return f"{postgres_url}/jalon"


def _empty(postgres_url: str) -> None:
    """Ends who is still there, then deletes every row, sealed ones included: a superuser may do without triggers."""
    engine = create_engine(postgres_url)
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with engine.begin() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        connection.execute(text("; ".join(f'DELETE FROM "{table}"' for table in set(tables) - {"alembic_version"})))
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("database") / "jalon.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request) -> Iterator[str]:
    """An empty, migrated database; each test that asks for one runs on both kinds."""
    if request.param == "sqlite":
        path = request.getfixturevalue("sqlite_file")
        for old in path.parent.iterdir():  # with what a connection still open may add to the former one
            old.unlink()
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_database")
    yield url
    factory.make_engine(url).dispose()  # a connection left open would read the rows of this test in the next
    if request.param == "postgresql":
        _empty(url)


# For what renders and reads PDFs, where the database plays no part and seconds count.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture(scope="session")
def instance(tmp_path_factory) -> Path:
    """The secret key and the trial seal that a first start makes."""
    folder = tmp_path_factory.mktemp("instance")
    open_sealer(app_settings.load_settings({"JALON_ENV": "development", "JALON_INSTANCE": str(folder)}), with_key=True)
    return folder


@pytest.fixture(scope="session")
def routes(instance: Path) -> tuple[Flask, dict[str, Any]]:
    """The application once for a whole run, with its first settings: its routes and templates take a quarter of a second
    to read."""
    app = create_app(app_settings.load_settings({"JALON_ENV": "development", "JALON_INSTANCE": str(instance)}))
    app.test_client_class = ReadingClient
    return app, dict(app.config, LANGUAGE_FIXED="fr")


@pytest.fixture
def app(database_url: str, tmp_path: Path, instance: Path, routes: tuple[Flask, dict[str, Any]]) -> Flask:
    """The application on an empty database, its files in a temporary folder; one key and one seal for a whole run."""
    shutil.copytree(instance, tmp_path, dirs_exist_ok=True)
    app, first = routes
    app.config.clear()
    app.config.update(first)
    configure_app(
        app,
        app_settings.load_settings(
            {"JALON_ENV": "development", "JALON_INSTANCE": str(tmp_path), "DATABASE_URL": database_url}
        ),
        seals=True,
    )
    return app


@pytest.fixture
def world(app) -> Iterator[World]:
    """Whatever a test sends by mail leads somewhere: each link of each mail is the address of a page."""
    made = World(app)
    yield made
    pages = app.url_map.bind("")
    for mail in made.mails():
        for path in re.findall(re.escape(app.config["BASE_URL"]) + r"(/[^\s?#]*)", mail):
            assert pages.test(path, "GET"), f"no page at {path}, which a mail gives"


@pytest.fixture
def glances_kept(world) -> Iterator[None]:
    """For modules whose tests change what a glance is made of; comparing takes as long as a short test."""
    yield
    world.check_glances()


@pytest.fixture
def real_data() -> Path:
    if not REAL_DATA.is_dir():
        pytest.skip("the folder of real data is not beside this checkout")
    return REAL_DATA
