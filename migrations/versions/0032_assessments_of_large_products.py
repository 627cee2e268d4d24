"""the assessment of a large product is kept by the hash of what it is the result of

Revision: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_assessment",
        sa.Column("key", sa.String(64), nullable=False, comment="SHA-256 of content, day and model"),
        sa.Column("slug", sa.String(100), nullable=False, comment="of the product that asked for it"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "content", sa.Text(), nullable=False, comment="JSON; empty where it could not be made in the time given"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_stored_assessment"),
    )
    op.create_index("ix_stored_assessment_slug", "stored_assessment", ["slug"])
    op.create_index("ix_stored_assessment_made_at", "stored_assessment", ["made_at"])


def downgrade() -> None:
    op.drop_table("stored_assessment")
