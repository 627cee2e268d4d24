"""`jalon schema`: the JSON Schema of the product file."""

import json
import sys

import click

from risk_models.product_file.schema import product_file_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of the product file (format 1)."""
    json.dump(product_file_schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")
