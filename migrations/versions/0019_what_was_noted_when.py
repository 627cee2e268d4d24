"""when a loss was noted, so that it is noted again after a change; glances that say who sealed

Revision: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('loss_point', sa.Column('noted_at', sa.DateTime(timezone=True), server_default='2000-01-01 00:00:00+00:00', nullable=False))
    op.execute("DELETE FROM glance")  # made anew when next asked for
    op.add_column('glance', sa.Column('sealed', sa.Boolean(), server_default=sa.false(), nullable=False, comment='its last decision was taken and sealed here'))


def downgrade() -> None:
    op.execute("DELETE FROM glance")
    op.drop_column('glance', 'sealed')
    op.drop_column('loss_point', 'noted_at')
