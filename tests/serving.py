"""The application behind gunicorn, as it is deployed."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.conftest import ROOT, free_port
from tests.faults.test_sigkill import until


@pytest.fixture
def served(database_url, tmp_path):
    """The address of a gunicorn on the same database and the same secrets, two processes."""
    port = free_port()
    environment = os.environ | {
        "JALON_INSTANCE": str(tmp_path), "DATABASE_URL": database_url, "PORT": str(port), "WEB_CONCURRENCY": "2",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"
    until(lambda: answers(f"{address}/healthz"), 60)
    yield address
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
