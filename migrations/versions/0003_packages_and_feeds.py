"""packages of SBOM, judgements, feeds of public knowledge; who answers for a component

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("advisory",
    sa.Column("id", sa.String(length=100), nullable=False),
    sa.Column("cve", sa.String(length=100), nullable=False, comment="empty when it has none"),
    sa.Column("aliases", sa.JSON(), nullable=False),
    sa.Column("summary", sa.String(length=500), nullable=False),
    sa.Column("published", sa.Date(), nullable=True),
    sa.Column("cvss", sa.Double(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_advisory"))
    )
    op.create_index(op.f("ix_advisory_cve"), "advisory", ["cve"], unique=False)
    op.create_table("exploit_score",
    sa.Column("cve", sa.String(length=100), nullable=False),
    sa.Column("score", sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint("cve", name=op.f("pk_exploit_score"))
    )
    op.create_table("exploited_flaw",
    sa.Column("cve", sa.String(length=100), nullable=False),
    sa.Column("added", sa.Date(), nullable=True),
    sa.Column("ransomware", sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint("cve", name=op.f("pk_exploited_flaw"))
    )
    op.create_table("feed",
    sa.Column("name", sa.Enum("osv", "kev", "epss", "eol", name="feedname", native_enum=False, length=40), nullable=False),
    sa.Column("source", sa.String(length=500), nullable=False, comment="file or address that was loaded last"),
    sa.Column("sha256", sa.String(length=64), nullable=False),
    sa.Column("dated", sa.Date(), nullable=True, comment="the date that the feed itself gives"),
    sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("count", sa.Integer(), nullable=False, comment="records that it holds here"),
    sa.PrimaryKeyConstraint("name", name=op.f("pk_feed"))
    )
    op.create_table("package",
    sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column("purl", sa.String(length=500), nullable=False, comment="normalised, without version"),
    sa.Column("name", sa.String(length=500), nullable=False, comment="its last part, in lower case, for searches"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_package")),
    sa.UniqueConstraint("purl", name=op.f("uq_package_purl"))
    )
    op.create_index(op.f("ix_package_name"), "package", ["name"], unique=False)
    op.create_table("release_cycle",
    sa.Column("product", sa.String(length=100), nullable=False),
    sa.Column("cycle", sa.String(length=50), nullable=False),
    sa.Column("eol", sa.Date(), nullable=True, comment="None: still maintained, or no date given"),
    sa.Column("ended", sa.Boolean(), nullable=False, comment="the feed says it is no longer maintained"),
    sa.PrimaryKeyConstraint("product", "cycle", name=op.f("pk_release_cycle"))
    )
    op.create_table("advisory_package",
    sa.Column("advisory_id", sa.String(length=100), nullable=False),
    sa.Column("package", sa.String(length=500), nullable=False, comment="purl without version"),
    sa.Column("affected", sa.JSON(), nullable=False, comment="intervals, versions and whether some ranges could not be read"),
    sa.ForeignKeyConstraint(["advisory_id"], ["advisory.id"], name=op.f("fk_advisory_package_advisory_id_advisory"), ondelete="CASCADE"),
    sa.PrimaryKeyConstraint("advisory_id", "package", name=op.f("pk_advisory_package"))
    )
    op.create_index("ix_advisory_package_package", "advisory_package", ["package"], unique=False)
    op.create_table("package_version",
    sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column("package_id", sa.Integer(), nullable=False),
    sa.Column("version", sa.String(length=100), nullable=False, comment="as written; empty when the SBOM gave none"),
    sa.ForeignKeyConstraint(["package_id"], ["package.id"], name=op.f("fk_package_version_package_id_package")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_package_version")),
    sa.UniqueConstraint("package_id", "version", name=op.f("uq_package_version_package_id_version"))
    )
    op.create_table("judgement",
    sa.Column("id", sa.String(length=32), nullable=False),
    sa.Column("component_id", sa.String(length=32), nullable=False),
    sa.Column("package", sa.String(length=500), nullable=False, comment="purl without version"),
    sa.Column("flaw", sa.String(length=100), nullable=False, comment="CVE where there is one, else the advisory's id"),
    sa.Column("version", sa.String(length=100), nullable=False, comment="the version that was judged"),
    sa.Column("ranges", sa.String(length=64), nullable=False, comment="SHA-256 of the affected ranges that were judged"),
    sa.Column("state", sa.Enum("in_triage", "exploitable", "not_affected", "resolved", "accepted", name="state", native_enum=False, length=40), nullable=False),
    sa.Column("justification", sa.Enum("code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency", "requires_environment", "protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control", name="justification", native_enum=False, length=40), nullable=True),
    sa.Column("reason", sa.Text(), nullable=False),
    sa.Column("until", sa.Date(), nullable=True),
    sa.Column("judged_by", sa.String(length=200), nullable=False),
    sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(["component_id"], ["component.id"], name=op.f("fk_judgement_component_id_component"), ondelete="CASCADE"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_judgement")),
    sa.UniqueConstraint("component_id", "package", "flaw", name=op.f("uq_judgement_component_id_package_flaw"))
    )
    op.create_table("sbom",
    sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column("component_id", sa.String(length=32), nullable=False),
    sa.Column("product_id", sa.String(length=32), nullable=False),
    sa.Column("file_name", sa.String(length=200), nullable=False),
    sa.Column("format", sa.String(length=60), nullable=False),
    sa.Column("sha256", sa.String(length=64), nullable=False),
    sa.Column("dated", sa.DateTime(timezone=True), nullable=True, comment="when the file says it was made"),
    sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("imported_by", sa.String(length=200), nullable=False),
    sa.Column("count", sa.Integer(), nullable=False, comment="package versions it names, each once"),
    sa.Column("exceptions", sa.JSON(), nullable=False, comment="what was odd in it: kind, count, first example"),
    sa.ForeignKeyConstraint(["component_id"], ["component.id"], name=op.f("fk_sbom_component_id_component"), ondelete="CASCADE"),
    sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_sbom_product_id_product"), ondelete="CASCADE"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_sbom")),
    sa.UniqueConstraint("component_id", name=op.f("uq_sbom_component_id"))
    )
    op.create_index(op.f("ix_sbom_product_id"), "sbom", ["product_id"], unique=False)
    op.create_table("package_use",
    sa.Column("version_id", sa.Integer(), autoincrement=False, nullable=False),
    sa.Column("sbom_id", sa.Integer(), autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(["sbom_id"], ["sbom.id"], name=op.f("fk_package_use_sbom_id_sbom"), ondelete="CASCADE"),
    sa.ForeignKeyConstraint(["version_id"], ["package_version.id"], name=op.f("fk_package_use_version_id_package_version")),
    sa.PrimaryKeyConstraint("version_id", "sbom_id", name=op.f("pk_package_use")),
    sqlite_with_rowid=False
    )
    op.create_index("ix_package_use_sbom_id", "package_use", ["sbom_id"], unique=False)
    op.add_column("component", sa.Column("package", sa.String(length=500), nullable=False, server_default="", comment="its purl without version"))
    op.add_column("component", sa.Column("patched_reason", sa.String(length=500), nullable=False, server_default="", comment="why whoever patches it is not who its hosting suggests"))
    op.add_column("component", sa.Column("owner", sa.String(length=200), nullable=False, server_default="", comment="who answers for it in the team"))
    op.add_column("component", sa.Column("emergency", sa.String(length=200), nullable=False, server_default="", comment="whom to call: name, phone or address"))
    op.create_index(op.f("ix_component_package"), "component", ["package"], unique=False)
    _name_packages()


def _name_packages() -> None:
    """Fills `package` from the purl that components already have."""
    from risk_models.exposure.ranges import UnreadableRange, split_purl

    component = sa.table("component", sa.column("id"), sa.column("purl"), sa.column("package"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(component.c.id, component.c.purl).where(component.c.purl != "")).all():
        try:
            package = split_purl(row.purl)[0]
        except UnreadableRange:
            continue
        connection.execute(component.update().where(component.c.id == row.id).values(package=package))


def downgrade() -> None:
    op.drop_index(op.f("ix_component_package"), table_name="component")
    op.drop_column("component", "emergency")
    op.drop_column("component", "owner")
    op.drop_column("component", "patched_reason")
    op.drop_column("component", "package")
    op.drop_index("ix_package_use_sbom_id", table_name="package_use")
    op.drop_table("package_use")
    op.drop_index(op.f("ix_sbom_product_id"), table_name="sbom")
    op.drop_table("sbom")
    op.drop_table("judgement")
    op.drop_table("package_version")
    op.drop_index("ix_advisory_package_package", table_name="advisory_package")
    op.drop_table("advisory_package")
    op.drop_table("release_cycle")
    op.drop_index(op.f("ix_package_name"), table_name="package")
    op.drop_table("package")
    op.drop_table("feed")
    op.drop_table("exploited_flaw")
    op.drop_table("exploit_score")
    op.drop_index(op.f("ix_advisory_cve"), table_name="advisory")
    op.drop_table("advisory")
