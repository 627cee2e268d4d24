"""`jalon import`: files from elsewhere, checked whole, then written in one transaction."""

import sys
from datetime import datetime
from pathlib import Path

import click

from app.evidence import scans, sightings
from app.factory import create_app
from app.inventory import services as inventory
from app.inventory.models import Component
from app.packages import sboms
from app.packages.importers.reading import UnreadableSbom
from app.platform import clock
from app.platform.refusals import Refusal
from app.portfolio import services as portfolio
from app.product_files import cards as product_cards
from app.products import services
from app.products.importers import collections
from risk_models import catalogue
from risk_models.scales import ComponentKind


@click.group("import")
def imports() -> None:
    """Import files from elsewhere."""


@imports.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Count on this day (default: today).")
@click.option("--archive-gone", is_flag=True, help="Archive the products whose card is no longer there.")
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
def cards(path: Path, day: datetime | None, *, archive_gone: bool, dry_run: bool) -> None:
    """Import startup and incubator cards (PATH: a folder or an archive of `startups/` and `incubators/`, or startups.json)."""
    app = create_app()
    with app.test_request_context(), app.extensions["database"].session(writing=True) as session:
        try:
            read = (
                collections.read_folder(path) if path.is_dir() else collections.read_file(path.read_bytes(), path.name)
            )
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal
        report = product_cards.import_cards(session, None, read, archive_gone=archive_gone)
        on = day.date() if day else clock.today()
        _tell(report, portfolio.count_figures(portfolio.products_of(session, None), on))
        session.rollback() if dry_run else session.commit()


@imports.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--product", "slug", required=True, help="The product, by its address.")
@click.option("--component", "ref", help="The component that the file describes; needed when several might be.")
def sbom(file: Path, slug: str, ref: str | None) -> None:
    """Make FILE (CycloneDX, SPDX or a lock file) the list of packages of a component."""
    app = create_app()
    with app.test_request_context(), app.extensions["database"].session(writing=True) as session:
        product = services.load_product(session, slug)
        if product is None:
            raise click.ClickException(f"no product is called {slug!r}")
        component = _component(inventory.read_inventory(session, product.id).components, ref)
        try:
            with file.open("rb") as stream:
                outcome = sboms.import_sbom(session, None, product, component, stream, file.name)
        except UnreadableSbom as error:
            sys.stderr.write(f"{file}: {error}\n")
            raise SystemExit(2) from error
    if outcome.unchanged:
        sys.stdout.write(f"{outcome.component}: unchanged, {outcome.count} packages\n")
        return
    sys.stdout.write(
        f"{outcome.component}: {outcome.count} packages ({outcome.new_packages} never seen before), "
        f"{outcome.services} new services, {outcome.format}\n"
    )
    for one in outcome.exceptions:
        said = catalogue.sentence("sbom_oddities", str(one["kind"]), "en")
        sys.stdout.write(f"  {one['count']} × {said}: {one['first']}\n")


@imports.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be proposed and change nothing.")
def dashlord(file: Path, *, dry_run: bool) -> None:
    """Propose to the products what dashlord saw on their sites (FILE: report.json or dashlord.yml), as sightings to confirm."""
    app = create_app()
    with app.test_request_context(), app.extensions["database"].session(writing=not dry_run) as session:
        content = file.read_bytes()
        try:
            if dry_run:
                found = sightings.preview_report(session, content, products=None)
            else:
                found = scans.import_report(session, None, content, file.name, products=None)
        except Refusal as refusal:
            sys.stderr.write(f"{file}: {refusal}\n")
            raise SystemExit(2) from refusal
    for one in found.products:
        sys.stdout.write(
            f"{one.product.slug}: {len(one.added)} new sightings, {len(one.changed)} changed, {len(one.gone)} gone\n"
        )
    sys.stdout.write(f"{len(found.unlinked)} addresses of no known product\n")
    for url in found.unlinked:
        sys.stdout.write(f"unlinked  {url}\n")
    for odd in found.odd:
        sys.stdout.write(f"left out  {odd}\n")


_APPLICATIONS = (ComponentKind.WEB, ComponentKind.API, ComponentKind.WORKER)


def _component(components: list[Component], ref: str | None) -> Component:
    """The component called `ref`, or the only application there is."""
    if ref is not None:
        fit = [c for c in components if c.ref == ref]
    else:
        fit = [c for c in components if c.kind in _APPLICATIONS]
    if len(fit) != 1:
        known = ", ".join(c.ref for c in components) or "none yet"
        raise click.UsageError(f"say which component with --component; this product has: {known}")
    return fit[0]


def _tell(report: product_cards.ImportReport, figures: portfolio.Figures) -> None:
    out = sys.stdout.write
    out(f"incubators: {report.incubators_added} added\n")
    out(
        f"products: {len(report.added)} added, {len(report.changed)} changed, {report.unchanged} unchanged, "
        f"{len(report.archived)} archived, {len(report.restored)} restored\n"
    )
    out(f"active: {figures.active}\n")
    out(f"active and past six months: {figures.past_six_months}\n")
    out(f"of those, without declared analysis: {figures.without_analysis}\n")
    for slug, differences in report.changed.items():
        for d in differences:
            out(f"changed  {slug}: {d.what}: {d.before!r} -> {d.after!r}\n")
    for slug in report.gone:
        out(f"gone  {slug}{': archived' if slug in report.archived else ''}\n")
    for name, why in report.refused.items():
        out(f"refused  {name}: {why}\n")
    for slug, odds in report.irregular.items():
        for odd in odds:
            out(f"irregular  {slug}: {odd}\n")
