from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.platform.database import Base, Id, Instant, Json, Name, UtcDateTime
from risk_models.exposure.package_names import UnreadableName, source_of, split_purl
from risk_models.scales import ComponentKind, ComponentState, Exposure, Hosting, LinkKind, Location, Patcher


class Component(Base):
    __tablename__ = "component"
    __table_args__ = (UniqueConstraint("product_id", "ref"), UniqueConstraint("product_id", "name"))

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    ref: Mapped[str] = mapped_column(String(100), comment="its id in the product file; stays when the name changes")
    name: Mapped[Name]
    kind: Mapped[ComponentKind]
    hosting: Mapped[Hosting]
    exposure: Mapped[Exposure]
    patched_by: Mapped[Patcher]
    supplier: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[str] = mapped_column(String(100), default="")
    purl: Mapped[str] = mapped_column(String(500), default="")
    package: Mapped[str] = mapped_column(String(500), default="", index=True, comment="its purl without version")
    source: Mapped[str | None] = mapped_column(
        String(500), index=True, comment="purl of the source it is built from, which advisories may name"
    )
    cpe: Mapped[str] = mapped_column(String(500), default="")
    eol_product: Mapped[str] = mapped_column(String(100), default="")
    eol_cycle: Mapped[str] = mapped_column(String(50), default="")
    eol_date: Mapped[date | None]
    eol_extra: Mapped[Json] = mapped_column(
        default=dict, server_default="{}", comment="keys x- of its end of life in its product file"
    )
    location: Mapped[Location | None]
    data: Mapped[Json] = mapped_column(default=list, comment="kinds of data held")
    sbom: Mapped[str] = mapped_column(String(500), default="")
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    patched_reason: Mapped[str] = mapped_column(
        String(500), default="", comment="why whoever patches it is not who its hosting suggests"
    )
    owner: Mapped[str] = mapped_column(String(200), default="", comment="who answers for it in the team")
    emergency: Mapped[str] = mapped_column(String(200), default="", comment="whom to call: name, phone or address")
    state: Mapped[ComponentState | None] = mapped_column(comment="whether it still serves")
    last_tested: Mapped[date | None] = mapped_column(comment="when somebody else last tried to break in")
    access: Mapped[Json] = mapped_column(
        default=dict,
        server_default="{}",
        comment="its accounts, secrets, tokens and resets, as its product file says them; what nobody said is absent",
    )
    assumed: Mapped[Json] = mapped_column(default=list, comment="fields that nobody gave, taken from its kind")
    extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- of its product file")

    vulnerabilities: Mapped[list["Vulnerability"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="Vulnerability.name"
    )

    @validates("purl")
    def _name_package(self, key: str, purl: str) -> str:
        try:
            self.package = split_purl(purl)[0] if purl else ""
            source = source_of(purl)
        except UnreadableName:
            self.package, source = "", None
        self.source = source.package if source else None
        return purl


class Vulnerability(Base):
    """A known flaw of a component, as its team or an import says."""

    __tablename__ = "vulnerability"
    __table_args__ = (UniqueConstraint("component_id", "name"),)

    id: Mapped[Id]
    component_id: Mapped[str] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60), comment="CVE or other public identifier")
    cvss: Mapped[float | None]
    epss: Mapped[float | None]
    kev: Mapped[bool] = mapped_column(default=False)
    published: Mapped[date | None]
    fixed_in: Mapped[str] = mapped_column(String(60), default="")
    extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- of its product file")


class Link(Base):
    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("source_id", "target_id", "kind"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), index=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), index=True)
    kind: Mapped[LinkKind]
    encrypted: Mapped[bool | None]
    authentication: Mapped[str | None] = mapped_column(String(40))
    extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- of its product file")


class UsualEntry(Base):
    """A usual component that an administrator added to the catalogue."""

    __tablename__ = "usual_entry"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    aliases: Mapped[Json] = mapped_column(default=list)
    kind: Mapped[ComponentKind]
    hosting: Mapped[Hosting]
    exposure: Mapped[Exposure]
    supplier: Mapped[str] = mapped_column(String(200), default="")
    location: Mapped[Location | None]
    purl: Mapped[str] = mapped_column(String(500), default="")
    cpe: Mapped[str] = mapped_column(String(500), default="")
    eol_product: Mapped[str] = mapped_column(String(100), default="")
    data: Mapped[Json] = mapped_column(default=list, comment="kinds of data usually held")
    embeds: Mapped[Json] = mapped_column(default=list, comment="purls without version of packages known to be inside")
    added_by: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[Instant]
