"""a judgement speaks of one version: two versions of a package in one SBOM are judged apart

Revision: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OLD, _NEW = "uq_judgement_component_id_package_flaw", "uq_judgement_component_id_package_flaw_version"


def upgrade() -> None:
    with op.batch_alter_table("judgement") as table:
        table.drop_constraint(_OLD, type_="unique")
        table.create_unique_constraint(_NEW, ["component_id", "package", "flaw", "version"])


def downgrade() -> None:
    with op.batch_alter_table("judgement") as table:
        table.drop_constraint(_NEW, type_="unique")
        table.create_unique_constraint(_OLD, ["component_id", "package", "flaw"])
