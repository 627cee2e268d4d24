"""the content that a reviewer read when giving an opinion

Revision: 0067
"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    read = "of the content that was read"
    op.add_column("opinion", sa.Column("content_sha256", sa.String(64), nullable=True, comment=read))


def downgrade() -> None:
    op.drop_column("opinion", "content_sha256")
