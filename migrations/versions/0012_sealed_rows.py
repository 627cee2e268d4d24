"""sealed rows: the database itself refuses to change what was decided or frozen

Revision: 0012

On SQLite, a later batch operation on one of these tables drops its triggers: it must create them again
(`tests/app/homologation/test_sealed.py` fails if it does not).
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Each rule: table, verb, when the row may not change.
_KEPT = ("id", "product_id", "number", "state", "state_since", "created_at", "perimeter", "requested_months", "authority_id", "content", "content_sha256")  # fmt: skip
_DECIDED_CHANGED = " OR ".join(f"NEW.{c} IS DISTINCT FROM OLD.{c}" for c in _KEPT)
# The PDF of a decision comes after it, once: it may replace that of the draft, and nothing may replace it.
_PDF_CHANGED = (
    "OLD.pdf_of = OLD.content_sha256"
    " AND (NEW.pdf_sha256 IS DISTINCT FROM OLD.pdf_sha256 OR NEW.pdf_of IS DISTINCT FROM OLD.pdf_of)"
)
_FROZEN = "(SELECT state FROM dossier WHERE id = {row}.dossier_id) IN ('decision', 'decided')"
RULES = (
    ("dossier", "UPDATE", f"OLD.state = 'decided' AND ({_DECIDED_CHANGED} OR ({_PDF_CHANGED}))"),
    ("dossier", "DELETE", "OLD.state IN ('decision', 'decided')"),
    ("decision", "UPDATE", "TRUE"),
    ("decision", "DELETE", "TRUE"),
    ("analysis_version", "UPDATE", "TRUE"),
    ("analysis_version", "DELETE", "TRUE"),
    *(
        (table, verb, " OR ".join(_FROZEN.format(row=row) for row in rows))
        for table in ("opinion", "condition_of_use", "accepted_risk")
        for verb, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",)))
    ),
)
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, verb, sealed in RULES:
        name = _name(table, verb)
        if on_postgresql:  # whose WHEN takes no subquery
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {sealed} THEN"
                f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
                " RETURN COALESCE(NEW, OLD); END $$"
            )
            op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW WHEN {sealed}"
                f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, verb, _ in RULES:
        if on_postgresql:
            op.execute(f"DROP FUNCTION {_name(table, verb)}() CASCADE")
        else:
            op.execute(f"DROP TRIGGER {_name(table, verb)}")


def _name(table: str, verb: str) -> str:
    return f"sealed_{table}_{verb.lower()}"
