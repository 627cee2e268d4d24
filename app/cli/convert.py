"""`jalon convert`: a product file from a threat model made elsewhere. Loads neither Flask nor the database."""

import sys
from pathlib import Path

import click

from risk_models import catalogue, product_file
from risk_models.draft.models import UnreadableModel
from risk_models.draft.models import convert_model as converted

WRONG = 2


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write (default: standard output)."
)
@click.option("--lang", type=click.Choice(catalogue.LANGUAGES), default="fr", show_default=True)
def convert(file: Path, output: Path | None, lang: str) -> None:
    """Turn a Threagile (YAML) or Threat Dragon (JSON) model into a product file; says what could not be carried over.

    Exit codes: 0 done, 2 the file is no such model, 3 an error of ours.
    """
    try:
        found = converted(file.read_text(encoding="utf-8-sig"), lambda name: _read_beside(file, name))
    except (UnreadableModel, UnicodeDecodeError) as error:
        sys.stderr.write(f"{file}: {error.text(lang) if isinstance(error, UnreadableModel) else error}\n")
        raise SystemExit(WRONG) from error
    text = product_file.dumps(found.system)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    for code, name in found.left:
        sys.stderr.write(f"  {name} : {catalogue.sentence('model_left', code, lang)}\n")


def _read_beside(file: Path, name: str) -> str | None:
    """A file of the folder of the model, or below it; nothing of elsewhere."""
    folder = file.resolve().parent
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            return None
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise
    except (OSError, ValueError):  # a name that no file can have
        return None
