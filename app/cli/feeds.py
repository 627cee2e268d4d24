"""`jalon feeds load`: public knowledge of flaws from files, each in one transaction."""

from pathlib import Path

import click

from app.factory import create_app
from app.feeds import services
from app.feeds.loading import UnreadableFeed, read_feed
from app.platform.refusals import Refusal

_SHOWN = 5


@click.group()
def feeds() -> None:
    """Public knowledge of flaws."""


@feeds.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(files: tuple[Path, ...]) -> None:
    """Load OSV records (a file or a zip), CISA's KEV, EPSS or endoflife.date's answers; each says what it is."""
    app = create_app()
    refused = 0
    with app.test_request_context():
        for path in files:
            try:
                loaded = read_feed(path)
                with app.extensions["database"].session(writing=True) as session:
                    count = services.load_feed(session, None, loaded)
            except (UnreadableFeed, Refusal) as error:
                refused += 1
                click.echo(f"refused  {error}", err=True)
                continue
            dated = f", dated {loaded.dated}" if loaded.dated else ""
            click.echo(f"{loaded.name.value}: {path.name}{dated}; the feed now holds {count}")
            for odd in loaded.odd[:_SHOWN]:
                click.echo(f"  left out  {odd}")
            if len(loaded.odd) > _SHOWN:
                click.echo(f"  … and {len(loaded.odd) - _SHOWN} more")
    if refused:
        raise SystemExit(2)


@feeds.command()
def state() -> None:
    """Say how old and how full each feed is; ends with 1 when one cannot be trusted."""
    app = create_app()
    with app.app_context(), app.extensions["database"].reading() as session:
        found = services.read_feeds(session)
    for one in found:
        count = one.feed.count if one.feed else 0
        age = f"{one.age_days} days old" if one.age_days is not None else "never loaded"
        click.echo(f"{one.name.value:<5} {count:>8}  {age}  {one.alarm.upper()}".rstrip())
    raise SystemExit(any(one.alarm for one in found))
