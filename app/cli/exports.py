"""`jalon export`: what Jalon knows of a product, in the formats that others read."""

import sys
from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy.orm import Session

from app.factory import create_app
from app.packages import exports
from app.product_files import cards, files
from app.products import services
from app.products.models import Product

_KINDS: dict[str, Callable[[Session, Product], str | bytes]] = {
    "card": cards.export_card,
    "product": files.export_file,
    "csv": files.export_rows,
    "cyclonedx": exports.inventory_bom,
    "vex": exports.as_vex,
}


@click.command()
@click.argument("kind", type=click.Choice(list(_KINDS)))
@click.argument("slug")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write (default: standard output)."
)
def export(kind: str, slug: str, output: Path | None) -> None:
    """Write the product SLUG as its card, product file, CSV, CycloneDX 1.6 inventory or VEX."""
    app = create_app()
    with app.test_request_context(), app.extensions["database"].reading() as session:
        product = services.load_product(session, slug)
        if product is None:
            raise click.ClickException(f"no product is called {slug!r}")
        content = _KINDS[kind](session, product)
    written = content.encode() if isinstance(content, str) else content
    if output:
        output.write_bytes(written)
    else:
        sys.stdout.buffer.write(written)
