"""the repositories that an incubator confirms as those of its products

Revision: 0058
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "confirmed_repository",
        sa.Column("connector_id", sa.String(length=32), nullable=False),
        sa.Column("product_id", sa.String(length=32), nullable=False),
        sa.Column(
            "repository", sa.String(length=200), nullable=False, comment="owner/name, as the card named it that day"
        ),
        sa.Column("confirmed_by", sa.String(length=200), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"],
            ["connector.id"],
            name=op.f("fk_confirmed_repository_connector_id_connector"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_confirmed_repository_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connector_id", "product_id", name=op.f("pk_confirmed_repository")),
    )
    op.create_index(op.f("ix_confirmed_repository_product_id"), "confirmed_repository", ["product_id"])


def downgrade() -> None:
    op.drop_table("confirmed_repository")
