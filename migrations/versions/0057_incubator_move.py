"""a product asks to leave or join incubators, each of which answers

Revision: 0057
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incubator_move",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("product_id", sa.String(length=32), nullable=False),
        sa.Column("incubator_id", sa.String(length=32), nullable=False),
        sa.Column("joins", sa.Boolean(), nullable=False),
        sa.Column("asked_by_id", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["person.id"], name=op.f("fk_incubator_move_asked_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["incubator_id"],
            ["incubator.id"],
            name=op.f("fk_incubator_move_incubator_id_incubator"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_incubator_move_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incubator_move")),
        sa.UniqueConstraint(
            "product_id", "incubator_id", name=op.f("uq_incubator_move_product_id_incubator_id")
        ),
    )
    op.create_index(op.f("ix_incubator_move_incubator_id"), "incubator_move", ["incubator_id"])


def downgrade() -> None:
    op.drop_table("incubator_move")
