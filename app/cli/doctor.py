"""`jalon doctor`: whether this Jalon may start as it is set, and what it relaxes."""

import sys

import click

from app import doctor as examination
from app.factory import create_app
from app.platform.setting_reader import InvalidSettings


@click.command()
def doctor() -> None:
    """Say what is wrong with the settings, one line each. Exit codes: 0 all is well, 2 something is not."""
    try:
        app = create_app()
    except InvalidSettings as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"wrong  {line}\n")
        raise SystemExit(2) from error
    well = True
    for good, line in examination.examine_database(app):
        click.echo(f"{'ok    ' if good else 'wrong '} {line}")
        well &= good
    raise SystemExit(0 if well else 2)
