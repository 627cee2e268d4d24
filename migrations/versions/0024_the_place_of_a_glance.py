"""the place of each glance among the most urgent, in one column: an index reads the first page of a list

Revision: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM glance")  # made anew when next asked for
    place = sa.Column(
        "place",
        sa.String(220),
        nullable=False,
        server_default="",
        comment="urgency, due, sought: sorts the most urgent first",
    )
    op.add_column("glance", place)
    op.create_index("ix_glance_place", "glance", ["day", "place"])
    op.drop_index("ix_glance_day", table_name="glance")


def downgrade() -> None:
    op.execute("DELETE FROM glance")
    op.create_index("ix_glance_day", "glance", ["day"])
    op.drop_index("ix_glance_place", table_name="glance")
    op.drop_column("glance", "place")
