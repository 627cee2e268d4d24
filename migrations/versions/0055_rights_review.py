"""who read the roles of an incubator or of the platform again, and when

Revision: 0055
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rights_review",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("incubator_id", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["incubator_id"],
            ["incubator.id"],
            name=op.f("fk_rights_review_incubator_id_incubator"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_rights_review_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_review")),
    )
    op.create_index(op.f("ix_rights_review_incubator_id"), "rights_review", ["incubator_id"])


def downgrade() -> None:
    op.drop_table("rights_review")
