"""an incubator vouches for its authorities

Revision: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listed_authority",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("incubator_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("function", sa.String(length=200), nullable=False),
        sa.Column("entity", sa.String(length=200), nullable=False),
        sa.Column("deed", sa.String(length=300), nullable=False, comment="the act that names this authority"),
        sa.Column("deed_on", sa.Date(), nullable=False),
        sa.Column("added_by_id", sa.String(length=32), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", sa.String(length=32), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.String(length=32), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incubator_id"], ["incubator.id"], name=op.f("fk_listed_authority_incubator_id_incubator")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_listed_authority_person_id_person")),
        sa.ForeignKeyConstraint(["added_by_id"], ["person.id"], name=op.f("fk_listed_authority_added_by_id_person")),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["person.id"], name=op.f("fk_listed_authority_confirmed_by_id_person")
        ),
        sa.ForeignKeyConstraint(["ended_by_id"], ["person.id"], name=op.f("fk_listed_authority_ended_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed_authority")),
    )
    op.create_index(op.f("ix_listed_authority_incubator_id"), "listed_authority", ["incubator_id"])
    op.create_index(op.f("ix_listed_authority_person_id"), "listed_authority", ["person_id"])


def downgrade() -> None:
    op.drop_table("listed_authority")
