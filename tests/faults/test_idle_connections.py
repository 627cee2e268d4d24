"""A browser opens connections ahead of its needs, and may never use them."""

import socket
import urllib.request
from urllib.parse import urlsplit

from tests.conftest import on_sqlite
from tests.serving import served  # noqa: F401 - a fixture


@on_sqlite
def test_connections_that_say_nothing_take_nobodys_place(served):  # noqa: F811
    """gunicorn alone would let each hold a place for five seconds."""
    where = urlsplit(served)
    silent = [socket.create_connection((where.hostname, where.port), timeout=5) for _ in range(20)]
    with urllib.request.urlopen(f"{served}/healthz", timeout=4) as answer:
        assert answer.status == 200
    for connection in silent:
        connection.close()
