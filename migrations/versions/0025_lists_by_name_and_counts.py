"""indexes by which a list sorts its products by name, and counts them by state

Revision: 0025
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_glance_sought", "glance", ["day", "sought"])
    op.create_index("ix_glance_counts", "glance", ["day", "urgency", "product_id", "active", "without_analysis"])


def downgrade() -> None:
    op.drop_index("ix_glance_counts", table_name="glance")
    op.drop_index("ix_glance_sought", table_name="glance")
