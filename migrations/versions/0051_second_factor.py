"""a second factor says who confirmed it

Revision: 0051
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_KEY = "fk_second_factor_confirmed_by_id_person"


def upgrade() -> None:
    with op.batch_alter_table("second_factor") as table:
        table.add_column(sa.Column("confirmed_by_id", sa.String(length=32), nullable=True))
        table.create_foreign_key(op.f(_KEY), "person", ["confirmed_by_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("second_factor") as table:
        table.drop_constraint(op.f(_KEY), type_="foreignkey")
        table.drop_column("confirmed_by_id")
