from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.platform.database import Base, Id, Instant, LongText, Name, UtcDateTime
from risk_models.scales import DeadlineKind

MAIL = ""


class Channel(Base):
    """A messaging service on which a person wants their digests; `error`: what it last answered, once given up."""

    __tablename__ = "channel"

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    title: Mapped[Name]
    address: Mapped[LongText] = mapped_column(comment="encrypted: it holds a secret")
    created_at: Mapped[Instant]
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[LongText] = mapped_column(default="")


class Digest(Base):
    """What one person is told on one day, by one channel: planned, then sent; `failed_at` once given up."""

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("person_id", "day", "channel"),)

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    day: Mapped[date]
    channel: Mapped[str] = mapped_column(String(32), server_default=MAIL, comment="a channel's id, or nothing for mail")
    message_id: Mapped[str] = mapped_column(String(200))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    error: Mapped[LongText] = mapped_column(default="")

    reminders: Mapped[list["Reminder"]] = relationship(lazy="raise", order_by="Reminder.due")


class Reminder(Base):
    """One milestone of one deadline told to one person by one channel, in a digest; never twice.

    `ref`: which of several of its kind; `milestone`: its number (`Milestone.number`).
    """

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint(
            "product_id",
            "kind",
            "ref",
            "due",
            "milestone",
            "person_id",
            "channel",
            name="uq_reminder_of_a_milestone",
        ),
    )

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    kind: Mapped[DeadlineKind]
    ref: Mapped[str] = mapped_column(String(64))
    due: Mapped[date]
    milestone: Mapped[int]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(32), server_default=MAIL)
    digest_id: Mapped[str] = mapped_column(ForeignKey("digest.id", ondelete="CASCADE"), index=True)


class PlannedDay(Base):
    """A day whose reminders are planned: of two schedulers, one writes it."""

    __tablename__ = "planned_day"

    day: Mapped[date] = mapped_column(primary_key=True)


class Postponement(Base):
    """A deadline put off, once, by somebody who says why."""

    __tablename__ = "postponement"
    __table_args__ = (UniqueConstraint("product_id", "kind", "due"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    kind: Mapped[DeadlineKind]
    due: Mapped[date]
    until: Mapped[date]
    reason: Mapped[LongText]
    by: Mapped[Name]
    given_at: Mapped[Instant]


class CalendarFeed(Base):
    """A calendar at a secret address, of which only the hash is kept: of one product, of one incubator, or of all that
    its person may follow (neither)."""

    __tablename__ = "calendar_feed"

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[str | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    incubator_id: Mapped[str | None] = mapped_column(ForeignKey("incubator.id", ondelete="CASCADE"))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[Name]
    created_at: Mapped[Instant]
    read_on: Mapped[date | None]
