from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cards.kinds import ImportState
from app.identity.models import Person
from app.platform.database import Base, Id, Instant, Json, LongText, UtcDateTime


class CardImport(Base):
    """Many cards given at once. `report` is what importing them would do, then what it did."""

    __tablename__ = "card_import"

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    upload_id: Mapped[str] = mapped_column(String(32), comment="its file, kept for a day")
    source: Mapped[str] = mapped_column(String(500), comment="the file's name, or the address it is read from")
    fetched: Mapped[bool]
    archive_gone: Mapped[bool]
    state: Mapped[ImportState]
    made_at: Mapped[Instant]
    written_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    report: Mapped[Json] = mapped_column(default=dict)
    error: Mapped[LongText] = mapped_column(default="")

    person: Mapped[Person] = relationship(lazy="raise")
