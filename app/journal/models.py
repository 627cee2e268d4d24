from datetime import date

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.platform.database import Base, Id, Instant, Json


class JournalEntry(Base):
    """One change of state; nothing deletes it, nothing changes it but to blank the texts that name somebody erased."""

    __tablename__ = "journal_entry"

    id: Mapped[Id]
    at: Mapped[Instant] = mapped_column(index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    person_name: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(60))
    what: Mapped[str] = mapped_column(String(300))
    product_id: Mapped[str | None] = mapped_column(String(32), index=True)
    details: Mapped[Json]


class JournalLink(Base):
    """What ties a line of the journal to the one before; `texts` holds digests of its free texts, each with a salt that comes
    from `salt`. Of a line that named somebody erased, `salt` is empty and `kept_salts` holds those of the texts that stay."""

    __tablename__ = "journal_link"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(ForeignKey("journal_entry.id"), unique=True)
    texts: Mapped[Json]
    salt: Mapped[str] = mapped_column(String(32))
    kept_salts: Mapped[Json | None]
    hash: Mapped[str] = mapped_column(String(64))


class JournalDay(Base):
    """The head of the chain on a day, as it was mailed to auditors and kept among the documents (`sha256`)."""

    __tablename__ = "journal_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
