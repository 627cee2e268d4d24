"""The web server's settings; `gunicorn wsgi:app` reads this file by itself."""

import gc
import importlib
import os
import select
import socket
import sys
import threading

from gunicorn.workers.gthread import ThreadWorker

host = os.environ.get("JALON_HOST", "127.0.0.1")
bind = f"{f'[{host}]' if ':' in host else host}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 2
timeout = 60
accesslog = None
control_socket_disable = True


class Worker(ThreadWorker):
    """gunicorn's threads, which take only what they can run at once: what waits goes to the first process that is free."""

    @property
    def worker_connections(self):
        """How many connections may be open: those that wait for their next request take no thread."""
        return self.cfg.threads + len(self.keepalived_conns) + len(self.pending_conns)

    @worker_connections.setter
    def worker_connections(self, _setting):
        pass

    def set_accept_enabled(self, enabled):
        """At its end, takes all that waits: closing the socket would break them off."""
        while not (enabled or self.alive) and (waiting := select.select(self.sockets, [], [], 0)[0]):
            for listener in waiting:
                self.accept(listener)
        super().set_accept_enabled(enabled)


worker_class = Worker


def on_starting(server):
    """Imports the code once, before workers are forked; each builds its own application and connections.

    Wrong settings end the start here, with a line each.
    """
    factory = importlib.import_module("app.factory")
    settings = importlib.import_module("app.platform.setting_reader")
    try:
        factory.create_app().extensions["database"].engine.dispose()
    except settings.InvalidSettings as error:
        sys.exit("\n".join(f"jalon: {line}" for line in str(error).splitlines()))


def when_ready(server):
    for listener in server.LISTENERS:
        if hasattr(socket, "TCP_DEFER_ACCEPT") and listener.sock.family in (socket.AF_INET, socket.AF_INET6):  # Linux
            # Browsers open connections ahead of their needs: one that says nothing takes nobody's place.
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
    print(f"Jalon answers at http://{bind}", flush=True)


def post_worker_init(worker):
    """Loads what the first requests will need while the worker already answers."""

    def warm():
        for slow in ("networkx", "cattrs"):
            importlib.import_module(slow)
        worker.app.callable.extensions["jobs"].warm()
        gc.freeze()  # code lasts as long as its process: to look in it for cycles held two hundredth answers for 0.15 s

    threading.Thread(target=warm, daemon=True).start()
