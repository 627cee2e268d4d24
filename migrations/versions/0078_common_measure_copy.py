"""a copy of what proves the measure of a common service

Revision: 0078
"""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    copy = sa.Column("proof_sha256", sa.String(64), nullable=True, comment="the copy of it that is kept")
    op.add_column("common_measure", copy)
    name = sa.Column("proof_name", sa.String(200), nullable=False, server_default="", comment="of that file")
    op.add_column("common_measure", name)


def downgrade() -> None:
    for column in ("proof_name", "proof_sha256"):
        op.drop_column("common_measure", column)
