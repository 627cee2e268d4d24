"""`jalon systemic`: over many product files, what they share and what its fall would cost them all."""

import json
import sys
from collections import Counter
from datetime import UTC, datetime

import click

from app.cli.files import read_system_file
from app.cli.waiting import waiting


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Judge ends of life on this day.")
def systemic(files: tuple[str, ...], *, as_json: bool, day: datetime | None) -> None:
    """Rank the third parties that the products of FILES share. Exit codes: 0 done, 2 wrong file, 3 an error of ours."""
    from risk_models.ranking.systemic import shared_third_parties

    systems = [read_system_file(file, (day or datetime.now(UTC)).date()) for file in files]
    for product, count in Counter(s.product.id for s in systems).items():
        if count > 1:
            raise click.UsageError(f"{count} files describe the product {product!r}: give each once")
    with waiting(sum(len(s.components) for s in systems)):
        found = shared_third_parties(systems)
    if as_json:
        plain = [
            {"name": t.name, "products": list(t.products), "cost_if_taken": t.cost_if_taken}
            | {"loss_avoided": t.loss_avoided}
            for t in found
        ]
        sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
        return
    for rank, third in enumerate(found, start=1):
        sys.stdout.write(
            f"{rank:>3}  {third.cost_if_taken:>8.1f}  {third.loss_avoided:>7.2f}  {third.name:<28}"
            f"  {', '.join(third.products)}\n"
        )
