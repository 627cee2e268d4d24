"""What browsers hold open, and what waits when the server is stopped."""

import signal
import socket
import urllib.request
from urllib.parse import urlsplit

from tests.conftest import on_sqlite
from tests.serving import Served, served  # noqa: F401 - a fixture

pytestmark = on_sqlite


def connections_to(server: Served, count: int) -> list[socket.socket]:
    where = urlsplit(server.address)
    return [socket.create_connection((where.hostname, where.port), timeout=30) for _ in range(count)]


def test_connections_that_say_nothing_take_nobodys_place(served):  # noqa: F811
    """gunicorn alone would let each hold a place for five seconds."""
    silent = connections_to(served, 20)
    with urllib.request.urlopen(f"{served.address}/healthz", timeout=4) as answer:
        assert answer.status == 200
    for connection in silent:
        connection.close()


def test_what_waits_is_answered_before_the_server_stops(served):  # noqa: F811
    """Many more than run at once: the others wait in the kernel, which would break them off."""
    asking = connections_to(served, 30)
    for connection in asking:
        connection.sendall(b"GET /connexion HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    served.process.send_signal(signal.SIGTERM)
    answers = [connection.recv(12) for connection in asking]
    for connection in asking:
        connection.close()
    assert answers == [b"HTTP/1.1 200"] * 30
