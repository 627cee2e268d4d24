"""`jalon dossier`: an unsigned dossier from a product file. Loads neither Flask nor the database."""

import sys
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import click

from app.cli.files import read_system_file
from app.cli.waiting import waiting
from reports import dossier as content
from reports import pdf
from reports.frozen import FrozenDossier
from risk_models import System, assess


@click.command()
@click.argument("file")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Date of the dossier (default: today).")
def dossier(file: str, output: Path, day: datetime | None) -> None:
    """Make an unsigned dossier of FILE as a PDF. Exit codes: 0 done, 2 wrong file, 3 rendering failed."""
    on = day.date() if day else datetime.now(UTC).date()
    system = read_system_file(file, on)
    with waiting(len(system.components)):
        text = content.dumps(unsigned(system, on))
    try:
        output.write_bytes(pdf.render(text))
    except pdf.RenderingFailed as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(3) from error
    click.echo(f"{output}: {content.sha256(text)}")


def unsigned(system: System, on: date) -> FrozenDossier:
    """The dossier of a product file alone: no authority, opinion nor decision."""
    from risk_models.ranking import sensitivity
    from risk_models.ranking.assess import assess_views

    return FrozenDossier(
        product=system.product.name,
        mission="",
        address="",
        incubators=(system.product.incubator,) if system.product.incubator else (),
        number=1,
        frozen_on=on,
        perimeter="",
        requested_months=12,
        authority=None,
        analysis=None,
        conditions=(),
        accepted_risks=(),
        feared_events=(),
        opinions=(),
        system=system,
        assessment=assess(system),
        release=version("jalon"),
        views=assess_views(system),
        stability=sensitivity.measure_stability(system),
        accepted_findings=(),
        decision=None,
    )
