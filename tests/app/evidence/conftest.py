"""An outside tool on this machine."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        status, headers, body = self.server.answer(self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for part in body if isinstance(body, list) else [body]:
            try:
                self.wfile.write(part)
            except OSError:
                return

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def tool():
    """An outside tool on this machine, which answers what the test says."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answer = [], lambda path: (404, {}, b"{}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(server=server, address=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
