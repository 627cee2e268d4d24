"""`jalon import`: files from elsewhere, checked whole, then written in one transaction."""

import sys
from datetime import datetime
from pathlib import Path

import click

from app.evidence import scans
from app.factory import create_app
from app.hints import services as hints
from app.inventory import services as inventory
from app.inventory.models import Component
from app.packages import sboms
from app.packages.importers.reading import UnreadableSbom
from app.platform import clock
from app.platform.refusals import Refusal
from app.portfolio import services as portfolio
from app.products import cards as product_cards
from app.products import services
from app.products.importers.cards import Card, IncubatorCard, read_card, read_incubator
from risk_models import catalogue
from risk_models.scales import ComponentKind


@click.group("import")
def imports() -> None:
    """Import files from elsewhere."""


@imports.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Count on this day (default: today).")
def cards(folder: Path, day: datetime | None) -> None:
    """Import the startup and incubator cards of FOLDER (its `startups/` and `incubators/`)."""
    app = create_app()
    with app.test_request_context():
        incubators, startups, unreadable = _read(folder)
        with app.extensions["database"].session(writing=True) as session:
            report = product_cards.import_cards(session, incubators, startups)
        with app.extensions["database"].reading() as session:
            rows = portfolio.rows(session, portfolio.products_of(session, None))
        on = day.date() if day else clock.today()
        _tell(report, unreadable, portfolio.figures(rows, on))
    if not startups and not unreadable:
        raise click.ClickException(f"no card in {folder / 'startups'}")


@imports.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--product", "slug", required=True, help="The product, by its address.")
@click.option("--component", "ref", help="The component that the file describes; needed when several might be.")
def sbom(file: Path, slug: str, ref: str | None) -> None:
    """Make FILE (CycloneDX, SPDX or a lock file) the list of packages of a component."""
    app = create_app()
    with app.test_request_context(), app.extensions["database"].session(writing=True) as session:
        product = services.load(session, slug)
        if product is None:
            raise click.ClickException(f"no product is called {slug!r}")
        component = _component(inventory.read(session, product.id).components, ref)
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
        said = catalogue.sentence("sbom_oddities", one["kind"], "en")
        sys.stdout.write(f"  {one['count']} × {said}: {one['first']}\n")


@imports.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be proposed and change nothing.")
def dashlord(file: Path, *, dry_run: bool) -> None:
    """Propose to the products what dashlord saw on their sites (FILE: report.json or dashlord.yml), as hints to confirm."""
    app = create_app()
    with app.test_request_context(), app.extensions["database"].session(writing=not dry_run) as session:
        content = file.read_bytes()
        try:
            if dry_run:
                found = hints.preview(session, content, products=None)
            else:
                found = scans.import_report(session, None, content, file.name, products=None)
        except Refusal as refusal:
            sys.stderr.write(f"{file}: {refusal}\n")
            raise SystemExit(2) from refusal
    for one in found.products:
        sys.stdout.write(
            f"{one.product.slug}: {len(one.added)} new hints, {len(one.changed)} changed, {len(one.gone)} gone\n"
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


def _read(folder: Path) -> tuple[list[IncubatorCard], list[Card], dict[str, str]]:
    incubators: list[IncubatorCard] = []
    startups: list[Card] = []
    unreadable: dict[str, str] = {}
    for path in sorted(folder.glob("incubators/*.md")):
        try:
            incubators.append(read_incubator(path.stem, path.read_text(encoding="utf-8")))
        except (Refusal, UnicodeDecodeError) as error:
            unreadable[f"incubators/{path.name}"] = str(error)
    for path in sorted(folder.glob("startups/*.md")):
        try:
            startups.append(read_card(path.stem, path.read_text(encoding="utf-8")))
        except (Refusal, UnicodeDecodeError) as error:
            unreadable[f"startups/{path.name}"] = str(error)
    return incubators, startups, unreadable


def _tell(report: product_cards.ImportReport, unreadable: dict[str, str], figures: portfolio.Figures) -> None:
    out = sys.stdout.write
    out(f"incubators: {report.incubators_added} added\n")
    out(f"products: {len(report.added)} added, {len(report.changed)} changed, {report.unchanged} unchanged\n")
    out(f"active: {figures.active}\n")
    out(f"active and past six months: {figures.past_six_months}\n")
    out(f"of those, without declared analysis: {figures.without_analysis}\n")
    for name, why in (unreadable | {slug: str(why) for slug, why in report.refused.items()}).items():
        out(f"refused  {name}: {why}\n")
    for slug, odds in report.irregular.items():
        for odd in odds:
            out(f"irregular  {slug}: {odd}\n")
