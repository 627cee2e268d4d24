"""The web server's settings; `gunicorn wsgi:app` reads this file by itself."""

import importlib
import os
import threading

bind = f"{os.environ.get('JALON_HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
timeout = 60
accesslog = None
control_socket_disable = True


def on_starting(server):
    """Imports the code once, before workers are forked; each builds its own application and connections."""
    importlib.import_module("app.factory")


def when_ready(server):
    print(f"Jalon answers at http://{bind}", flush=True)


def post_worker_init(worker):
    """Loads what the first requests will need while the worker already answers."""

    def warm():
        importlib.import_module("risk_models.ranking")
        worker.app.callable.extensions["jobs"].warm()

    threading.Thread(target=warm, daemon=True).start()
