"""the model under which a drift was counted

Revision: 0063
"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "under which it was counted; none before 2026-12"
    op.add_column("drift_notice", sa.Column("model", sa.String(length=20), nullable=True, comment=comment))


def downgrade() -> None:
    op.drop_column("drift_notice", "model")
