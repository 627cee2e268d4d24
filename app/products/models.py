from datetime import date, datetime

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.identity.models import Person
from app.platform.database import Base, Id, Instant, Json, LongText, Name, UtcDateTime
from risk_models.rules.schedule import AUTHORITY_WEEKS, INCUBATOR_WEEKS
from risk_models.scales import PhaseName

product_incubator = Table(
    "product_incubator",
    Base.metadata,
    Column("product_id", ForeignKey("product.id", ondelete="CASCADE"), primary_key=True),
    Column("incubator_id", ForeignKey("incubator.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Incubator(Base):
    __tablename__ = "incubator"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(100), unique=True, comment="its id at beta.gouv.fr")
    name: Mapped[Name]
    contact: Mapped[str] = mapped_column(String(254), default="")
    told_after_weeks: Mapped[int] = mapped_column(
        default=INCUBATOR_WEEKS, server_default="2", comment="late, before it is told"
    )
    authority_after_weeks: Mapped[int] = mapped_column(default=AUTHORITY_WEEKS, server_default="6")


class Product(Base):
    __tablename__ = "product"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(100), unique=True, comment="its id at beta.gouv.fr")
    name: Mapped[Name]
    mission: Mapped[LongText] = mapped_column(default="")
    address: Mapped[str] = mapped_column(String(500), default="", comment="where it is used")
    repository: Mapped[str] = mapped_column(String(500), default="")
    contact: Mapped[str] = mapped_column(String(254), default="")
    relaunched_on: Mapped[date | None]
    declared_analysis: Mapped[bool | None] = mapped_column(
        Boolean, comment="`analyse_risques` of its card: true, false, or never said"
    )
    in_public_register: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="the team lets its decisions be seen by anybody"
    )
    created_at: Mapped[Instant]
    from_card: Mapped[bool] = mapped_column(default=False, server_default=false(), comment="an import saw its card")
    archived_on: Mapped[date | None]
    extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- of its product file")
    file_extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- at the top of its product file")
    stamp: Mapped[str] = mapped_column(
        String(32),
        default="",
        server_default="",
        comment="another after each change of anything that is the product's",
    )

    incubators: Mapped[list[Incubator]] = relationship(
        secondary=product_incubator, lazy="raise", order_by=Incubator.name
    )
    phases: Mapped[list["Phase"]] = relationship(lazy="raise", cascade="all, delete-orphan", order_by="Phase.position")
    contacts: Mapped[list["Contact"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="Contact.name"
    )


class Phase(Base):
    __tablename__ = "phase"

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[PhaseName]
    start: Mapped[date]
    end: Mapped[date | None]
    extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- of its product file")


class Contact(Base):
    """Somebody to call: a member of the team, with who may suspend the service in an emergency."""

    __tablename__ = "contact"

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    name: Mapped[Name]
    role: Mapped[Name] = mapped_column(default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    can_suspend: Mapped[bool] = mapped_column(default=False)
    extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- of its product file")


class IncubatorMove(Base):
    """A product asks to leave an incubator or to join it (`joins`), or one of its own to share it with another (`stays`); with
    the others that it asks at once, done when all are accepted. `asked_by`: none for the command line."""

    __tablename__ = "incubator_move"
    __table_args__ = (UniqueConstraint("product_id", "incubator_id"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    incubator_id: Mapped[str] = mapped_column(ForeignKey("incubator.id", ondelete="CASCADE"), index=True)
    joins: Mapped[bool]
    stays: Mapped[bool] = mapped_column(default=False, server_default=false())
    asked_by_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[Instant]
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    product: Mapped[Product] = relationship(lazy="raise")
    incubator: Mapped[Incubator] = relationship(lazy="raise")
    asked_by: Mapped[Person | None] = relationship(lazy="raise")
