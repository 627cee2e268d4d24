"""a reminder holds the number of its milestone, months before or minus weeks late

Revision: 0037
"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE reminder RENAME COLUMN months_before TO milestone")


def downgrade() -> None:
    op.execute("ALTER TABLE reminder RENAME COLUMN milestone TO months_before")
