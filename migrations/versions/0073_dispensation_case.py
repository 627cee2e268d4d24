"""cases of dispensation that an administrator adds to those of the catalogue

Revision: 0073
"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dispensation_case",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name_fr", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=False),
        sa.Column("asks_fr", sa.String(200), nullable=False, comment="what its reason is to say"),
        sa.Column("asks_en", sa.String(200), nullable=False),
        sa.Column("source", sa.String(200), nullable=False, comment="the text and its article"),
        sa.Column("months", sa.Integer(), nullable=False, comment="the longest"),
        sa.Column("to_homologate", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("dispensation_case")
