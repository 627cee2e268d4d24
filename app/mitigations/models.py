from datetime import date

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.inventory.models import Component
from app.platform.database import Base, Id, Instant, Json, LongText, Name
from app.platform.editing import Edited
from risk_models.scales import MeasureStatus

measure_target = Table(
    "measure_target",
    Base.metadata,
    Column("measure_id", ForeignKey("measure.id", ondelete="CASCADE"), primary_key=True),
    Column("component_id", ForeignKey("component.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Measure(Edited, Base):
    """What the team says of a measure of the catalogue, on some components."""

    __tablename__ = "measure"

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    measure: Mapped[str] = mapped_column(String(60), comment="its id in the catalogue")
    status: Mapped[MeasureStatus]
    due: Mapped[date | None]
    owner: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[LongText] = mapped_column(default="")
    extra: Mapped[Json] = mapped_column(default=dict, comment="keys x- of its product file")

    on: Mapped[list[Component]] = relationship(secondary=measure_target, lazy="raise", order_by=Component.name)


class LossPoint(Base):
    """What a product's expected loss was on a day, for its burn-down."""

    __tablename__ = "loss_point"

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    noted_at: Mapped[Instant]
    loss: Mapped[float]
    residual_loss: Mapped[float] = mapped_column(comment="once the plan is kept")
    model: Mapped[str | None] = mapped_column(String(20), comment="that gave them; none noted before 2026-12")
    weak_point: Mapped[Name] = mapped_column(default="", server_default="", comment="the first one, by its name")
