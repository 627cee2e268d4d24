"""`jalon bounce`: what a mail server pipes its notices of failure to."""

import sys

import click

from app.factory import create_app
from app.renewals import bounces


@click.command()
def bounce() -> None:
    """Read a notice of non-delivery on standard input, and show its failure to the incubator."""
    app = create_app()
    notice = sys.stdin.buffer.read(bounces.MOST_BYTES)
    with app.app_context(), app.extensions["database"].writing() as session:
        known = bounces.note_bounce(session, notice)
    sys.stdout.write("noted\n" if known else "not about a reminder that could not be delivered\n")
