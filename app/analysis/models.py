from datetime import date

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.inventory.models import Component
from app.platform.database import Base, Id, Instant, Json, LongText, Name
from app.platform.editing import Edited
from risk_models.scales import Need

asset_location = Table(
    "asset_location",
    Base.metadata,
    Column("asset_id", ForeignKey("essential_asset.id", ondelete="CASCADE"), primary_key=True),
    Column("component_id", ForeignKey("component.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class EssentialAsset(Edited, Base):
    __tablename__ = "essential_asset"
    __table_args__ = (
        UniqueConstraint("product_id", "ref"),
        UniqueConstraint("product_id", "name"),
        CheckConstraint(
            "confidentiality BETWEEN 1 AND 4 AND integrity BETWEEN 1 AND 4 AND availability BETWEEN 1 AND 4",
            name="needs",
        ),
    )

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    ref: Mapped[str] = mapped_column(String(100))
    name: Mapped[Name]
    confidentiality: Mapped[int]
    integrity: Mapped[int]
    availability: Mapped[int]
    extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- of its product file")

    lives_in: Mapped[list[Component]] = relationship(secondary=asset_location, lazy="raise", order_by=Component.name)
    feared_events: Mapped[list["FearedEvent"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="FearedEvent.severity.desc(), FearedEvent.id"
    )


class FearedEvent(Edited, Base):
    __tablename__ = "feared_event"
    __table_args__ = (CheckConstraint("severity BETWEEN 1 AND 4", name="severity"),)

    id: Mapped[Id]
    asset_id: Mapped[str] = mapped_column(ForeignKey("essential_asset.id", ondelete="CASCADE"), index=True)
    need: Mapped[Need]
    severity: Mapped[int]
    description: Mapped[LongText]


class AcceptedFinding(Base):
    """A finding that somebody accepts to live with, for a reason and until a day."""

    __tablename__ = "accepted_finding"
    __table_args__ = (UniqueConstraint("product_id", "finding"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    finding: Mapped[str] = mapped_column(String(500), comment="key of the finding: rule and what it is about")
    reason: Mapped[LongText]
    accepted_by: Mapped[Name]
    accepted_on: Mapped[date]
    until: Mapped[date]


class AnalysisVersion(Base):
    """A risk analysis declared done: what it looked at, frozen."""

    __tablename__ = "analysis_version"
    __table_args__ = (UniqueConstraint("product_id", "number"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    done_at: Mapped[Instant]
    done_by: Mapped[Name]
    content: Mapped[LongText] = mapped_column(comment="product file of that day")
    study: Mapped[Json] = mapped_column(default=dict, comment="level, ecosystem, risk sources and register of that day")
