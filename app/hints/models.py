from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.hints.names import HintKind, HintState
from app.platform.database import Base, Id, Instant, UtcDateTime


class Hint(Base):
    """Something seen from outside that may be a component: a person says whether it is."""

    __tablename__ = "hint"
    __table_args__ = (UniqueConstraint("product_id", "kind", "name"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    kind: Mapped[HintKind]
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(100), default="")
    cpe: Mapped[str] = mapped_column(String(500), default="")
    seen_on: Mapped[str] = mapped_column(String(500), comment="the site, port or page where it was seen")
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    dated: Mapped[date | None] = mapped_column(comment="when it was seen, where the file says so")
    imported_at: Mapped[Instant]
    state: Mapped[HintState]
    reason: Mapped[str] = mapped_column(String(500), default="")
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
