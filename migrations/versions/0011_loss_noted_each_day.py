"""loss noted each day

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('loss_point',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('loss', sa.Double(), nullable=False),
    sa.Column('residual_loss', sa.Double(), nullable=False, comment='once the plan is kept'),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_loss_point_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('product_id', 'day', name=op.f('pk_loss_point'))
    )


def downgrade() -> None:
    op.drop_table('loss_point')
