"""one digest a person a day, postponements, escalation, calendars at secret addresses

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KINDS = sa.Enum('analysis', 'first_homologation', 'expiry', 'measure', 'proof', 'delegation', name='deadlinekind', native_enum=False, length=40)


def upgrade() -> None:
    op.create_table('digest',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('message_id', sa.String(length=200), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_digest_person_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_digest')),
    sa.UniqueConstraint('person_id', 'day', name=op.f('uq_digest_person_id_day'))
    )
    op.create_index(op.f('ix_digest_failed_at'), 'digest', ['failed_at'], unique=False)
    op.create_table('planned_day', sa.Column('day', sa.Date(), nullable=False), sa.PrimaryKeyConstraint('day', name=op.f('pk_planned_day')))
    op.create_table('postponement',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('kind', _KINDS, nullable=False),
    sa.Column('due', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('by', sa.String(length=200), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_postponement_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_postponement')),
    sa.UniqueConstraint('product_id', 'kind', 'due', name=op.f('uq_postponement_product_id_kind_due'))
    )
    op.create_table('calendar_feed',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('incubator_id', sa.String(length=32), nullable=True),
    sa.Column('secret_hash', sa.String(length=64), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['incubator_id'], ['incubator.id'], name=op.f('fk_calendar_feed_incubator_id_incubator'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_calendar_feed_person_id_person'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_calendar_feed_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_feed')),
    sa.UniqueConstraint('secret_hash', name=op.f('uq_calendar_feed_secret_hash'))
    )
    op.create_index(op.f('ix_calendar_feed_person_id'), 'calendar_feed', ['person_id'], unique=False)
    op.add_column('incubator', sa.Column('told_after_weeks', sa.Integer(), server_default='2', nullable=False, comment='late, before it is told'))
    op.add_column('incubator', sa.Column('authority_after_weeks', sa.Integer(), server_default='6', nullable=False))
    op.add_column('person', sa.Column('early_reminders', sa.Boolean(), server_default=sa.true(), nullable=False, comment='more than a month ahead'))
    _keep_what_was_told()


def _keep_what_was_told() -> None:
    """The mails already sent, each day's of a person as one digest: nothing is told again."""
    op.execute(
        "INSERT INTO digest (id, person_id, day, message_id, sent_at, error)"
        " SELECT min(id), person_id, date(planned_at), min(message_id), max(COALESCE(sent_at, planned_at)), ''"
        " FROM reminder GROUP BY person_id, date(planned_at)"
    )
    op.rename_table('reminder', 'reminder_before')
    op.drop_index('ix_reminder_product_id', table_name='reminder_before')
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE reminder_before DROP CONSTRAINT pk_reminder")
    op.create_table('reminder',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('kind', _KINDS, nullable=False),
    sa.Column('ref', sa.String(length=64), nullable=False),
    sa.Column('due', sa.Date(), nullable=False),
    sa.Column('months_before', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('digest_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['digest_id'], ['digest.id'], name=op.f('fk_reminder_digest_id_digest'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_reminder_person_id_person'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_reminder_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminder')),
    sa.UniqueConstraint('product_id', 'kind', 'ref', 'due', 'months_before', 'person_id', name=op.f('uq_reminder_product_id_kind_ref_due_months_before_person_id'))
    )
    op.execute(
        "INSERT INTO reminder (id, product_id, kind, ref, due, months_before, person_id, digest_id)"
        " SELECT r.id, r.product_id, r.kind, '', r.due, r.months_before, r.person_id, d.id FROM reminder_before r"
        " JOIN digest d ON d.person_id = r.person_id AND d.day = date(r.planned_at)"
    )
    op.drop_table('reminder_before')
    op.create_index(op.f('ix_reminder_product_id'), 'reminder', ['product_id'], unique=False)
    op.create_index(op.f('ix_reminder_digest_id'), 'reminder', ['digest_id'], unique=False)
    op.execute("DELETE FROM job WHERE kind = 'reminder'")


def downgrade() -> None:
    op.drop_table('reminder')
    op.create_table('reminder',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('kind', _KINDS, nullable=False),
    sa.Column('due', sa.Date(), nullable=False),
    sa.Column('months_before', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('message_id', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_reminder_person_id_person'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_reminder_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminder')),
    sa.UniqueConstraint('product_id', 'kind', 'due', 'months_before', 'person_id', name=op.f('uq_reminder_product_id_kind_due_months_before_person_id'))
    )
    op.create_index(op.f('ix_reminder_product_id'), 'reminder', ['product_id'], unique=False)
    op.drop_column('person', 'early_reminders')
    op.drop_column('incubator', 'authority_after_weeks')
    op.drop_column('incubator', 'told_after_weeks')
    op.drop_table('calendar_feed')
    op.drop_table('postponement')
    op.drop_table('planned_day')
    op.drop_table('digest')
