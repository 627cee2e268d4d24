"""`jalon migrate` and `jalon demo`: the database brought up to date, the demonstration data loaded."""

import click

from app.factory import ROOT, create_app
from app.platform.database import Database, make_engine
from app.platform.setting_reader import Mode
from app.platform.settings import load_settings
from app.portfolio import glances


def upgrade(url: str) -> None:
    """Brings the database at `url` to the newest tables."""
    from alembic import command
    from alembic.config import Config

    config = Config(str(ROOT / "alembic.ini"))
    engine = make_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


@click.command()
def migrate() -> None:
    """Bring the database up to date, with the summaries of its products."""
    settings = load_settings()
    settings.instance.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    glances.refresh_glances(Database(make_engine(settings.database_url)))


@click.command()
def demo() -> None:
    """Load the demonstration data where the database holds no person, and say how to sign in."""
    from app.demo import PEOPLE, load_demonstration

    app = create_app()
    if app.config["SETTINGS"].mode is Mode.PRODUCTION:
        raise click.ClickException("the demonstration has no place in production")
    with app.app_context():
        loaded = load_demonstration(app.extensions["database"])
    click.echo("Demonstration data loaded." if loaded else "Demonstration data already there, or database in use.")
    click.echo(f"Sign in at {app.config['BASE_URL']}/connexion with one of these addresses;")
    click.echo(f"the link arrives at {app.config['BASE_URL']}/demonstration/courriels :")
    for person in PEOPLE:
        click.echo(f"  {person.email:<34} {person.what}")
