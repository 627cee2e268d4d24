"""who recorded a decision that was signed or made outside Jalon, and who confirmed it

Revision: 0069
"""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("recorded_by", "confirmed_by"):
        op.add_column("decision", sa.Column(column, sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    for column in ("confirmed_by", "recorded_by"):
        op.drop_column("decision", column)
