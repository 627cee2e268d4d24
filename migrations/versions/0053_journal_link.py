"""the texts of a line of the journal that name somebody erased can be blanked, and nothing else of it

Revision: 0053
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_MESSAGE = "sealed: this row can no longer change"
_ENTRY = (
    "NEW.id IS DISTINCT FROM OLD.id OR NEW.at IS DISTINCT FROM OLD.at OR NEW.person_id IS DISTINCT FROM OLD.person_id"
    " OR NEW.action IS DISTINCT FROM OLD.action OR NEW.product_id IS DISTINCT FROM OLD.product_id"
    " OR (NEW.person_name IS DISTINCT FROM OLD.person_name AND NEW.person_name <> '')"
    " OR (NEW.what IS DISTINCT FROM OLD.what AND NEW.what <> '')"
    " OR (CAST(NEW.details AS TEXT) IS DISTINCT FROM CAST(OLD.details AS TEXT) AND CAST(NEW.details AS TEXT) <> '{}')"
)
_LINK = (
    "NEW.number IS DISTINCT FROM OLD.number OR NEW.entry_id IS DISTINCT FROM OLD.entry_id"
    " OR CAST(NEW.texts AS TEXT) IS DISTINCT FROM CAST(OLD.texts AS TEXT) OR NEW.hash IS DISTINCT FROM OLD.hash"
    " OR NEW.salt <> ''"
)


def upgrade() -> None:
    # Not in a batch, which would make the table anew without its triggers.
    op.add_column("journal_link", sa.Column("kept_salts", sa.JSON(), nullable=True))
    if op.get_bind().dialect.name != "postgresql":
        for table, refused in (("journal_entry", _ENTRY), ("journal_link", _LINK)):
            op.execute(f"DROP TRIGGER kept_{table}_update")
            op.execute(
                f"CREATE TRIGGER kept_{table}_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN {refused}"
                f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
        return
    op.execute("DROP TRIGGER kept_journal_link_update ON journal_link")
    for table, refused in (("journal_entry", _ENTRY), ("journal_link", _LINK)):
        op.execute(
            f"CREATE OR REPLACE FUNCTION kept_{table}_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN"
            f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            " RETURN NEW; END $$"
        )
    op.execute(
        "CREATE TRIGGER kept_journal_link_update BEFORE UPDATE ON journal_link"
        " FOR EACH ROW EXECUTE FUNCTION kept_journal_link_update()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        for table in ("journal_entry", "journal_link"):
            op.execute(f"DROP TRIGGER kept_{table}_update")
            op.execute(
                f"CREATE TRIGGER kept_{table}_update BEFORE UPDATE ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
    else:
        op.execute("DROP TRIGGER kept_journal_link_update ON journal_link")
        op.execute("DROP FUNCTION kept_journal_link_update()")
        op.execute(
            "CREATE TRIGGER kept_journal_link_update BEFORE UPDATE ON journal_link"
            " FOR EACH ROW EXECUTE FUNCTION kept_journal_link()"
        )
        op.execute(
            "CREATE OR REPLACE FUNCTION kept_journal_entry_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    op.drop_column("journal_link", "kept_salts")
