"""accounts of ProConnect, joined to a person or not yet

Revision: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "linked_account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False, comment="lower case, as ProConnect gave it last"),
        sa.Column("siret", sa.String(length=14), nullable=False),
        sa.Column("organization", sa.String(length=200), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False, comment="identifier of the identity provider"),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_linked_account_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linked_account")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_linked_account_issuer_subject")),
    )
    op.create_index(op.f("ix_linked_account_person_id"), "linked_account", ["person_id"])


def downgrade() -> None:
    op.drop_table("linked_account")
