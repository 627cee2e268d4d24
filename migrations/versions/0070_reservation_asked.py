"""what a team shows when it asks that a reservation be lifted

Revision: 0070
"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reservation", sa.Column("asked_on", sa.Date(), nullable=True, comment="when its lifting was asked"))
    for column, kind in (("asked_by", sa.String(200)), ("asked_how", sa.Text()), ("proof_name", sa.String(200))):
        op.add_column("reservation", sa.Column(column, kind, nullable=False, server_default=""))
    op.add_column("reservation", sa.Column("proof_sha256", sa.String(64), nullable=True, comment="what shows it"))


def downgrade() -> None:
    for column in ("proof_sha256", "proof_name", "asked_how", "asked_by", "asked_on"):
        op.drop_column("reservation", column)
