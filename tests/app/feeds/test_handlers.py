"""Feeds fetched by the worker: each address once a day, what went wrong told and tried again."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import time_machine
from sqlalchemy import select

from app.factory import create_app
from app.feeds import handlers, services
from app.feeds.models import Feed
from app.platform import settings
from app.platform.jobs import Job
from tests.factories.advisories import LOG4SHELL
from tests.world import World


@pytest.fixture
def site():
    """A web server of our own; what it answers is in `answers` by path."""
    answers: dict[str, bytes] = {"/osv.json": json.dumps(LOG4SHELL).encode()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = answers.get(self.path)
            self.send_response(200 if content is not None else 503)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetching(database_url, tmp_path, site):
    address, _ = site
    environment = {
        "JALON_ENV": "development",
        "JALON_INSTANCE": str(tmp_path),
        "DATABASE_URL": database_url,
        "JALON_FEEDS": f"{address}/osv.json {address}/kev.json",
        "JALON_PRIVATE_HOSTS": "127.0.0.1",
    }
    app = create_app(settings.load_settings(environment))
    app.config["LANGUAGE_FIXED"] = "fr"
    yield World(app)
    app.extensions["database"].engine.dispose()


def sweep(world) -> int:
    with world.app.app_context():
        handlers.plan_fetches(world.database)
    return world.jobs.run_due()


def test_each_address_is_fetched_once_a_day(fetching, site):
    _, answers = site
    answers["/kev.json"] = (
        b'{"catalogVersion": "1", "dateReleased": "2026-01-01", "vulnerabilities": [{"cveID": "CVE-2021-44228"}]}'
    )
    fetching.jobs.run_within(fetching.app.app_context)
    assert sweep(fetching) == 2
    with fetching.database.reading() as session:
        assert {f.name.value: (f.count, f.source[-9:]) for f in session.scalars(select(Feed))} == {
            "osv": (1, "/osv.json"),
            "kev": (1, "/kev.json"),
        }
    assert sweep(fetching) == 0
    with time_machine.travel("2027-06-01T10:00Z"):
        assert sweep(fetching) == 2


def test_a_failed_fetch_is_told_on_the_page_and_stays_to_do(fetching):
    fetching.jobs.run_within(fetching.app.app_context)
    sweep(fetching)
    with fetching.database.reading() as session:
        told = {f.address.rpartition("/")[2]: (f.done, f.error) for f in services.read_fetches(session)}
        waiting = session.scalars(select(Job).where(Job.done_at.is_(None))).all()
    assert told["osv.json"] == (True, "")
    assert not told["kev.json"][0]
    assert "503" in told["kev.json"][1]
    assert len(waiting) == 1
    page = fetching.visitor(fetching.person()).get("/connaissances").get_data(as_text=True)
    assert "Échec" in page
    assert "503" in page
