"""Alembic's environment: called by `jalon migrate` with an engine, or by the `alembic` command."""

from alembic import context
from sqlalchemy import Connection

import app.factory  # noqa: F401 - loads every table
from app.platform.database import Base, make_engine
from app.platform.settings import load_settings

given: Connection | None = context.config.attributes.get("connection")


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if given is not None:
    migrate(given)
else:
    with make_engine(load_settings().database_url).begin() as connection:
        migrate(connection)
