from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.identity.models import Person
from app.platform.database import Base, Id, Instant, LongText, Name, UtcDateTime


class Dispensation(Base):
    """Asked by a team, then granted or refused by an authority, on a sealed page: from then on it never changes."""

    __tablename__ = "dispensation"
    __table_args__ = (UniqueConstraint("product_id", "number"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"), index=True)
    number: Mapped[int]
    case: Mapped[str] = mapped_column(
        String(40), comment="its id in dispensations.yaml, or that of a dispensation_case"
    )
    reason: Mapped[LongText]
    ends_on: Mapped[date]
    document_sha256: Mapped[str | None] = mapped_column(String(64), comment="what the team joined")
    document_name: Mapped[Name] = mapped_column(default="", server_default="")
    asked_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    asked_by: Mapped[Name]
    asked_at: Mapped[Instant]
    authority_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    cancelled_on: Mapped[date | None] = mapped_column(comment="when the team took its request back")
    granted: Mapped[bool | None] = mapped_column(comment="none until the authority answers")
    to_homologate: Mapped[bool] = mapped_column(comment="the product is to be homologated by its end")
    answer: Mapped[LongText] = mapped_column(default="", server_default="", comment="the authority's reason to refuse")
    decided_on: Mapped[date | None]
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # none until 2026-12
    decided_by_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[Name] = mapped_column(default="", server_default="")
    factor_kind: Mapped[str | None] = mapped_column(String(20))
    factor_proof: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    content: Mapped[str | None] = mapped_column(comment="canonical JSON of its page")
    content_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    seal_fault: Mapped[LongText] = mapped_column(default="", server_default="", comment="why its seal is late")

    authority: Mapped[Person] = relationship(lazy="raise", foreign_keys=[authority_id])
    end: Mapped["DispensationEnd | None"] = relationship(lazy="raise")

    @property
    def is_waiting(self) -> bool:
        """Whether its authority has yet to answer."""
        return self.granted is None and self.cancelled_on is None

    @property
    def until(self) -> date:
        """The last day that it covers (its end loaded), unless a decision on the product ended it."""
        return min(self.ends_on, self.end.ended_on - timedelta(days=1)) if self.end else self.ends_on


class DispensationEnd(Base):
    """The authority ends a dispensation before its day; the dispensation itself stays whole."""

    __tablename__ = "dispensation_end"

    dispensation_id: Mapped[str] = mapped_column(ForeignKey("dispensation.id"), primary_key=True)
    ended_on: Mapped[date] = mapped_column(comment="the first day without it")
    ended_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    ended_by: Mapped[Name]
    reason: Mapped[LongText]
    content: Mapped[str] = mapped_column(comment="canonical JSON of its page")
    content_sha256: Mapped[str] = mapped_column(String(64), index=True)


class AddedDispensationCase(Base):
    """A case of dispensation that an administrator read in a text and added to those that Jalon comes with."""

    __tablename__ = "dispensation_case"

    id: Mapped[Id]
    name_fr: Mapped[Name]
    name_en: Mapped[Name]
    asks_fr: Mapped[Name] = mapped_column(comment="what its reason is to say")
    asks_en: Mapped[Name]
    source: Mapped[Name] = mapped_column(comment="the text and its article")
    months: Mapped[int] = mapped_column(comment="the longest")
    to_homologate: Mapped[bool]
    added_by: Mapped[Name]
    added_at: Mapped[Instant]
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
