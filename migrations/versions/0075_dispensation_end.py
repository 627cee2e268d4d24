"""an authority ends a dispensation before its day: a page of its own, sealed

Revision: 0075
"""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

_RULES = (
    (
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM dispensation WHERE id = NEW.dispensation_id AND granted)"
        " OR EXISTS (SELECT 1 FROM dispensation_end WHERE dispensation_id = NEW.dispensation_id)",
    ),
    ("UPDATE", "TRUE"),
    ("DELETE", "TRUE"),
)
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    op.create_table(
        "dispensation_end",
        sa.Column("dispensation_id", sa.String(32), sa.ForeignKey("dispensation.id"), primary_key=True),
        sa.Column("ended_on", sa.Date(), nullable=False, comment="the first day without it"),
        sa.Column("ended_by_id", sa.String(32), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("ended_by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", sa.String(), nullable=False, comment="canonical JSON of its page"),
        sa.Column("content_sha256", sa.String(64), nullable=False, index=True),
    )
    for verb, refused in _RULES:
        _refuse(verb, refused)
    if _on_postgresql():
        op.execute(
            "CREATE TRIGGER sealed_dispensation_end_truncate BEFORE TRUNCATE ON dispensation_end"
            " FOR EACH STATEMENT EXECUTE FUNCTION sealed_truncate()"
        )


def downgrade() -> None:
    for verb, _ in _RULES:
        name = f"sealed_dispensation_end_{verb.lower()}"
        op.execute(f"DROP FUNCTION {name}() CASCADE" if _on_postgresql() else f"DROP TRIGGER {name}")
    op.drop_table("dispensation_end")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _refuse(verb: str, refused: str) -> None:
    """A trigger that refuses such rows."""
    name = f"sealed_dispensation_end_{verb.lower()}"
    if not _on_postgresql():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON dispensation_end FOR EACH ROW WHEN {refused}"
            f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN"
        f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        " RETURN COALESCE(NEW, OLD); END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON dispensation_end FOR EACH ROW EXECUTE FUNCTION {name}()")
