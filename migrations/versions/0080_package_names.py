"""one name a package: those whose writing differs are merged, advisories of distributions wait for their release

Revision: 0080
"""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None

# Of these types, the case of a name says nothing; of Pub, neither do its hyphens.
_WITHOUT_CASE = ("nuget", "deb", "apk", "hex", "pub")
_RELEASED = ("deb", "apk")


def upgrade() -> None:
    built = "purl of the source it is built from, which advisories may name"
    op.add_column("package", sa.Column("source", sa.String(500), nullable=True, comment=built))
    op.create_index("ix_package_source", "package", ["source"])
    about = "flaws that a distribution's record is about"
    op.add_column("advisory", sa.Column("upstream", sa.JSON(), nullable=False, server_default="[]", comment=about))
    _merge_packages()
    for table in ("component", "judgement", "advisory_package"):
        for kind in _WITHOUT_CASE:
            op.execute(f"UPDATE {table} SET package = lower(package) WHERE package LIKE 'pkg:{kind}/%'")
        op.execute(f"UPDATE {table} SET package = replace(package, '-', '_') WHERE package LIKE 'pkg:pub/%'")
    # What was kept of Debian and Alpine mixes their releases: it is to check, until the feed is read again.
    unreadable = {"intervals": [], "versions": [], "unreadable": True}
    advised = sa.table("advisory_package", sa.column("package"), sa.column("affected", sa.JSON))
    for kind in _RELEASED:
        op.execute(advised.update().where(advised.c.package.like(f"pkg:{kind}/%")).values(affected=unreadable))


def _merge_packages() -> None:
    connection = op.get_bind()
    by_name: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for kind in _WITHOUT_CASE:
        for row in connection.execute(
            sa.text("SELECT id, purl FROM package WHERE purl LIKE :kind ORDER BY id"), {"kind": f"pkg:{kind}/%"}
        ):
            name = row.purl.lower()
            by_name[name.replace("-", "_") if kind == "pub" else name].append((row.id, row.purl))
    for name, held in by_name.items():
        kept, purl = held[0]
        for other, _ in held[1:]:
            _give_versions(connection, other, kept)
        if purl != name:
            last = name.rpartition("/")[2]
            connection.execute(
                sa.text("UPDATE package SET purl = :purl, name = :name WHERE id = :id"),
                {"purl": name, "name": last, "id": kept},
            )


def _give_versions(connection: sa.Connection, other: int, kept: int) -> None:
    """What uses a version of `other` uses that of `kept`."""
    for row in connection.execute(
        sa.text("SELECT id, version FROM package_version WHERE package_id = :other"), {"other": other}
    ).all():
        same = connection.execute(
            sa.text("SELECT id FROM package_version WHERE package_id = :kept AND version = :version"),
            {"kept": kept, "version": row.version},
        ).scalar()
        if same is None:
            moved = "UPDATE package_version SET package_id = :kept WHERE id = :id"
            connection.execute(sa.text(moved), {"kept": kept, "id": row.id})
            continue
        connection.execute(
            sa.text(
                "INSERT INTO package_use (version_id, sbom_id) SELECT :same, sbom_id FROM package_use u"
                " WHERE u.version_id = :id AND NOT EXISTS"
                " (SELECT 1 FROM package_use k WHERE k.version_id = :same AND k.sbom_id = u.sbom_id)"
            ),
            {"same": same, "id": row.id},
        )
        connection.execute(sa.text("DELETE FROM package_use WHERE version_id = :id"), {"id": row.id})
        connection.execute(sa.text("DELETE FROM package_version WHERE id = :id"), {"id": row.id})
    connection.execute(sa.text("DELETE FROM package WHERE id = :other"), {"other": other})


def downgrade() -> None:
    op.drop_column("advisory", "upstream")
    op.drop_index("ix_package_source", "package")
    op.drop_column("package", "source")
