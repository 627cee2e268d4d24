"""drafts made from repositories

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("repository_draft",
    sa.Column("id", sa.String(length=32), nullable=False),
    sa.Column("product_id", sa.String(length=32), nullable=False),
    sa.Column("source", sa.String(length=500), nullable=False, comment="the archive's name, or the repository's address"),
    sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the archive"),
    sa.Column("content", sa.Text(), nullable=False, comment="a product file; its x- keys tell sources, doubts and what was left"),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("made_by", sa.String(length=200), nullable=False),
    sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_repository_draft_product_id_product"), ondelete="CASCADE"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_repository_draft"))
    )
    op.create_index(op.f("ix_repository_draft_product_id"), "repository_draft", ["product_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_repository_draft_product_id"), table_name="repository_draft")
    op.drop_table("repository_draft")
