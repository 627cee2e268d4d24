"""`jalon verify`: checks a dossier's PDF with nothing but the file. Loads neither Flask nor the database."""

import sys
from pathlib import Path

import click

from reports import verification

ALTERED = 1
UNREADABLE = 2


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Check FILE: its content against its identifier, its pages against its content.

    Exit codes: 0 intact, 1 altered, 2 not a dossier.
    """
    try:
        verdict = verification.verify(file.read_bytes())
    except verification.Unreadable as error:
        sys.stderr.write(f"{file}: {error}\n")
        raise SystemExit(UNREADABLE) from error
    for fact in verdict.facts:
        click.echo(fact)
    for fault in verdict.faults:
        sys.stderr.write(f"{file}: {fault}\n")
    if verdict.faults:
        raise SystemExit(ALTERED)
