from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.identity.models import Person
from app.platform.database import Base, Id, Instant, LongText, Name, UtcDateTime


class DossierState(StrEnum):
    DRAFT = "draft"  # the team composes it
    OPINIONS = "opinions"  # the reviewers are asked
    DECISION = "decision"  # frozen, before its authority
    DECIDED = "decided"  # for good


class Verdict(StrEnum):
    FAVOURABLE = "favourable"
    WITH_RESERVATIONS = "with_reservations"
    UNFAVOURABLE = "unfavourable"


class Outcome(StrEnum):
    FAVOURABLE = "favourable"
    WITH_RESERVATIONS = "with_reservations"
    PROVISIONAL = "provisional"
    REFUSED = "refused"


class ReviewerRole(StrEnum):
    RSSI = "rssi"
    DPO = "dpo"
    TECHNICAL = "technical"
    USERS = "users"


class Dossier(Base):
    __tablename__ = "dossier"
    __table_args__ = (UniqueConstraint("product_id", "number"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"), index=True)
    number: Mapped[int]
    state: Mapped[DossierState]
    state_since: Mapped[Instant]
    created_at: Mapped[Instant]
    perimeter: Mapped[LongText] = mapped_column(default="")
    requested_months: Mapped[int] = mapped_column(default=12)
    authority_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    content: Mapped[str | None] = mapped_column(comment="canonical JSON frozen when it goes to its authority")
    content_sha256: Mapped[str | None] = mapped_column(String(64))
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    pdf_of: Mapped[str | None] = mapped_column(String(64), comment="content_sha256 that the PDF shows")

    authority: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[authority_id])
    conditions: Mapped[list["ConditionOfUse"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="ConditionOfUse.created_at"
    )
    accepted_risks: Mapped[list["AcceptedRisk"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="AcceptedRisk.created_at"
    )
    opinions: Mapped[list["Opinion"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="Opinion.role, Opinion.asked_at"
    )
    decision: Mapped["Decision | None"] = relationship(lazy="raise", back_populates="dossier")


class ConditionOfUse(Base):
    __tablename__ = "condition_of_use"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Instant]
    text: Mapped[LongText]
    check: Mapped[LongText] = mapped_column(comment="how it is checked")


class AcceptedRisk(Base):
    __tablename__ = "accepted_risk"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Instant]
    text: Mapped[LongText]
    accepted_by: Mapped[Name]
    until: Mapped[date]


class Opinion(Base):
    """Asked of a reviewer, then given by that person alone."""

    __tablename__ = "opinion"
    __table_args__ = (UniqueConstraint("dossier_id", "reviewer_id", "role"),)

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"), index=True)
    reviewer_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[ReviewerRole]
    asked_at: Mapped[Instant]
    verdict: Mapped[Verdict | None]
    text: Mapped[LongText] = mapped_column(default="")
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    reviewer: Mapped[Person] = relationship(lazy="raise")


class Decision(Base):
    __tablename__ = "decision"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), unique=True)
    outcome: Mapped[Outcome]
    months: Mapped[int | None] = mapped_column(comment="6, 12, 24 or 36; none when refused")
    reservations: Mapped[LongText] = mapped_column(default="")
    decided_on: Mapped[date]
    expires_on: Mapped[date | None] = mapped_column(index=True)
    decided_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[Name]

    dossier: Mapped[Dossier] = relationship(lazy="raise", back_populates="decision")
