"""`jalon worker`: does the jobs, on this machine or any other that shares the database and the queue."""

import threading

import click

from app.factory import create_app
from app.platform.jobs import Jobs


@click.command()
@click.option("--threads", default=2, show_default=True)
def worker(threads: int) -> None:
    """Do the jobs until stopped."""
    app = create_app(seals=True)
    if app.extensions["sealer"].key is None:
        raise click.ClickException("JALON_SEAL_KEY: needed by the worker, which seals")
    jobs: Jobs = app.extensions["jobs"]
    jobs.run_within(app.app_context)
    jobs.warm()
    consumer = jobs.huey.create_consumer(workers=threads, periodic=True, initial_delay=0.05, max_delay=0.5)
    threading.Thread(target=jobs.sweep, daemon=True).start()
    consumer.run()
