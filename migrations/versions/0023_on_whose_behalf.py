"""the authority for which a decision was signed by delegation, apart from who signed: lists say it in each language

Revision: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = sa.Column(
        "on_behalf_of",
        sa.String(200),
        nullable=False,
        server_default="",
        comment="whose signature was delegated",
    )
    op.add_column("decision", name)


def downgrade() -> None:
    op.drop_column("decision", "on_behalf_of")
