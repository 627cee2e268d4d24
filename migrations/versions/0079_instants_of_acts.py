"""instants of acts, who asked a lifting, what was known when a signature was recorded, opinions set aside

Revision: 0079
"""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None

# Table, column, when no row of it changes any more.
_SEALED = (
    ("dispensation", "answered_at", "OLD.granted IS NOT NULL"),
    ("reservation", "asked_by_id", "OLD.lifted_on IS NOT NULL"),
)
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    op.add_column("withdrawal", sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("dispensation", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reservation", sa.Column("asked_by_id", sa.String(32), nullable=True, comment="who asked, by id"))
    known = "flaws known to be exploited when it was recorded"
    op.add_column(
        "recorded_signature", sa.Column("exploited", sa.JSON(), nullable=False, server_default="[]", comment=known)
    )
    aside = "when the team asked somebody else in its place"
    op.add_column("opinion", sa.Column("set_aside_on", sa.Date(), nullable=True, comment=aside))
    by = sa.Column("attached_by", sa.String(200), nullable=False, server_default="", comment="who of the team did")
    op.add_column("attached_opinion", by)
    for table, column, sealed in _SEALED:
        _refuse(_name(table, column), table, f"{sealed} AND NEW.{column} IS DISTINCT FROM OLD.{column}")


def downgrade() -> None:
    for table, column, _ in _SEALED:
        name = _name(table, column)
        op.execute(f"DROP FUNCTION {name}() CASCADE" if _on_postgresql() else f"DROP TRIGGER {name}")
    op.drop_column("attached_opinion", "attached_by")
    op.drop_column("opinion", "set_aside_on")
    op.drop_column("recorded_signature", "exploited")
    op.drop_column("reservation", "asked_by_id")
    op.drop_column("dispensation", "answered_at")
    op.drop_column("withdrawal", "noted_at")


def _name(table: str, column: str) -> str:
    return f"sealed_{table}_{column}"


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _refuse(name: str, table: str, refused: str) -> None:
    """A trigger that refuses such changes."""
    if not _on_postgresql():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN {refused}"
            f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN"
        f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        " RETURN COALESCE(NEW, OLD); END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
