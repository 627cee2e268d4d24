"""a product holds a stamp that changes with everything that is computed from it

Revision: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "product",
        sa.Column(
            "stamp",
            sa.String(32),
            nullable=False,
            server_default="",
            comment="another after each change of anything that is the product's",
        ),
    )


def downgrade() -> None:
    op.drop_column("product", "stamp")
