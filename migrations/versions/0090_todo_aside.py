"""lines of the list of things to do that a team does not know how to answer

Revision: 0090
"""

import sqlalchemy as sa
from alembic import op

revision = "0090"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "todo_aside",
        sa.Column("product_id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(300), nullable=False, comment="what the line asks, and of which components"),
        sa.Column("set_by", sa.String(200), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_todo_aside_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "key", name=op.f("pk_todo_aside")),
    )


def downgrade() -> None:
    op.drop_table("todo_aside")
