"""a security level keeps what it was before somebody raised it, who may put it back until a decision

Revision: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "answers, level and who raised it (raised_by, an id), as before that and until a decision"
    op.add_column("security_profile", sa.Column("before_raise", sa.JSON(), nullable=True, comment=comment))


def downgrade() -> None:
    op.drop_column("security_profile", "before_raise")
