"""The application behind gunicorn, as it is deployed."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

import pytest

from tests.conftest import ROOT, free_port


@dataclass
class Served:
    address: str
    process: subprocess.Popen


def wait_until_up(address: str, process: subprocess.Popen, tries: int = 300) -> None:
    for _ in range(tries):
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, "the server stopped"
            Event().wait(0.2)
    raise AssertionError("the server did not answer")


@pytest.fixture
def served(database_url, tmp_path) -> Iterator[Served]:
    """A gunicorn on the same database and the same secrets, two processes."""
    port = free_port()
    environment = os.environ | {
        "JALON_INSTANCE": str(tmp_path),
        "DATABASE_URL": database_url,
        "PORT": str(port),
        "WEB_CONCURRENCY": "2",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    wait_until_up(address, process)
    yield Served(address, process)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
