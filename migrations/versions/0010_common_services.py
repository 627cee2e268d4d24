"""common services

Revision: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('common_service',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('incubator_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('contact', sa.String(length=200), nullable=False, comment='whom to call about it'),
    sa.Column('homologated_until', sa.Date(), nullable=True, comment='end of its own homologation'),
    sa.Column('homologation_note', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('edited_by', sa.String(), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['incubator_id'], ['incubator.id'], name=op.f('fk_common_service_incubator_id_incubator'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_common_service')),
    sa.UniqueConstraint('incubator_id', 'name', name=op.f('uq_common_service_incubator_id_name'))
    )
    op.create_index(op.f('ix_common_service_incubator_id'), 'common_service', ['incubator_id'], unique=False)
    op.create_table('common_measure',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('service_id', sa.String(length=32), nullable=False),
    sa.Column('measure', sa.String(length=60), nullable=False, comment='of the catalogue'),
    sa.Column('proof_link', sa.String(length=500), nullable=False),
    sa.Column('proof_on', sa.Date(), nullable=True),
    sa.Column('good_until', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['service_id'], ['common_service.id'], name=op.f('fk_common_measure_service_id_common_service'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_common_measure')),
    sa.UniqueConstraint('service_id', 'measure', name=op.f('uq_common_measure_service_id_measure'))
    )
    op.create_index(op.f('ix_common_measure_service_id'), 'common_measure', ['service_id'], unique=False)
    op.create_table('service_use',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('service_id', sa.String(length=32), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('components', sa.JSON(), nullable=False, comment='refs of the components that it protects'),
    sa.Column('declared_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_service_use_product_id_product'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['service_id'], ['common_service.id'], name=op.f('fk_service_use_service_id_common_service'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('product_id', 'service_id', name=op.f('pk_service_use'))
    )
    op.create_index(op.f('ix_service_use_service_id'), 'service_use', ['service_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_service_use_service_id'), table_name='service_use')
    op.drop_table('service_use')
    op.drop_index(op.f('ix_common_measure_service_id'), table_name='common_measure')
    op.drop_table('common_measure')
    op.drop_index(op.f('ix_common_service_incubator_id'), table_name='common_service')
    op.drop_table('common_service')
