"""reminders on messaging services

Revision: 0018
"""

from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_OLD = ('product_id', 'kind', 'ref', 'due', 'months_before', 'person_id')
_REMINDER = 'uq_reminder_product_id_kind_ref_due_months_before_person_id'


@contextmanager
def _reminders_kept():
    """SQLite alters a table by making it anew: dropping the former one deletes the reminders of its digests."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM reminder")
    yield
    if sqlite:
        op.execute("INSERT INTO reminder SELECT * FROM kept")
        op.execute("DROP TABLE kept")


def upgrade() -> None:
    op.create_table('channel',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('address', sa.Text(), nullable=False, comment='of Apprise, encrypted: it holds a secret'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_channel_person_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_channel'))
    )
    op.create_index(op.f('ix_channel_person_id'), 'channel', ['person_id'], unique=False)
    with _reminders_kept(), op.batch_alter_table('digest') as table:
        table.add_column(sa.Column('channel', sa.String(length=32), server_default='', nullable=False, comment="a channel's id, or nothing for mail"))
        table.drop_constraint('uq_digest_person_id_day', type_='unique')
        table.create_unique_constraint('uq_digest_person_id_day_channel', ['person_id', 'day', 'channel'])
    with op.batch_alter_table('reminder') as table:
        table.add_column(sa.Column('channel', sa.String(length=32), server_default='', nullable=False))
        table.drop_constraint(_REMINDER, type_='unique')
        table.create_unique_constraint('uq_reminder_of_a_milestone', [*_OLD, 'channel'])
    op.add_column('person', sa.Column('mail_reminders', sa.Boolean(), server_default=sa.true(), nullable=False, comment='false: on their channels only'))


def downgrade() -> None:
    op.execute("DELETE FROM digest WHERE channel <> ''")
    op.execute("DELETE FROM reminder WHERE channel <> ''")
    op.drop_column('person', 'mail_reminders')
    with op.batch_alter_table('reminder') as table:
        table.drop_constraint('uq_reminder_of_a_milestone', type_='unique')
        table.create_unique_constraint(_REMINDER, [*_OLD])
        table.drop_column('channel')
    with _reminders_kept(), op.batch_alter_table('digest') as table:
        table.drop_constraint('uq_digest_person_id_day_channel', type_='unique')
        table.create_unique_constraint('uq_digest_person_id_day', ['person_id', 'day'])
        table.drop_column('channel')
    op.drop_table('channel')
