"""the source that a package of a distribution is built from, beside its name

Revision: 0083
"""

import re
from urllib.parse import quote, unquote

import sqlalchemy as sa
from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

_UPSTREAM = re.compile(r"[?&]upstream=([^&@]*)(?:@([^&]*))?")


def upgrade() -> None:
    said = "of the source it is built from, where that is another"
    op.add_column("package_version", sa.Column("source_version", sa.String(100), nullable=True, comment=said))
    built = "purl of the source it is built from, which advisories may name"
    op.add_column("component", sa.Column("source", sa.String(500), nullable=True, comment=built))
    op.create_index("ix_component_source", "component", ["source"])
    connection = op.get_bind()
    _split_packages(connection)
    _name_components(connection)
    for row in _told(connection, "judgement"):
        same = (
            "SELECT id FROM judgement WHERE component_id = :component_id AND package = :package AND flaw = :flaw"
            " AND version = :version"
        )
        asked = {"package": _parts(row.package)[0], "id": row.id}
        whole = connection.execute(sa.text("SELECT component_id, flaw, version FROM judgement WHERE id = :id"), asked).one()
        if connection.execute(sa.text(same), {**asked, **whole._mapping}).first() is None:
            connection.execute(sa.text("UPDATE judgement SET package = :package WHERE id = :id"), asked)


def _told(connection: sa.Connection, table: str) -> list[sa.Row]:
    statement = f"SELECT id, package FROM {table} WHERE package LIKE '%upstream=%' ORDER BY id"  # noqa: S608 - named here
    return list(connection.execute(sa.text(statement)))


def _parts(package: str) -> tuple[str, str, str]:
    """The package alone, its source, and the version of that."""
    found = _UPSTREAM.search(package)
    if found is None:
        return package, "", ""
    alone = package.replace(found[0], "")
    head, told, release = alone.partition("?")
    source = head.rpartition("/")[0] + "/" + quote(unquote(found[1]), safe=":") + told + release
    return alone, source, unquote(found[2] or "")


def _name_components(connection: sa.Connection) -> None:
    for row in _told(connection, "component"):
        alone, source, _ = _parts(row.package)
        connection.execute(
            sa.text("UPDATE component SET package = :alone, source = :source WHERE id = :id"),
            {"alone": alone, "source": source, "id": row.id},
        )


def _split_packages(connection: sa.Connection) -> None:
    rows = connection.execute(sa.text("SELECT id, purl FROM package WHERE purl LIKE '%upstream=%' ORDER BY id")).all()
    for row in rows:
        alone, source, version = _parts(row.purl)
        connection.execute(
            sa.text("UPDATE package_version SET source_version = :version WHERE package_id = :id"),
            {"version": version or None, "id": row.id},
        )
        kept = connection.execute(sa.text("SELECT id FROM package WHERE purl = :alone"), {"alone": alone}).scalar()
        if kept is None:
            connection.execute(
                sa.text("UPDATE package SET purl = :alone, source = :source WHERE id = :id"),
                {"alone": alone, "source": source, "id": row.id},
            )
            continue
        connection.execute(
            sa.text("UPDATE package SET source = :source WHERE id = :kept AND source IS NULL"),
            {"source": source, "kept": kept},
        )
        _give_versions(connection, row.id, kept)
    if rows:
        # Their numbers may have changed: the next import of the same file keeps who needs whom anew.
        connection.execute(sa.text("DELETE FROM sbom_graph"))


def _give_versions(connection: sa.Connection, other: int, kept: int) -> None:
    """What uses a version of `other` uses that of `kept`."""
    versions = sa.text("SELECT id, version, source_version FROM package_version WHERE package_id = :other")
    for row in connection.execute(versions, {"other": other}).all():
        same = connection.execute(
            sa.text("SELECT id FROM package_version WHERE package_id = :kept AND version = :version"),
            {"kept": kept, "version": row.version},
        ).scalar()
        told = {"kept": kept, "id": row.id, "same": same, "source": row.source_version}
        if same is None:
            connection.execute(sa.text("UPDATE package_version SET package_id = :kept WHERE id = :id"), told)
            continue
        connection.execute(
            sa.text("UPDATE package_version SET source_version = coalesce(source_version, :source) WHERE id = :same"),
            told,
        )
        connection.execute(
            sa.text(
                "INSERT INTO package_use (version_id, sbom_id, development, bringer_id)"
                " SELECT :same, sbom_id, development, bringer_id FROM package_use u WHERE u.version_id = :id"
                " AND NOT EXISTS (SELECT 1 FROM package_use k WHERE k.version_id = :same AND k.sbom_id = u.sbom_id)"
            ),
            told,
        )
        connection.execute(sa.text("DELETE FROM package_use WHERE version_id = :id"), told)
        connection.execute(sa.text("DELETE FROM package_version WHERE id = :id"), told)
    merged = {"kept": kept, "other": other}
    connection.execute(sa.text("UPDATE package_use SET bringer_id = :kept WHERE bringer_id = :other"), merged)
    connection.execute(sa.text("DELETE FROM package WHERE id = :other"), merged)


def downgrade() -> None:
    op.drop_index("ix_component_source", "component")
    op.drop_column("component", "source")
    op.drop_column("package_version", "source_version")
