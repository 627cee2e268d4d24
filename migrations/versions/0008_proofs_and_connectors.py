"""proofs and connectors

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('connector',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('incubator_id', sa.String(length=32), nullable=True),
    sa.Column('kind', sa.Enum('dashlord', 'github', 'updown', name='connectorkind', native_enum=False, length=40), nullable=False),
    sa.Column('address', sa.String(length=500), nullable=False, comment='owner/name, or where the report is'),
    sa.Column('token', sa.Text(), nullable=False, comment='encrypted; see app/platform/secrets.py'),
    sa.Column('aside_paths', sa.JSON(), nullable=False, comment='manifest paths whose alerts are set aside'),
    sa.Column('aside_development', sa.Boolean(), nullable=False),
    sa.Column('aside_reason', sa.Text(), nullable=False),
    sa.Column('added_by', sa.String(length=200), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_run_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_good_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('problem', sa.String(length=60), nullable=False, comment='code of words.yaml; empty when it went well'),
    sa.Column('next_run_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(product_id IS NULL) <> (incubator_id IS NULL)', name=op.f('ck_connector_one_scope')),
    sa.ForeignKeyConstraint(['incubator_id'], ['incubator.id'], name=op.f('fk_connector_incubator_id_incubator'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_connector_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_connector'))
    )
    op.create_index('uq_connector_of_product', 'connector', ['product_id', 'kind', 'address'], unique=True)
    op.create_index('uq_connector_of_incubator', 'connector', ['incubator_id', 'kind', 'address'], unique=True)
    op.create_index(op.f('ix_connector_incubator_id'), 'connector', ['incubator_id'], unique=False)
    op.create_index(op.f('ix_connector_next_run_at'), 'connector', ['next_run_at'], unique=False)
    op.create_index(op.f('ix_connector_product_id'), 'connector', ['product_id'], unique=False)
    op.create_table('evidence',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('source', sa.Enum('dashlord', 'github', 'updown', 'person', name='evidencesource', native_enum=False, length=40), nullable=False),
    sa.Column('check', sa.Enum('external_scan', 'http_headers', 'tls', 'open_ports', 'dynamic_scan', 'exposure_scan', 'third_party_scripts', 'waf_seen', 'declarations', 'availability', 'dependabot', 'code_scanning', 'secret_scanning', 'branch_protection', 'known_flaws', name='check', native_enum=False, length=40), nullable=True, comment='none where a person attests'),
    sa.Column('measure', sa.String(length=60), nullable=False, comment='of the catalogue, where a person attests'),
    sa.Column('components', sa.JSON(), nullable=False, comment="refs that a person's proof is about; none: all"),
    sa.Column('subject', sa.String(length=500), nullable=False, comment='site, repository; or what a person names'),
    sa.Column('state', sa.Enum('seen', 'disabled', 'absent', 'unreadable', name='observationstate', native_enum=False, length=40), nullable=False),
    sa.Column('holds', sa.Boolean(), nullable=False),
    sa.Column('grade', sa.String(length=3), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False, comment='figures that the reading gave'),
    sa.Column('observed_on', sa.Date(), nullable=False, comment='date of the proof, apart from that of its arrival'),
    sa.Column('dated', sa.Boolean(), nullable=False, comment='whether the tool itself says that date'),
    sa.Column('good_until', sa.Date(), nullable=False),
    sa.Column('seen_on', sa.Date(), nullable=True, comment='the last day on which there was something to see'),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.String(length=200), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False, comment='of the payload or of the file'),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('link', sa.String(length=500), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_evidence_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evidence')),
    sa.UniqueConstraint('product_id', 'source', 'check', 'subject', name=op.f('uq_evidence_product_id_source_check_subject'))
    )
    op.create_index(op.f('ix_evidence_product_id'), 'evidence', ['product_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_evidence_product_id'), table_name='evidence')
    op.drop_table('evidence')
    op.drop_index('uq_connector_of_incubator', table_name='connector')
    op.drop_index('uq_connector_of_product', table_name='connector')
    op.drop_index(op.f('ix_connector_product_id'), table_name='connector')
    op.drop_index(op.f('ix_connector_next_run_at'), table_name='connector')
    op.drop_index(op.f('ix_connector_incubator_id'), table_name='connector')
    op.drop_table('connector')
