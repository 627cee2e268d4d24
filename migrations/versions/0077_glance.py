"""a product may be dispensed: states of products are numbered anew, their glances made again within a minute

Revision: 0077
"""

from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM glance")


def downgrade() -> None:
    op.execute("DELETE FROM glance")
