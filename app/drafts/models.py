from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.platform.database import Base, Id, Instant, LongText, UtcDateTime


class RepositoryDraft(Base):
    """What a repository said of a product one day; no value of a variable is in it."""

    __tablename__ = "repository_draft"

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(String(500), comment="the archive's name, or the repository's address")
    sha256: Mapped[str] = mapped_column(String(64), comment="of the archive")
    content: Mapped[LongText] = mapped_column(
        comment="a product file; its x- keys tell sources, doubts and what was left"
    )
    made_at: Mapped[Instant]
    made_by: Mapped[str] = mapped_column(String(200))
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
