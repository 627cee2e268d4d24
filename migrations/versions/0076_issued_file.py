"""a sealed file is of a dossier or of a dispensation

Revision: 0076
"""

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

_OF_DOSSIER = (
    "SELECT content_sha256 FROM dossier WHERE id = NEW.dossier_id AND content_sha256 IS NOT NULL"
    " UNION SELECT content_sha256 FROM withdrawal WHERE dossier_id = NEW.dossier_id"
    " UNION SELECT content_sha256 FROM lifting WHERE dossier_id = NEW.dossier_id"
)
_OF_DISPENSATION = (
    " UNION SELECT content_sha256 FROM dispensation WHERE id = NEW.dispensation_id AND content_sha256 IS NOT NULL"
    " UNION SELECT content_sha256 FROM dispensation_end WHERE dispensation_id = NEW.dispensation_id"
)
# As in 0013, 0020 and 0071: name, verb, when it is refused. SQLite makes the table anew, and its triggers with it.
_TRIGGERS = (
    ("sealed_issued_file_update", "UPDATE", "TRUE"),
    ("sealed_issued_file_delete", "DELETE", "TRUE"),
    (
        "sealed_issued_file_again",
        "INSERT",
        "EXISTS (SELECT 1 FROM issued_file WHERE (id = NEW.id) OR (sha256 = NEW.sha256))",
    ),
)
_INSERT = "sealed_issued_file_insert"
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    with op.batch_alter_table("issued_file") as table:
        table.alter_column("dossier_id", existing_type=sa.String(32), nullable=True)
        table.add_column(sa.Column("dispensation_id", sa.String(32), nullable=True))
        table.create_index("ix_issued_file_dispensation_id", ["dispensation_id"])
        table.create_foreign_key(
            "fk_issued_file_dispensation_id_dispensation", "dispensation", ["dispensation_id"], ["id"]
        )
        table.create_check_constraint("of_one_act", "(dossier_id IS NULL) <> (dispensation_id IS NULL)")
    _seal(_OF_DOSSIER + _OF_DISPENSATION)


def downgrade() -> None:
    with op.batch_alter_table("issued_file") as table:
        table.drop_constraint("of_one_act", type_="check")
        table.drop_constraint("fk_issued_file_dispensation_id_dispensation", type_="foreignkey")
        table.drop_index("ix_issued_file_dispensation_id")
        table.drop_column("dispensation_id")
        table.alter_column("dossier_id", existing_type=sa.String(32), nullable=False)
    _seal(_OF_DOSSIER)


def _seal(known: str) -> None:
    refused = f"NEW.content_sha256 NOT IN ({known})"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE OR REPLACE FUNCTION {_INSERT}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN"
            f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            " RETURN COALESCE(NEW, OLD); END $$"
        )
        return
    for name, verb, when in (*_TRIGGERS, (_INSERT, "INSERT", refused)):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON issued_file FOR EACH ROW WHEN {when}"
            f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
