"""files looked at and not yet confirmed

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("upload",
    sa.Column("id", sa.String(length=32), nullable=False),
    sa.Column("person_id", sa.String(length=32), nullable=False),
    sa.Column("purpose", sa.String(length=200), nullable=False, comment="what it may be confirmed for, such as sbom:<component>"),
    sa.Column("name", sa.String(length=200), nullable=False),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_upload"))
    )
    op.create_index(op.f("ix_upload_made_at"), "upload", ["made_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_upload_made_at"), table_name="upload")
    op.drop_table("upload")
