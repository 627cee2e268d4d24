"""a glance holds the incubators of its product: a list is read from one table

Revision: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM glance")  # made anew when next asked for
    incubators = sa.Column(
        "incubators", sa.Text(), nullable=False, server_default="", comment="ids of those of the product"
    )
    op.add_column("glance", incubators)
    op.drop_index("ix_glance_counts", table_name="glance")


def downgrade() -> None:
    op.create_index("ix_glance_counts", "glance", ["day", "urgency", "product_id", "active", "without_analysis"])
    op.drop_column("glance", "incubators")
