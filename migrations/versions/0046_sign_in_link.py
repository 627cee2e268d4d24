"""a sign-in link may join an account of ProConnect to its person

Revision: 0046
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_KEY = "fk_sign_in_link_account_id_linked_account"


def upgrade() -> None:
    with op.batch_alter_table("sign_in_link") as table:
        table.add_column(sa.Column("account_id", sa.String(length=32), nullable=True))
        table.create_foreign_key(op.f(_KEY), "linked_account", ["account_id"], ["id"], ondelete="CASCADE")


def downgrade() -> None:
    with op.batch_alter_table("sign_in_link") as table:
        table.drop_constraint(op.f(_KEY), type_="foreignkey")
        table.drop_column("account_id")
