"""hints of scanners, an administrator's entries in the catalogue of usual components

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("usual_entry",
    sa.Column("id", sa.String(length=32), nullable=False),
    sa.Column("name", sa.String(length=200), nullable=False),
    sa.Column("aliases", sa.JSON(), nullable=False),
    sa.Column("kind", sa.Enum("web", "api", "worker", "database", "cache", "queue", "search", "bi", "cms", "storage", "mail", "identity_provider", "monitoring", "logging", "forge", "ci", "registry", "host", "network", "waf", "cdn", "external_api", "low_code", "ai_service", "workstation", "library", "other", name="componentkind", native_enum=False, length=40), nullable=False),
    sa.Column("hosting", sa.Enum("saas", "paas", "iaas", "on_premise", name="hosting", native_enum=False, length=40), nullable=False),
    sa.Column("exposure", sa.Enum("internet", "authenticated", "internal", name="exposure", native_enum=False, length=40), nullable=False),
    sa.Column("supplier", sa.String(length=200), nullable=False),
    sa.Column("location", sa.Enum("EU", "adequate", "other", name="location", native_enum=False, length=40), nullable=True),
    sa.Column("purl", sa.String(length=500), nullable=False),
    sa.Column("cpe", sa.String(length=500), nullable=False),
    sa.Column("eol_product", sa.String(length=100), nullable=False),
    sa.Column("data", sa.JSON(), nullable=False, comment="kinds of data usually held"),
    sa.Column("embeds", sa.JSON(), nullable=False, comment="purls without version of packages known to be inside"),
    sa.Column("added_by", sa.String(length=200), nullable=False),
    sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_usual_entry")),
    sa.UniqueConstraint("name", name=op.f("uq_usual_entry_name"))
    )
    op.create_table("hint",
    sa.Column("id", sa.String(length=32), nullable=False),
    sa.Column("product_id", sa.String(length=32), nullable=False),
    sa.Column("kind", sa.Enum("technology", "third_party", "banner", "image", name="hintkind", native_enum=False, length=40), nullable=False),
    sa.Column("name", sa.String(length=200), nullable=False),
    sa.Column("version", sa.String(length=100), nullable=False),
    sa.Column("cpe", sa.String(length=500), nullable=False),
    sa.Column("seen_on", sa.String(length=500), nullable=False, comment="the site, port or page where it was seen"),
    sa.Column("file_name", sa.String(length=200), nullable=False),
    sa.Column("sha256", sa.String(length=64), nullable=False),
    sa.Column("dated", sa.Date(), nullable=True, comment="when it was seen, where the file says so"),
    sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.Enum("new", "accepted", "dismissed", name="hintstate", native_enum=False, length=40), nullable=False),
    sa.Column("reason", sa.String(length=500), nullable=False),
    sa.Column("decided_by", sa.String(length=200), nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_hint_product_id_product"), ondelete="CASCADE"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_hint")),
    sa.UniqueConstraint("product_id", "kind", "name", name=op.f("uq_hint_product_id_kind_name"))
    )


def downgrade() -> None:
    op.drop_table("hint")
    op.drop_table("usual_entry")
