"""what signed pictures weigh under the model last used

Revision: 0061
"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signed_loss",
        sa.Column("dossier_id", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=20), nullable=False),
        sa.Column(
            "loss", sa.Double(), nullable=True, comment="none where this version cannot read what was signed"
        ),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossier.id"], name=op.f("fk_signed_loss_dossier_id_dossier")),
        sa.PrimaryKeyConstraint("dossier_id", name=op.f("pk_signed_loss")),
    )


def downgrade() -> None:
    op.drop_table("signed_loss")
