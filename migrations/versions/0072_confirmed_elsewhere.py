"""a homologation made elsewhere, confirmed by the incubator before it is public

Revision: 0072
"""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

_STATE = "(SELECT state FROM dossier WHERE id = NEW.dossier_id)"
_RULES = (
    (
        "INSERT",
        f"{_STATE} IS DISTINCT FROM 'decided'"
        " OR EXISTS (SELECT 1 FROM confirmed_elsewhere WHERE dossier_id = NEW.dossier_id)",
    ),
    ("UPDATE", "TRUE"),
    ("DELETE", "TRUE"),
)
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    op.create_table(
        "confirmed_elsewhere",
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), primary_key=True),
        sa.Column("document_sha256", sa.String(64), nullable=False, comment="the document that shows it"),
        sa.Column("document_name", sa.String(200), nullable=False),
        sa.Column("confirmed_by_id", sa.String(32), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("confirmed_by", sa.String(200), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
    )
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for verb, refused in _RULES:
        name = f"sealed_confirmed_elsewhere_{verb.lower()}"
        if not on_postgresql:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON confirmed_elsewhere FOR EACH ROW WHEN {refused}"
                f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN"
            f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            " RETURN COALESCE(NEW, OLD); END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON confirmed_elsewhere FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    if on_postgresql:
        op.execute(
            "CREATE TRIGGER sealed_confirmed_elsewhere_truncate BEFORE TRUNCATE ON confirmed_elsewhere"
            " FOR EACH STATEMENT EXECUTE FUNCTION sealed_truncate()"
        )


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for verb, _ in _RULES:
        name = f"sealed_confirmed_elsewhere_{verb.lower()}"
        op.execute(f"DROP FUNCTION {name}() CASCADE" if on_postgresql else f"DROP TRIGGER {name}")
    op.drop_table("confirmed_elsewhere")
