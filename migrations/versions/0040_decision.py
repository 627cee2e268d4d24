"""a decision keeps the factor that signed it

Revision: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch, which would make the table anew without its triggers.
    op.add_column("decision", sa.Column("factor_kind", sa.String(length=20), nullable=True))
    op.add_column("decision", sa.Column("factor_proof", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("decision", "factor_proof")
    op.drop_column("decision", "factor_kind")
