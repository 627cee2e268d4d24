"""packages that development alone wants

Revision: 0081
"""

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    said = "nothing that runs holds it"
    column = sa.Column("development", sa.Boolean(), nullable=False, server_default=sa.false(), comment=said)
    op.add_column("package_use", column)


def downgrade() -> None:
    op.drop_column("package_use", "development")
