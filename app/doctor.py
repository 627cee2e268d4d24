"""What would make this Jalon unsafe or useless: asked at each start, and by `jalon doctor`."""

from collections.abc import Iterator

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.homologation.sealing import open_sealer
from app.identity.factors import DEMONSTRATION
from app.platform.database import Database
from app.platform.setting_reader import InvalidSettings, Mode
from app.platform.settings import Settings

DEMONSTRATION_DOMAIN = "@exemple.test"
_RELAXED = {
    Mode.DEVELOPMENT: "development: trial seal, mail in files, cookies over plain HTTP, demonstration accounts",
    Mode.REVIEW: "review: trial seal, demonstration accounts; nobody real is written to, by mail or channel",
    Mode.PRODUCTION: "production: nothing is relaxed",
}


_SEAL_KEY = {
    True: "its key within reach of this user: give it to the worker's own user alone, where you can",
    False: "its key out of reach of this user, as it should be of the web's",
}


def check_start(app: Flask) -> None:
    """Refuses to start in production with what only a trial may have. Raises `InvalidSettings`, a line for each."""
    settings: Settings = app.config["SETTINGS"]
    if settings.mode is Mode.PRODUCTION and (wrong := list(_only_for_trials(app))):
        raise InvalidSettings("\n".join(wrong))


def _only_for_trials(app: Flask) -> Iterator[str]:
    if app.extensions["sealer"].is_trial:
        yield "JALON_SEAL_CERTIFICATE: this is the trial seal, without value; production needs the organisation's"
    database: Database = app.extensions["database"]
    try:
        with database.reading() as session:
            found = session.execute(
                text(
                    "SELECT email FROM person JOIN second_factor ON second_factor.person_id = person.id"
                    " WHERE email LIKE :of AND second_factor.name = :factor LIMIT 1"
                ),
                {"of": f"%{DEMONSTRATION_DOMAIN}", "factor": DEMONSTRATION},
            ).scalar()
    except SQLAlchemyError:
        return  # unreachable or not yet migrated: /readyz and `jalon doctor` say so
    if found:
        yield f"DATABASE_URL: this database holds accounts of the demonstration ({found}); production needs one of its own"


def examine_database(app: Flask) -> Iterator[tuple[bool, str]]:
    """Each thing looked at, as (whether it is well, one line)."""
    settings: Settings = app.config["SETTINGS"]
    yield True, _RELAXED[settings.mode]
    yield _database(app)
    sealer = open_sealer(settings, with_key=settings.seal_key is not None)
    yield (
        not (settings.mode is Mode.PRODUCTION and sealer.is_trial),
        f"seal: {'trial' if sealer.is_trial else 'configured'}, {_SEAL_KEY[sealer.key is not None or sealer.is_trial]}",
    )
    yield True, _journal(app)
    if settings.shows_mailbox:
        yield True, f"mailbox: {settings.base_url}/demonstration/courriels, from this machine only"
    elif settings.mail_url.startswith("file:"):
        yield True, f"mail: kept in {settings.mail_url.removeprefix('file://')}, sent to nobody"
    else:
        yield True, f"mail: {'all to ' + settings.review_mail if settings.review_mail else 'sent'}"
    for line in _only_for_trials(app) if settings.mode is Mode.PRODUCTION else ():
        yield False, line


def _journal(app: Flask) -> str:
    """What keeps the journal from change, beside its chain."""
    database: Database = app.extensions["database"]
    if database.engine.dialect.name != "postgresql":
        return "journal: kept from change by triggers alone, which who owns the file may drop"
    asked = "SELECT has_table_privilege('journal_entry', 'UPDATE, DELETE') OR has_table_privilege('journal_link', 'UPDATE, DELETE')"
    blanks = "SELECT has_column_privilege('journal_entry', 'what', 'UPDATE')"
    try:
        with database.reading() as session:
            may, may_blank = session.scalar(text(asked)), session.scalar(text(blanks))
    except SQLAlchemyError:
        return "journal: not known, the database does not answer"
    if may:
        return "journal: kept from change by triggers; this role could still drop them: give the web another (docs/deploying.md)"
    if may_blank:
        return "journal: kept from change by triggers; this role, the worker's, may blank the texts that name a person erased"
    return "journal: kept from change by triggers, and by this role, which may neither update nor delete in it"


def _database(app: Flask) -> tuple[bool, str]:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    database: Database = app.extensions["database"]
    newest = ScriptDirectory(str(app.config["ROOT"] / "migrations")).get_current_head()
    try:
        with database.engine.connect() as connection:
            at = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        return False, f"database: unreachable ({type(error).__name__})"
    return (
        at == newest,
        f"database: at {at}, {'up to date' if at == newest else f'run jalon migrate to reach {newest}'}",
    )
