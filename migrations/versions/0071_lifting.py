"""a reservation lifted by the authority or its RSSI: a page of its own, sealed as a withdrawal is

Revision: 0071
"""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

_STATE = "(SELECT state FROM dossier WHERE id = NEW.dossier_id)"
_OF_DOSSIER = "SELECT content_sha256 FROM {table} WHERE dossier_id = NEW.dossier_id"
_KNOWN = "SELECT content_sha256 FROM dossier WHERE id = NEW.dossier_id UNION " + _OF_DOSSIER.format(table="withdrawal")
_FILES = ("sealed_issued_file_insert", "issued_file", "INSERT")
_ASKED = ("asked_on", "asked_by", "asked_how", "proof_sha256", "proof_name")
# As in 0014: name, table, verb, when it is refused.
_RULES = (
    (
        "sealed_lifting_insert",
        "lifting",
        "INSERT",
        f"{_STATE} IS DISTINCT FROM 'decided'"
        " OR EXISTS (SELECT 1 FROM lifting WHERE id = NEW.id OR reservation_id = NEW.reservation_id)",
    ),
    ("sealed_lifting_update", "lifting", "UPDATE", "TRUE"),
    ("sealed_lifting_delete", "lifting", "DELETE", "TRUE"),
    (
        "sealed_reservation_asked",
        "reservation",
        "UPDATE",
        f"OLD.lifted_on IS NOT NULL AND ({' OR '.join(f'NEW.{c} IS DISTINCT FROM OLD.{c}' for c in _ASKED)})",
    ),
)
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    op.create_table(
        "lifting",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id"), nullable=False, index=True),
        sa.Column("reservation_id", sa.String(32), sa.ForeignKey("reservation.id"), nullable=False, unique=True),
        sa.Column("lifted_by_id", sa.String(32), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("content", sa.String(), nullable=False, comment="canonical JSON of its page"),
        sa.Column("content_sha256", sa.String(64), nullable=False),
    )
    for name, table, verb, refused in _RULES:
        _refuse(name, table, verb, refused)
    _refuse(*_FILES, f"NEW.content_sha256 NOT IN ({_KNOWN} UNION {_OF_DOSSIER.format(table='lifting')})", again=True)
    if _on_postgresql():
        op.execute(
            "CREATE TRIGGER sealed_lifting_truncate BEFORE TRUNCATE ON lifting"
            " FOR EACH STATEMENT EXECUTE FUNCTION sealed_truncate()"
        )


def downgrade() -> None:
    _refuse(*_FILES, f"NEW.content_sha256 NOT IN ({_KNOWN})", again=True)
    for name, *_ in _RULES:
        op.execute(f"DROP FUNCTION {name}() CASCADE" if _on_postgresql() else f"DROP TRIGGER {name}")
    op.drop_table("lifting")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _refuse(name: str, table: str, verb: str, refused: str, *, again: bool = False) -> None:
    """A trigger that refuses such rows; `again` where one of that name is replaced."""
    if not _on_postgresql():
        if again:
            op.execute(f"DROP TRIGGER {name}")
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW WHEN {refused}"
            f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN"
        f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        " RETURN COALESCE(NEW, OLD); END $$"
    )
    if not again:
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
