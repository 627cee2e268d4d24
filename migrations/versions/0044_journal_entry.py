"""the journal is read by person too

Revision: 0044
"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch, which would make the table anew without its triggers.
    op.create_index("ix_journal_entry_person_id", "journal_entry", ["person_id"])


def downgrade() -> None:
    op.drop_index("ix_journal_entry_person_id", "journal_entry")
