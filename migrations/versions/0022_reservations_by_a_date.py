"""the last day of a reservation, where the authority set one; it never changes

Revision: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NAME = "sealed_reservation_lift_by"
_MOVED = "NEW.lift_by IS DISTINCT FROM OLD.lift_by"
_MESSAGE = "sealed: this row can no longer change"


def upgrade() -> None:
    comment = "its last day, where the authority set one"
    op.add_column("reservation", sa.Column("lift_by", sa.Date(), nullable=True, comment=comment))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {_MOVED} THEN"
            f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            " RETURN NEW; END $$"
        )
        op.execute(f"CREATE TRIGGER {_NAME} BEFORE UPDATE ON reservation FOR EACH ROW EXECUTE FUNCTION {_NAME}()")
    else:
        op.execute(
            f"CREATE TRIGGER {_NAME} BEFORE UPDATE ON reservation FOR EACH ROW WHEN {_MOVED}"
            f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(f"DROP FUNCTION {_NAME}() CASCADE" if on_postgresql else f"DROP TRIGGER {_NAME}")
    op.drop_column("reservation", "lift_by")
