"""the model that gave a noted loss

Revision: 0062
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "that gave them; none noted before 2026-12"
    op.add_column("loss_point", sa.Column("model", sa.String(length=20), nullable=True, comment=comment))


def downgrade() -> None:
    op.drop_column("loss_point", "model")
