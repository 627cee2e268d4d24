"""modules of Go called by their name, not by their major version

Revision: 0087
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None

_MAJOR = re.compile(r"([^/]+)/v\d+$")


def upgrade() -> None:
    connection = op.get_bind()
    modules = sa.text("SELECT id, purl FROM package WHERE purl LIKE 'pkg:golang/%/v%' ORDER BY id")
    for row in connection.execute(modules).all():
        if found := _MAJOR.search(row.purl):
            renamed = {"name": found[1].lower(), "id": row.id}
            connection.execute(sa.text("UPDATE package SET name = :name WHERE id = :id"), renamed)


def downgrade() -> None:
    connection = op.get_bind()
    modules = sa.text("SELECT id, purl FROM package WHERE purl LIKE 'pkg:golang/%/v%' ORDER BY id")
    for row in connection.execute(modules).all():
        last = {"name": row.purl.rpartition("/")[2].lower(), "id": row.id}
        connection.execute(sa.text("UPDATE package SET name = :name WHERE id = :id"), last)
