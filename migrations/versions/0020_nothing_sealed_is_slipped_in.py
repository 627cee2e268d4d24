"""what 0012 to 0014 left open: rows slipped in beside sealed ones, a frozen content rewritten, the journal

Revision: 0020
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_STATE = "(SELECT state FROM dossier WHERE id = NEW.dossier_id)"
_SHOWN = ("product_id", "number", "perimeter", "requested_months", "authority_id", "content", "content_sha256")
_REWRITTEN = " OR ".join(f"NEW.{c} IS DISTINCT FROM OLD.{c}" for c in _SHOWN)


def _known(table: str, *keys: str) -> str:
    """SQLite's INSERT OR REPLACE deletes the row in the way without asking the triggers of DELETE."""
    same = " OR ".join(f"({' AND '.join(f'{c} = NEW.{c}' for c in key.split())})" for key in keys)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"


# Name, table, verb, when it is refused.
RULES = (
    (
        "sealed_dossier_rewritten",
        "dossier",
        "UPDATE",
        f"OLD.state = 'decision' AND NEW.state = 'decision' AND OLD.content_sha256 IS NOT NULL AND ({_REWRITTEN})",
    ),
    ("sealed_dossier_insert", "dossier", "INSERT", f"NEW.state = 'decided' OR {_known('dossier', 'id', 'product_id number')}"),
    # A decision and its reservations come before their dossier is decided, a withdrawal after.
    ("sealed_decision_insert", "decision", "INSERT", f"{_STATE} IS DISTINCT FROM 'decision' OR {_known('decision', 'id', 'dossier_id')}"),
    ("sealed_reservation_insert", "reservation", "INSERT", f"{_STATE} IS DISTINCT FROM 'decision' OR {_known('reservation', 'id')}"),
    ("sealed_withdrawal_insert", "withdrawal", "INSERT", f"{_STATE} IS DISTINCT FROM 'decided' OR {_known('withdrawal', 'id', 'dossier_id')}"),
    ("sealed_issued_file_again", "issued_file", "INSERT", _known("issued_file", "id", "sha256")),
    ("sealed_analysis_version_insert", "analysis_version", "INSERT", _known("analysis_version", "id", "product_id number")),
    ("kept_journal_entry_update", "journal_entry", "UPDATE", "TRUE"),
    ("kept_journal_entry_delete", "journal_entry", "DELETE", "TRUE"),
    ("kept_journal_entry_insert", "journal_entry", "INSERT", _known("journal_entry", "id")),
)
EMPTIED = (
    "opinion", "condition_of_use", "accepted_risk", "attached_opinion", "dossier_piece", "dossier_document",
    "drift_notice", "journal_entry",
)  # fmt: skip
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        for name, table, verb, refused in RULES:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW WHEN {refused}"
                f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
        return
    for name, table, verb, refused in RULES:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN"
            f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            " RETURN COALESCE(NEW, OLD); END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    for table in EMPTIED:
        op.execute(
            f"CREATE TRIGGER sealed_{table}_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION sealed_truncate()"
        )


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table, _verb, _refused in RULES:
        op.execute(f"DROP FUNCTION {name}() CASCADE" if on_postgresql else f"DROP TRIGGER {name}")
    if on_postgresql:
        for table in EMPTIED:
            op.execute(f"DROP TRIGGER sealed_{table}_truncate ON {table}")
