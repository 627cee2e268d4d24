"""`jalon journal`: whether the chain of the journal still holds, and its head, to keep outside."""

import click

from app.factory import create_app
from app.journal import chain
from app.journal.chain import JournalHead

TAMPERING_WORDS = {
    chain.Tampering.GAP: "line {0} is missing",
    chain.Tampering.CHANGED: "line {0} was changed, moved or inserted",
    chain.Tampering.GONE: "line {0} was removed",
    chain.Tampering.UNCHAINED: "entry {0} was written without a number",
    chain.Tampering.OTHER_HEAD: "the head that you kept, of line {0}, is not in this journal: it was put back, or made anew",
}


@click.group()
def journal() -> None:
    """The record of who did what."""


@journal.command("verify")
@click.option("--head", "kept", metavar="NUMBER:HASH", help="A head kept outside, as a former run printed it.")
def verify_chain(kept: str | None) -> None:
    """Check every line of the journal; exit 1 where something was changed, removed, inserted or put back."""
    app = create_app()
    with app.app_context(), app.extensions["database"].reading() as session:
        found = chain.verify_journal(session, *([read_kept_head(kept)] if kept else []))
    for tampering, where in found.faults:
        click.echo(TAMPERING_WORDS[tampering].format(where))
    click.echo(f"head: {found.head.number}:{found.head.hash}")
    if found.faults:
        raise SystemExit(1)
    click.echo(
        f"{found.head.number} lines, all as they were written" + (", the head you kept among them" if kept else "")
    )


def read_kept_head(kept: str) -> JournalHead:
    """A head as it is printed and mailed. Raises `click.BadParameter`."""
    number, _, digest = kept.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise click.BadParameter("a head is written NUMBER:HASH, as `jalon journal verify` prints it")
    return JournalHead(int(number), digest)
