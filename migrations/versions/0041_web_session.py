"""a session says when it began and in which browser

Revision: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("web_session") as table:
        table.add_column(sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("browser", sa.String(length=200), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("web_session") as table:
        table.drop_column("browser")
        table.drop_column("opened_at")
