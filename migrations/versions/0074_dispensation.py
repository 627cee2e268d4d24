"""an authority dispenses a product from being homologated, or refuses to: a page of its own, sealed

Revision: 0074
"""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

_SEALED = (
    "id",
    "product_id",
    "number",
    '"case"',
    "reason",
    "ends_on",
    "document_sha256",
    "document_name",
    "asked_by_id",
    "asked_by",
    "asked_at",
    "authority_id",
    "cancelled_on",
    "granted",
    "to_homologate",
    "answer",
    "decided_on",
    "decided_by_id",
    "decided_by",
    "factor_kind",
    "content",
    "content_sha256",
)
# Once its authority answered, only why its seal is late changes.
_CHANGED = " OR ".join(
    f"{new} IS DISTINCT FROM {old}"
    for new, old in (
        *((f"NEW.{column}", f"OLD.{column}") for column in _SEALED),
        ("CAST(NEW.factor_proof AS TEXT)", "CAST(OLD.factor_proof AS TEXT)"),
    )
)
_RULES = (
    # What is asked is answered later; SQLite's INSERT OR REPLACE would delete the row in the way unseen.
    (
        "INSERT",
        "NEW.granted IS NOT NULL OR EXISTS (SELECT 1 FROM dispensation WHERE id = NEW.id"
        " OR (product_id = NEW.product_id AND number = NEW.number))",
    ),
    ("UPDATE", f"OLD.granted IS NOT NULL AND ({_CHANGED})"),
    ("DELETE", "TRUE"),
)
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    op.create_table(
        "dispensation",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("product_id", sa.String(32), sa.ForeignKey("product.id"), nullable=False, index=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "case",
            sa.String(40),
            nullable=False,
            comment="its id in dispensations.yaml, or that of a dispensation_case",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("document_sha256", sa.String(64), nullable=True, comment="what the team joined"),
        sa.Column("document_name", sa.String(200), nullable=False, server_default=""),
        sa.Column("asked_by_id", sa.String(32), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("authority_id", sa.String(32), sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True, comment="when the team took its request back"),
        sa.Column("granted", sa.Boolean(), nullable=True, comment="none until the authority answers"),
        sa.Column(
            "to_homologate", sa.Boolean(), nullable=False, comment="the product is to be homologated by its end"
        ),
        sa.Column("answer", sa.Text(), nullable=False, server_default="", comment="the authority's reason to refuse"),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by_id", sa.String(32), sa.ForeignKey("person.id"), nullable=True),
        sa.Column("decided_by", sa.String(200), nullable=False, server_default=""),
        sa.Column("factor_kind", sa.String(20), nullable=True),
        sa.Column("factor_proof", sa.JSON(), nullable=True),
        sa.Column("content", sa.String(), nullable=True, comment="canonical JSON of its page"),
        sa.Column("content_sha256", sa.String(64), nullable=True, index=True),
        sa.Column("seal_fault", sa.Text(), nullable=False, server_default="", comment="why its seal is late"),
        sa.UniqueConstraint("product_id", "number"),
    )
    for verb, refused in _RULES:
        _refuse(verb, refused)
    if _on_postgresql():
        op.execute(
            "CREATE TRIGGER sealed_dispensation_truncate BEFORE TRUNCATE ON dispensation"
            " FOR EACH STATEMENT EXECUTE FUNCTION sealed_truncate()"
        )


def downgrade() -> None:
    for verb, _ in _RULES:
        name = f"sealed_dispensation_{verb.lower()}"
        op.execute(f"DROP FUNCTION {name}() CASCADE" if _on_postgresql() else f"DROP TRIGGER {name}")
    op.drop_table("dispensation")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _refuse(verb: str, refused: str) -> None:
    """A trigger that refuses such rows."""
    name = f"sealed_dispensation_{verb.lower()}"
    if not _on_postgresql():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON dispensation FOR EACH ROW WHEN {refused}"
            f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN"
        f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        " RETURN COALESCE(NEW, OLD); END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON dispensation FOR EACH ROW EXECUTE FUNCTION {name}()")
