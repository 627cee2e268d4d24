"""cards of many products at once; products archived

Revision: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('card_import',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('upload_id', sa.String(length=32), nullable=False, comment='its file, kept for a day'),
    sa.Column('source', sa.String(length=500), nullable=False, comment="the file's name, or the address it is read from"),
    sa.Column('fetched', sa.Boolean(), nullable=False),
    sa.Column('archive_gone', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_card_import_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_card_import'))
    )
    op.add_column('product', sa.Column('from_card', sa.Boolean(), server_default=sa.false(), nullable=False, comment='an import saw its card'))
    op.add_column('product', sa.Column('archived_on', sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column('product', 'archived_on')
    op.drop_column('product', 'from_card')
    op.drop_table('card_import')
