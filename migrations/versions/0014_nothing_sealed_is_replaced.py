"""what 0012 and 0013 left open: a file of another content, another origin, a table emptied at once

Revision: 0014
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KNOWN = (
    "SELECT content_sha256 FROM dossier WHERE id = NEW.dossier_id"
    " UNION SELECT content_sha256 FROM withdrawal WHERE dossier_id = NEW.dossier_id"
)
# As in 0012: name, table, verb, when it is refused.
RULES = (
    ("sealed_issued_file_insert", "issued_file", "INSERT", f"NEW.content_sha256 NOT IN ({_KNOWN})"),
    ("sealed_dossier_origin", "dossier", "UPDATE", "OLD.state = 'decided' AND NEW.origin <> OLD.origin"),
)
EMPTIED = ("dossier", "decision", "issued_file", "withdrawal", "reservation", "analysis_version")
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
            " RETURN NEW; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    op.execute(
        "CREATE FUNCTION sealed_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in EMPTIED:
        op.execute(
            f"CREATE TRIGGER sealed_{table}_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION sealed_truncate()"
        )


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, _table, _verb, _refused in RULES:
        op.execute(f"DROP FUNCTION {name}() CASCADE" if on_postgresql else f"DROP TRIGGER {name}")
    if on_postgresql:
        op.execute("DROP FUNCTION sealed_truncate() CASCADE")
