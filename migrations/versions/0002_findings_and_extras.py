"""accepted findings; keys x- of product files; what was assumed of a component

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WITH_EXTRA = ("product", "phase", "contact", "component", "vulnerability", "link", "measure", "essential_asset")


def upgrade() -> None:
    for table in _WITH_EXTRA:
        _add(table, "extra", "{}", "keys x- of its product file")
    _add("product", "file_extra", "{}", "keys x- at the top of its product file")
    _add("component", "assumed", "[]", "fields that nobody gave, taken from its kind")
    op.create_table(
        "accepted_finding",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("product_id", sa.String(length=32), nullable=False),
        sa.Column(
            "finding", sa.String(length=500), nullable=False, comment="key of the finding: rule and what it is about"
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.String(length=200), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_accepted_finding_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_finding")),
        sa.UniqueConstraint("product_id", "finding", name=op.f("uq_accepted_finding_product_id_finding")),
    )
    op.create_index(op.f("ix_accepted_finding_product_id"), "accepted_finding", ["product_id"])


def _add(table: str, name: str, empty: str, comment: str) -> None:
    # The default stays: taking it away would make SQLite rebuild the table, and empty those that refer to it.
    op.add_column(table, sa.Column(name, sa.JSON(), nullable=False, server_default=empty, comment=comment))


def downgrade() -> None:
    op.drop_table("accepted_finding")
    for table in _WITH_EXTRA:
        op.drop_column(table, "extra")
    op.drop_column("product", "file_extra")
    op.drop_column("component", "assumed")
