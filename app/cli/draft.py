"""`jalon draft`: a first product file from a repository. Loads neither Flask nor the database, asks no network."""

import sys
from pathlib import Path

import click

from risk_models import catalogue, product_file
from risk_models.draft import UnreadableTree
from risk_models.draft import draft_product as drafted
from risk_models.draft.tree import from_archive, from_folder

WRONG = 2


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write (default: standard output)."
)
@click.option("--lang", type=click.Choice(catalogue.LANGUAGES), default="fr", show_default=True)
def draft(source: Path, output: Path | None, lang: str) -> None:
    """Draft the product file of the repository in SOURCE (a folder, or a zip or tar archive).

    Exit codes: 0 done, 2 nothing could be drafted, 3 an error of ours.
    """
    try:
        if source.is_file():
            with source.open("rb") as file:
                tree = from_archive(file, source.name)
        else:
            tree = from_folder(source)
        found = drafted(tree)
    except UnreadableTree as error:
        sys.stderr.write(f"{error.text(lang)}\n")
        raise SystemExit(WRONG) from error
    text = product_file.dumps(found.with_notes())
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    tell = sys.stderr.write
    system = found.system
    tell(f"{len(system.components)} components, {len(system.links)} links, {len(system.measures)} measures\n")
    for one in found.aside:
        tell(f"  {one.name} ({one.source}) : {catalogue.sentence('draft_aside', one.why, lang)}\n")
    for path, why in found.skipped:
        tell(f"  {path} : {catalogue.sentence('draft_skipped', why, lang)}\n")
    for secret in found.secrets:
        tell(f"  ! {secret.source} {secret.name} : {catalogue.sentence('draft_notes', 'secret', lang)}\n")
