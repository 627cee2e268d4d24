"""who signs in to a component, which keys it keeps, whether it still serves

Revision: 0064
"""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    states = sa.Enum("in_use", "test", "dormant", "orphan", name="componentstate", native_enum=False, length=40)
    op.add_column("component", sa.Column("state", states, nullable=True, comment="whether it still serves"))
    tested = "when somebody else last tried to break in"
    op.add_column("component", sa.Column("last_tested", sa.Date(), nullable=True, comment=tested))
    said = "its accounts, secrets, tokens and resets, as its product file says them; what nobody said is absent"
    op.add_column("component", sa.Column("access", sa.JSON(), nullable=False, server_default="{}", comment=said))


def downgrade() -> None:
    for column in ("access", "last_tested", "state"):
        op.drop_column("component", column)
