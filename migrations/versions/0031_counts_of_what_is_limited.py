"""what is limited is counted in the database; an address of a channel is no longer Apprise's

Revision: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hit",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, comment="SHA-256 of what is counted, for whom"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hit"),
    )
    op.create_index("ix_hit_key", "hit", ["key"])
    op.create_index("ix_hit_at", "hit", ["at"])
    _comment("encrypted: it holds a secret")


def downgrade() -> None:
    op.drop_table("hit")
    _comment("of Apprise, encrypted: it holds a secret")


def _comment(text: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("channel", "address", comment=text, existing_type=sa.Text(), existing_nullable=False)
