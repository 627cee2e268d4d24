"""steps are done by their content: who passed one that the level does not ask takes the place of who said it done

Revision: 0089
"""

import sqlalchemy as sa
from alembic import op

revision = "0089"
down_revision = "0088"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("step_mark", sa.Column("skipped_by", sa.String(200), nullable=False, server_default=""))
    op.add_column("step_mark", sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("step_mark", "done_by")
    op.drop_column("step_mark", "done_at")


def downgrade() -> None:
    op.add_column("step_mark", sa.Column("done_by", sa.String(200), nullable=False, server_default=""))
    op.add_column("step_mark", sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("step_mark", "skipped_by")
    op.drop_column("step_mark", "skipped_at")
