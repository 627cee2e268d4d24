"""an end of life keeps the keys x- of its product file

Revision: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "component",
        sa.Column(
            "eol_extra",
            sa.JSON(),
            nullable=False,
            server_default="{}",
            comment="keys x- of its end of life in its product file",
        ),
    )


def downgrade() -> None:
    op.drop_column("component", "eol_extra")
