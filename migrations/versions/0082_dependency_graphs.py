"""which packages of an SBOM need which

Revision: 0082
"""

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sbom_graph",
        sa.Column("sbom_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "packed",
            sa.LargeBinary(),
            nullable=False,
            comment="of `DependencyGraph.pack`; numbers are those of package_version",
        ),
        sa.ForeignKeyConstraint(
            ["sbom_id"], ["sbom.id"], name=op.f("fk_sbom_graph_sbom_id_sbom"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sbom_id", name=op.f("pk_sbom_graph")),
    )
    said = "the package by whose import it came, its own where it is one; none when nobody says"
    op.add_column("package_use", sa.Column("bringer_id", sa.Integer(), nullable=True, comment=said))


def downgrade() -> None:
    op.drop_column("package_use", "bringer_id")
    op.drop_table("sbom_graph")
