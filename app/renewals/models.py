from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.platform.database import Base, Id, Instant, UtcDateTime


class DeadlineKind(StrEnum):
    ANALYSIS = "analysis"
    FIRST_HOMOLOGATION = "first_homologation"
    EXPIRY = "expiry"
    MEASURE = "measure"
    PROOF = "proof"


class Reminder(Base):
    """One message about one milestone of one deadline to one person: planned, then sent, never twice."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("product_id", "kind", "due", "months_before", "person_id"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    kind: Mapped[DeadlineKind]
    due: Mapped[date]
    months_before: Mapped[int]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    planned_at: Mapped[Instant]
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    message_id: Mapped[str] = mapped_column(String(200))
