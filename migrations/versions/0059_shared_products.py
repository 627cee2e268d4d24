"""an incubator answers too where its product would be shared; the command line may ask

Revision: 0059
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("incubator_move") as batch:
        batch.add_column(sa.Column("stays", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.alter_column("asked_by_id", existing_type=sa.String(length=32), nullable=True)


def downgrade() -> None:
    with op.batch_alter_table("incubator_move") as batch:
        batch.alter_column("asked_by_id", existing_type=sa.String(length=32), nullable=False)
        batch.drop_column("stays")
