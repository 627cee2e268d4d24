"""the source that a package is built from, as each file tells it, and the instant of each record of a flaw

Revision: 0086
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None

_KEY = "uq_package_version_package_id_version"
_WHOLE_KEY = "uq_package_version_package_id_version_source_source_version"


@contextmanager
def _without_uses() -> Iterator[None]:
    """SQLite makes a table anew to change its keys, and drops none that another refers to."""
    if op.get_bind().dialect.name != "sqlite":
        yield
        return
    op.execute("CREATE TEMPORARY TABLE kept_uses AS SELECT * FROM package_use")
    op.execute("DELETE FROM package_use")
    yield
    op.execute("INSERT INTO package_use SELECT * FROM kept_uses")
    op.execute("DROP TABLE kept_uses")


def upgrade() -> None:
    built = "purl of the source it is built from, which advisories may name; empty where no file tells one"
    own = "of the source it is built from, where that is another"
    op.add_column("package_version", sa.Column("source", sa.String(500), nullable=False, server_default="", comment=built))
    op.execute(
        "UPDATE package_version SET source = (SELECT p.source FROM package p WHERE p.id = package_id)"
        " WHERE package_id IN (SELECT id FROM package WHERE source IS NOT NULL)"
    )
    op.execute("UPDATE package_version SET source_version = '' WHERE source_version IS NULL")
    with _without_uses(), op.batch_alter_table("package_version") as table:
        table.alter_column(
            "source_version", existing_type=sa.String(100), nullable=False, server_default="", existing_comment=own
        )
        table.drop_constraint(_KEY, type_="unique")
        table.create_unique_constraint(_WHOLE_KEY, ["package_id", "version", "source", "source_version"])
    told = sa.text("source <> ''")
    op.create_index(
        "ix_package_version_source", "package_version", ["source"], sqlite_where=told, postgresql_where=told
    )
    op.drop_index("ix_package_source", "package")
    op.drop_column("package", "source")
    said = "when its database last changed it: an older file does not replace it"
    op.add_column("advisory", sa.Column("modified", sa.DateTime(timezone=True), nullable=True, comment=said))
    gone = "by its database: kept so that an older file does not bring it back"
    op.add_column(
        "advisory", sa.Column("withdrawn", sa.Boolean(), nullable=False, server_default=sa.false(), comment=gone)
    )


def downgrade() -> None:
    op.execute("DELETE FROM advisory WHERE withdrawn")
    op.drop_column("advisory", "withdrawn")
    op.drop_column("advisory", "modified")
    op.add_column("package", sa.Column("source", sa.String(500), nullable=True))
    op.create_index("ix_package_source", "package", ["source"])
    op.drop_index("ix_package_version_source", "package_version")
    kept = "(SELECT min(id) FROM package_version GROUP BY package_id, version)"
    op.execute(
        "UPDATE package_use SET version_id = (SELECT min(k.id) FROM package_version v JOIN package_version k"
        " ON k.package_id = v.package_id AND k.version = v.version WHERE v.id = package_use.version_id)"
        f" WHERE version_id NOT IN {kept}"
    )
    op.execute("DELETE FROM sbom_graph")  # their numbers may have changed
    op.execute(f"DELETE FROM package_version WHERE id NOT IN {kept}")
    with _without_uses(), op.batch_alter_table("package_version") as table:
        table.drop_constraint(_WHOLE_KEY, type_="unique")
        table.create_unique_constraint(_KEY, ["package_id", "version"])
        table.alter_column("source_version", existing_type=sa.String(100), nullable=True, server_default=None)
        table.drop_column("source")
