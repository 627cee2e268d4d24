"""the key of a use holds its whole row, which PostgreSQL then reads without the table

Revision: 0088
"""

from alembic import op

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None

_KEY = "pk_package_use"


def upgrade() -> None:
    _make_key(" INCLUDE (development, bringer_id)")


def downgrade() -> None:
    _make_key("")


def _make_key(included: str) -> None:
    """A table without rowid of SQLite is its own key."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"ALTER TABLE package_use DROP CONSTRAINT {_KEY},"
            f" ADD CONSTRAINT {_KEY} PRIMARY KEY (version_id, sbom_id){included}"
        )
