"""one name of the actions of GitHub and of the packages of Swift

Revision: 0085
"""

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    for table, column in (
        ("package", "purl"),
        ("component", "package"),
        ("judgement", "package"),
        ("advisory_package", "package"),
    ):
        for old, new in (("pkg:githubactions/", "pkg:github/"), ("pkg:swift/", "pkg:swift/")):
            renamed = f"lower(replace({column}, '{old}', '{new}'))"
            # What is known under its new name stays beside: the next import of its file puts it in its place.
            taken = f"EXISTS (SELECT 1 FROM {table} o WHERE o.{column} = lower(replace(t.{column}, '{old}', '{new}')))"
            named = f"{column} LIKE '{old}%' AND {column} != {renamed}"
            if table == "package":
                taken_ids = f"SELECT t.id FROM {table} t WHERE t.{column} LIKE '{old}%' AND {taken}"  # noqa: S608 - named here
                named += f" AND id NOT IN ({taken_ids})"
            connection.execute(sa.text(f"UPDATE {table} SET {column} = {renamed} WHERE {named}"))  # noqa: S608 - idem


def downgrade() -> None:
    """Nobody knows how each was written."""
