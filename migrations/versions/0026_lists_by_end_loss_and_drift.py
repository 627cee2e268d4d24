"""the places of a glance by end, loss and drift, each in one column: an index reads any page of a list

Revision: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

PLACES = {
    "place_by_end": "homologated_until, sought: none is last",
    "place_by_loss": "loss, sought: the most lost first, none last",
    "place_by_drift": "drift, sought: the most adrift first, none last",
}


def upgrade() -> None:
    op.execute("DELETE FROM glance")  # made anew when next asked for
    for name, comment in PLACES.items():
        op.add_column("glance", sa.Column(name, sa.String(220), nullable=False, server_default="", comment=comment))
        op.create_index(f"ix_glance_{name}", "glance", ["day", name])


def downgrade() -> None:
    for name in PLACES:
        op.drop_index(f"ix_glance_{name}", table_name="glance")
        op.drop_column("glance", name)
