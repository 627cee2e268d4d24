"""one name of the actions of GitHub and of the packages of Swift

Revision: 0085
"""

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None

_RENAMED = {"pkg:githubactions/": "pkg:github/", "pkg:swift/": "pkg:swift/"}
# By table, the column that names a package, and those that it must stay alone with.
_NAMING = {
    "package": ("purl", ()),
    "component": ("package", ("id",)),
    "judgement": ("package", ("component_id", "flaw", "version")),
    "advisory_package": ("package", ("advisory_id",)),
}


def upgrade() -> None:
    connection = op.get_bind()
    for table, (name, beside) in _NAMING.items():
        columns = [sa.column(one) for one in (name, *beside)]
        rows = sa.table(table, *columns)
        for old, new in _RENAMED.items():
            for row in connection.execute(sa.select(*columns).where(columns[0].like(f"{old}%"))).all():
                renamed = row[0].lower().replace(old, new, 1)
                alone = [rows.c[one] == getattr(row, one) for one in beside]
                taken = sa.select(rows.c[name]).where(rows.c[name] == renamed, *alone)
                # What is known under its new name stays beside: the next import of its file puts it in its place.
                if connection.execute(taken).first() is None:
                    connection.execute(sa.update(rows).where(rows.c[name] == row[0], *alone).values({name: renamed}))


def downgrade() -> None:
    """Nobody knows how each was written."""
