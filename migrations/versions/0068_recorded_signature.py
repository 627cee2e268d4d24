"""a signature made outside, recorded by somebody and not confirmed yet

Revision: 0068
"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recorded_signature",
        sa.Column("dossier_id", sa.String(32), sa.ForeignKey("dossier.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("wish", sa.JSON(), nullable=False, comment="what it decides, as it was copied"),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the file that came back"),
        sa.Column("electronic", sa.Boolean(), nullable=False),
        sa.Column("signers", sa.JSON(), nullable=False, comment="names in its certificates"),
        sa.Column("recorded_by_id", sa.String(32), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("recorded_by", sa.String(200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("recorded_signature")
