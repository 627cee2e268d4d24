"""all the names of a flaw that was judged

Revision: 0084
"""

import sqlalchemy as sa
from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    said = "all that records called the flaw when it was judged"
    op.add_column("judgement", sa.Column("names", sa.JSON(), nullable=False, server_default="[]", comment=said))


def downgrade() -> None:
    op.drop_column("judgement", "names")
