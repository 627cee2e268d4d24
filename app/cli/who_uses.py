"""`jalon who-uses`: every product that carries a package, with version, hosting and whom to call."""

import click

from app.factory import create_app
from app.packages import queries
from risk_models.exposure.package_names import UnreadableName, split_purl
from risk_models.exposure.typed_ranges import read_range


@click.command("who-uses")
@click.argument("purl")
@click.option("--range", "span", help="Only versions that this range may touch, such as '>=2.0,<2.17.1'.")
def who_uses(purl: str, span: str | None) -> None:
    """Say which products carry the package PURL, exposed ones first."""
    try:
        package, version = split_purl(purl)
        affected = read_range(package, span or (f"={version}" if version else "*")) if span or version else None
    except UnreadableName as error:
        raise click.UsageError(str(error)) from error
    app = create_app()
    with app.app_context(), app.extensions["database"].reading() as session:
        told = queries.with_known_flaws(session, queries.find_users(session, package, affected))
        found = queries.with_contacts(session, told)
    for use in found:
        verdict = "judged" if use.judged else use.verdict.value if use.verdict else "carries"
        by = ", imported" if use.imported else f", by {use.brought_by} among others" if use.bringer else ""
        how = f"carries it{by}" if use.embedded else "is it"
        click.echo(
            f"{verdict:<12}{use.version or '(no version)':<16}{use.product_slug}  {use.component} {how}, "
            f"{use.hosting.value}, patched by {use.patched_by.value}, call {'; '.join(use.contacts) or 'nobody known'}"
        )
    click.echo(f"{len(found)} found in {len({u.product_id for u in found})} products", err=True)
