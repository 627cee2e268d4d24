"""the guided analysis

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('risk_scenario',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=260), nullable=False, comment="of the graph's scenario; its own id where people tell it"),
    sa.Column('told', sa.Boolean(), nullable=False, comment='whether people tell it, rather than the graph'),
    sa.Column('deliberate', sa.Boolean(), nullable=False, comment='an attack; otherwise an accident or a negligence'),
    sa.Column('story', sa.Text(), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False, comment='ref of the essential asset'),
    sa.Column('need', sa.Enum('confidentiality', 'integrity', 'availability', name='need', native_enum=False, length=40), nullable=True),
    sa.Column('severity', sa.Integer(), nullable=True, comment='as people rate it'),
    sa.Column('likelihood', sa.Integer(), nullable=True, comment='as people rate it'),
    sa.Column('why', sa.Text(), nullable=False, comment='why people rate it otherwise than the graph'),
    sa.Column('kept', sa.Boolean(), nullable=False),
    sa.Column('why_not', sa.Text(), nullable=False),
    sa.Column('treatment', sa.Enum('reduce', 'transfer', 'avoid', 'accept', name='treatment', native_enum=False, length=40), nullable=True),
    sa.Column('treatment_note', sa.Text(), nullable=False),
    sa.Column('accepted_by', sa.String(length=200), nullable=False),
    sa.Column('accepted_until', sa.Date(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('edited_by', sa.String(), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_risk_scenario_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_risk_scenario')),
    sa.UniqueConstraint('product_id', 'key', name=op.f('uq_risk_scenario_product_id_key'))
    )
    op.create_index(op.f('ix_risk_scenario_product_id'), 'risk_scenario', ['product_id'], unique=False)
    op.create_table('risk_source',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Enum('state', 'organised_crime', 'activist', 'mercenary', 'competitor', 'amateur', 'avenger', 'other', name='risksourcekind', native_enum=False, length=40), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False, comment='whom exactly, where it can be told'),
    sa.Column('aim', sa.Enum('lucre', 'espionage', 'prepositioning', 'influence', 'obstruction', 'challenge', name='aim', native_enum=False, length=40), nullable=False),
    sa.Column('motivation', sa.Integer(), nullable=False),
    sa.Column('resources', sa.Integer(), nullable=False),
    sa.Column('kept', sa.Boolean(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False, comment='why it is kept or set aside'),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('edited_by', sa.String(), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_risk_source_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_risk_source')),
    sa.UniqueConstraint('product_id', 'kind', 'aim', 'name', name=op.f('uq_risk_source_product_id_kind_aim_name'))
    )
    op.create_index(op.f('ix_risk_source_product_id'), 'risk_source', ['product_id'], unique=False)
    op.create_table('security_profile',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('data', sa.Integer(), nullable=False),
    sa.Column('volume', sa.Integer(), nullable=False),
    sa.Column('outage', sa.Integer(), nullable=False),
    sa.Column('audience', sa.Integer(), nullable=False),
    sa.Column('openness', sa.Integer(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False, comment='in force'),
    sa.Column('wanted', sa.Integer(), nullable=True, comment='a lower level that waits for a reviewer'),
    sa.Column('why', sa.Text(), nullable=False, comment='of the last level that people set or asked for'),
    sa.Column('wanted_by', sa.String(length=200), nullable=False),
    sa.Column('approved_by', sa.String(length=200), nullable=False, comment='reviewer who agreed with the lower level'),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('edited_by', sa.String(), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('data BETWEEN 1 AND 4 AND volume BETWEEN 1 AND 4 AND outage BETWEEN 1 AND 4 AND audience BETWEEN 1 AND 4 AND openness BETWEEN 1 AND 4', name=op.f('ck_security_profile_answers')),
    sa.CheckConstraint('level BETWEEN 1 AND 3 AND (wanted IS NULL OR wanted < level)', name=op.f('ck_security_profile_level')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_security_profile_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_security_profile'))
    )
    op.create_table('stakeholder',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.Enum('supplier', 'contractor', 'partner', 'client', 'internal', name='stakeholderkind', native_enum=False, length=40), nullable=False),
    sa.Column('dependency', sa.Integer(), nullable=False),
    sa.Column('penetration', sa.Integer(), nullable=False),
    sa.Column('maturity', sa.Integer(), nullable=False),
    sa.Column('trust', sa.Integer(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('edited_by', sa.String(), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('dependency BETWEEN 0 AND 4 AND penetration BETWEEN 0 AND 4 AND maturity BETWEEN 1 AND 4 AND trust BETWEEN 1 AND 4', name=op.f('ck_stakeholder_ratings')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_stakeholder_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stakeholder')),
    sa.UniqueConstraint('product_id', 'name', name=op.f('uq_stakeholder_product_id_name'))
    )
    op.create_index(op.f('ix_stakeholder_product_id'), 'stakeholder', ['product_id'], unique=False)
    op.create_table('step_comment',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('step', sa.Enum('level', 'protect', 'fear', 'made_of', 'attackers', 'weak', 'do', 'remains', name='studystep', native_enum=False, length=40), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('by', sa.String(length=200), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_by', sa.String(length=200), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_step_comment_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_step_comment'))
    )
    op.create_index(op.f('ix_step_comment_product_id'), 'step_comment', ['product_id'], unique=False)
    op.create_table('step_mark',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('step', sa.Enum('level', 'protect', 'fear', 'made_of', 'attackers', 'weak', 'do', 'remains', name='studystep', native_enum=False, length=40), nullable=False),
    sa.Column('taken_by', sa.String(length=200), nullable=False),
    sa.Column('done_by', sa.String(length=200), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_step_mark_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('product_id', 'step', name=op.f('pk_step_mark'))
    )
    op.add_column('analysis_version', sa.Column('study', sa.JSON(), nullable=False, server_default='{}', comment='level, ecosystem, risk sources and register of that day'))
    op.add_column('essential_asset', sa.Column('revision', sa.Integer(), nullable=False, server_default='1'))
    op.add_column('essential_asset', sa.Column('edited_by', sa.String(), nullable=False, server_default=''))
    op.add_column('essential_asset', sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('feared_event', sa.Column('revision', sa.Integer(), nullable=False, server_default='1'))
    op.add_column('feared_event', sa.Column('edited_by', sa.String(), nullable=False, server_default=''))
    op.add_column('feared_event', sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('measure', sa.Column('revision', sa.Integer(), nullable=False, server_default='1'))
    op.add_column('measure', sa.Column('edited_by', sa.String(), nullable=False, server_default=''))
    op.add_column('measure', sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('measure', 'edited_at')
    op.drop_column('measure', 'edited_by')
    op.drop_column('measure', 'revision')
    op.drop_column('feared_event', 'edited_at')
    op.drop_column('feared_event', 'edited_by')
    op.drop_column('feared_event', 'revision')
    op.drop_column('essential_asset', 'edited_at')
    op.drop_column('essential_asset', 'edited_by')
    op.drop_column('essential_asset', 'revision')
    op.drop_column('analysis_version', 'study')
    op.drop_table('step_mark')
    op.drop_index(op.f('ix_step_comment_product_id'), table_name='step_comment')
    op.drop_table('step_comment')
    op.drop_index(op.f('ix_stakeholder_product_id'), table_name='stakeholder')
    op.drop_table('stakeholder')
    op.drop_table('security_profile')
    op.drop_index(op.f('ix_risk_source_product_id'), table_name='risk_source')
    op.drop_table('risk_source')
    op.drop_index(op.f('ix_risk_scenario_product_id'), table_name='risk_scenario')
    op.drop_table('risk_scenario')
