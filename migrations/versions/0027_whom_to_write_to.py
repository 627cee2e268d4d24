"""a glance holds the addresses of those who have the next act in hand, and its day

Revision: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM glance")  # made anew when next asked for
    addresses = sa.Column(
        "addresses",
        sa.String(1000),
        nullable=False,
        server_default="",
        comment="of the first three of whom, by commas",
    )
    op.add_column("glance", addresses)
    op.add_column("glance", sa.Column("act_due", sa.Date(), comment="by when the next act is asked"))


def downgrade() -> None:
    op.drop_column("glance", "act_due")
    op.drop_column("glance", "addresses")
