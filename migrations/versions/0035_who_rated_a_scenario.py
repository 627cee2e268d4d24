"""who rated a scenario, apart from who last changed it

Revision: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    rated_by = sa.Column(
        "rated_by",
        sa.String(200),
        nullable=False,
        server_default="",
        comment="who gave the rating, or set it aside",
    )
    op.add_column("risk_scenario", rated_by)
    op.execute(
        "UPDATE risk_scenario SET rated_by = edited_by"
        " WHERE severity IS NOT NULL OR likelihood IS NOT NULL OR NOT kept"
    )


def downgrade() -> None:
    op.drop_column("risk_scenario", "rated_by")
