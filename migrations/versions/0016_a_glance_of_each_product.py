"""each product at a glance, for long lists; relaunches

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('glance',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('slug', sa.String(length=100), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('sought', sa.String(length=200), nullable=False, comment='its name in lower case without accents, to search and sort'),
    sa.Column('phase', sa.String(length=40), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('urgency', sa.Integer(), nullable=False),
    sa.Column('due', sa.Date(), nullable=True),
    sa.Column('without_analysis', sa.Boolean(), nullable=False, comment='past its six months'),
    sa.Column('homologated_until', sa.Date(), nullable=True),
    sa.Column('level', sa.Integer(), nullable=True),
    sa.Column('loss', sa.Double(), nullable=True),
    sa.Column('drift', sa.Double(), nullable=True, comment='loss since the signature, in points a year'),
    sa.Column('weak_point', sa.String(length=200), nullable=False),
    sa.Column('act', sa.String(length=40), nullable=False),
    sa.Column('whom', sa.String(length=300), nullable=False),
    sa.Column('since', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_glance_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_glance'))
    )
    op.create_index(op.f('ix_glance_day'), 'glance', ['day'], unique=False)
    op.add_column('loss_point', sa.Column('weak_point', sa.String(length=200), server_default='', nullable=False, comment='the first one, by its name'))
    op.add_column('product', sa.Column('relaunched_on', sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column('product', 'relaunched_on')
    op.drop_column('loss_point', 'weak_point')
    op.drop_index(op.f('ix_glance_day'), table_name='glance')
    op.drop_table('glance')
