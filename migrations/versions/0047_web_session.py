"""a session says by which account of ProConnect it was opened and how strongly

Revision: 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_KEY = "fk_web_session_account_id_linked_account"


def upgrade() -> None:
    with op.batch_alter_table("web_session") as table:
        table.add_column(sa.Column("account_id", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("strong", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("id_token", sa.Text(), nullable=True, comment="of ProConnect, encrypted: for its sign-out"))
        table.create_foreign_key(op.f(_KEY), "linked_account", ["account_id"], ["id"], ondelete="CASCADE")


def downgrade() -> None:
    with op.batch_alter_table("web_session") as table:
        table.drop_constraint(op.f(_KEY), type_="foreignkey")
        table.drop_column("id_token")
        table.drop_column("strong")
        table.drop_column("account_id")
