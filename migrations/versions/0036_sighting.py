"""what scanners see is called a sighting

Revision: 0036
"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("hint", "sighting")


def downgrade() -> None:
    op.rename_table("sighting", "hint")
