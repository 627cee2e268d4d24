"""The web server's settings; `gunicorn wsgi:app` reads this file by itself."""

import importlib
import os
import socket
import threading

bind = f"{os.environ.get('JALON_HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 2
# A process takes only what it can run at once: what waits goes to the first one that is free.
worker_connections = threads
keepalive = 0
timeout = 60
accesslog = None
control_socket_disable = True


def on_starting(server):
    """Imports the code once, before workers are forked; each builds its own application and connections."""
    importlib.import_module("app.factory")


def when_ready(server):
    for listener in server.LISTENERS:
        if hasattr(socket, "TCP_DEFER_ACCEPT"):  # Linux
            # Browsers open connections ahead of their needs: one that says nothing takes nobody's place.
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
    print(f"Jalon answers at http://{bind}", flush=True)


def post_worker_init(worker):
    """Loads what the first requests will need while the worker already answers."""

    def warm():
        importlib.import_module("risk_models.ranking")
        worker.app.callable.extensions["jobs"].warm()

    threading.Thread(target=warm, daemon=True).start()
