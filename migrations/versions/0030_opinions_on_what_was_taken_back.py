"""an opinion keeps what its reviewer said of the version that the team took back

Revision: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "given on the version that the team took back"
    op.add_column("opinion", sa.Column("former_verdict", sa.String(40), nullable=True, comment=comment))
    op.add_column("opinion", sa.Column("former_text", sa.Text(), nullable=False, server_default=""))
    op.add_column("opinion", sa.Column("former_given_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for column in ("former_given_at", "former_text", "former_verdict"):
        op.drop_column("opinion", column)
