"""each line of the journal is chained to the one before

Revision: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    op.create_table(
        "journal_link",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.String(length=32), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["journal_entry.id"], name=op.f("fk_journal_link_entry_id_journal_entry")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_journal_link")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_journal_link_entry_id")),
    )
    if op.get_bind().dialect.name != "postgresql":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER kept_journal_link_{verb.lower()} BEFORE {verb} ON journal_link"
                f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
        op.execute(
            "CREATE TRIGGER kept_journal_link_insert BEFORE INSERT ON journal_link"
            " WHEN EXISTS (SELECT 1 FROM journal_link WHERE number = NEW.number OR entry_id = NEW.entry_id)"
            f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION kept_journal_link() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER kept_journal_link_{verb.lower()} BEFORE {verb} ON journal_link"
            " FOR EACH ROW EXECUTE FUNCTION kept_journal_link()"
        )
    op.execute(
        "CREATE TRIGGER sealed_journal_link_truncate BEFORE TRUNCATE ON journal_link"
        " FOR EACH STATEMENT EXECUTE FUNCTION sealed_truncate()"
    )


def downgrade() -> None:
    op.drop_table("journal_link")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION kept_journal_link()")
