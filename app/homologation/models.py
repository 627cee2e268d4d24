from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.homologation.kinds import Act, DossierState, Origin, Outcome, PieceAnswer, ReviewerRole, Verdict
from app.identity.models import Person
from app.platform.database import Base, Id, Instant, Json, LongText, Name, UtcDateTime
from risk_models import catalogue


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
    origin: Mapped[Origin] = mapped_column(default=Origin.JALON, server_default=Origin.JALON.value)
    relaunched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seal_fault: Mapped[LongText] = mapped_column(default="", server_default="", comment="why its seal is late")

    authority: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[authority_id])
    conditions: Mapped[list["ConditionOfUse"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="ConditionOfUse.created_at"
    )
    accepted_risks: Mapped[list["AcceptedRisk"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="AcceptedRisk.created_at"
    )
    opinions: Mapped[list["Opinion"]] = relationship(
        primaryjoin="and_(Dossier.id == Opinion.dossier_id, Opinion.set_aside_on.is_(None))",
        lazy="raise",
        cascade="all, delete-orphan",
        order_by="Opinion.role, Opinion.asked_at",
    )
    set_aside_opinions: Mapped[list["Opinion"]] = relationship(
        primaryjoin="and_(Dossier.id == Opinion.dossier_id, Opinion.set_aside_on.is_not(None))",
        lazy="raise",
        viewonly=True,
        order_by="Opinion.role, Opinion.asked_at",
    )
    attached_opinions: Mapped[list["AttachedOpinion"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="AttachedOpinion.role, AttachedOpinion.given_on"
    )
    pieces: Mapped[list["Piece"]] = relationship(lazy="raise", cascade="all, delete-orphan", order_by="Piece.piece")
    documents: Mapped[list["DossierDocument"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="DossierDocument.added_at"
    )
    reservations: Mapped[list["Reservation"]] = relationship(lazy="raise", order_by="Reservation.position")
    decision: Mapped["Decision | None"] = relationship(lazy="raise", back_populates="dossier")
    withdrawal: Mapped["Withdrawal | None"] = relationship(lazy="raise")
    confirmed: Mapped["ConfirmedElsewhere | None"] = relationship(lazy="raise")
    recorded: Mapped["RecordedSignature | None"] = relationship(lazy="raise", cascade="all, delete-orphan")

    @property
    def is_declared_only(self) -> bool:
        """Whether it was made elsewhere and nobody of the incubator confirmed it."""
        return self.origin is not Origin.JALON and self.confirmed is None

    @property
    def has_pdf(self) -> bool:
        """Whether the PDF of its present content is made."""
        return self.content_sha256 is not None and self.pdf_of == self.content_sha256


class ConditionOfUse(Base):
    __tablename__ = "condition_of_use"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Instant]
    text: Mapped[LongText]
    check: Mapped[LongText] = mapped_column(comment="how it is checked")


class AcceptedRisk(Base):
    """A risk that the team proposes to accept: only the decision does."""

    __tablename__ = "accepted_risk"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Instant]
    text: Mapped[LongText]
    proposed_by: Mapped[Name]
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
    content_sha256: Mapped[str | None] = mapped_column(String(64), comment="of the content that was read")
    former_verdict: Mapped[Verdict | None] = mapped_column(comment="given on the version that the team took back")
    former_text: Mapped[LongText] = mapped_column(default="", server_default="")
    former_given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    set_aside_on: Mapped[date | None] = mapped_column(comment="when the team asked somebody else in its place")

    reviewer: Mapped[Person] = relationship(lazy="raise")


class AttachedOpinion(Base):
    """An opinion given outside Jalon, with the document that bears it."""

    __tablename__ = "attached_opinion"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"), index=True)
    role: Mapped[ReviewerRole]
    by: Mapped[Name]
    verdict: Mapped[Verdict]
    text: Mapped[LongText] = mapped_column(default="")
    given_on: Mapped[date]
    sha256: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[Name]
    attached_by: Mapped[Name] = mapped_column(default="", server_default="", comment="who of the team did")


class Piece(Base):
    """What the team answers for one of the sixteen pieces: written here, or not applicable and why."""

    __tablename__ = "dossier_piece"
    __table_args__ = (UniqueConstraint("dossier_id", "piece"),)

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"))
    piece: Mapped[str] = mapped_column(String(40), comment="its id in pieces.yaml")
    answer: Mapped[PieceAnswer]
    text: Mapped[LongText]


class DossierDocument(Base):
    """A file attached to a piece of a dossier, kept by its SHA-256."""

    __tablename__ = "dossier_document"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"), index=True)
    piece: Mapped[str] = mapped_column(String(40), comment="its id in pieces.yaml")
    title: Mapped[Name]
    dated_on: Mapped[date]
    file_name: Mapped[Name]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(comment="bytes")
    added_at: Mapped[Instant]
    added_by: Mapped[Name]


class Decision(Base):
    __tablename__ = "decision"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), unique=True)
    outcome: Mapped[Outcome]
    months: Mapped[int | None] = mapped_column(comment="6, 12, 24 or 36; none when refused")
    reservations: Mapped[LongText] = mapped_column(default="")
    decided_on: Mapped[date]
    expires_on: Mapped[date | None] = mapped_column(index=True)
    decided_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))  # who wrote it in Jalon
    decided_by: Mapped[Name]  # who decided
    on_behalf_of: Mapped[Name] = mapped_column(default="", server_default="", comment="whose signature was delegated")
    outside_sha256: Mapped[str | None] = mapped_column(String(64), comment="the file signed outside Jalon")
    recorded_by: Mapped[Name] = mapped_column(default="", server_default="")  # of what was signed or made outside
    confirmed_by: Mapped[Name] = mapped_column(default="", server_default="")
    loss: Mapped[float | None] = mapped_column(comment="expected loss of what was decided, for drift")
    level: Mapped[int | None] = mapped_column(comment="security level of what was decided, for drift")
    factor_kind: Mapped[str | None] = mapped_column(String(20))
    factor_proof: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))  # of a key: its answer, its public key

    dossier: Mapped[Dossier] = relationship(lazy="raise", back_populates="decision")
    signed_loss: Mapped["SignedLoss | None"] = relationship(
        primaryjoin=lambda: Decision.dossier_id == foreign(SignedLoss.dossier_id),
        lazy="joined",
        uselist=False,
        viewonly=True,
    )

    @property
    def comparable_loss(self) -> float | None:
        """What was signed weighs under today's model; None until it is known, and where no picture was signed."""
        weighed = self.signed_loss
        return weighed.loss if weighed and weighed.model == catalogue.model().version else None

    @property
    def signatory(self) -> str:
        """Who decided, as the documents say it, which are in French."""
        if self.on_behalf_of:
            return f"{self.decided_by} (par délégation de {self.on_behalf_of})"
        if not self.recorded_by:
            return self.decided_by
        how = "signature enregistrée" if self.confirmed_by else "déclarée"
        return f"{self.decided_by} ({how} par {self.recorded_by})"


class RecordedSignature(Base):
    """A signature that somebody says was made outside Jalon: nothing is decided until it is confirmed."""

    __tablename__ = "recorded_signature"

    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id", ondelete="CASCADE"), primary_key=True)
    wish: Mapped[Json] = mapped_column(comment="what it decides, as it was copied")
    decided_on: Mapped[date]
    sha256: Mapped[str] = mapped_column(String(64), comment="of the file that came back")
    electronic: Mapped[bool]
    signers: Mapped[Json] = mapped_column(comment="names in its certificates")
    exploited: Mapped[Json] = mapped_column(default=list, comment="flaws known to be exploited when it was recorded")
    recorded_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    recorded_by: Mapped[Name]
    recorded_at: Mapped[Instant]


class ConfirmedElsewhere(Base):
    """Somebody of the incubator, who did not note it, takes a homologation made elsewhere for true, on its document."""

    __tablename__ = "confirmed_elsewhere"

    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), primary_key=True)
    document_sha256: Mapped[str] = mapped_column(String(64), comment="the document that shows it")
    document_name: Mapped[Name]
    confirmed_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    confirmed_by: Mapped[Name]
    confirmed_at: Mapped[Instant]


class SignedLoss(Base):
    """What a signed picture weighs under the model last used, once a sweep has weighed it.

    Losses of two models are never compared: `Decision.loss` is what was signed.
    """

    __tablename__ = "signed_loss"

    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), primary_key=True)
    model: Mapped[str] = mapped_column(String(20))
    loss: Mapped[float | None] = mapped_column(comment="none where this version cannot read what was signed")


class Reservation(Base):
    """A condition that the authority set, to be lifted; its text never changes."""

    __tablename__ = "reservation"
    __table_args__ = (UniqueConstraint("dossier_id", "position"),)

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"))
    position: Mapped[int]
    text: Mapped[LongText]
    lift_by: Mapped[date | None] = mapped_column(comment="its last day, where the authority set one")
    lifted_on: Mapped[date | None]
    lifted_by: Mapped[Name] = mapped_column(default="")
    how: Mapped[LongText] = mapped_column(default="")
    asked_on: Mapped[date | None] = mapped_column(comment="when its lifting was asked")
    asked_by: Mapped[Name] = mapped_column(default="", server_default="")
    asked_by_id: Mapped[str | None] = mapped_column(String(32), comment="who asked, by id")
    asked_how: Mapped[LongText] = mapped_column(default="", server_default="")
    proof_sha256: Mapped[str | None] = mapped_column(String(64), comment="what shows it")
    proof_name: Mapped[Name] = mapped_column(default="", server_default="")

    lifting: Mapped["Lifting | None"] = relationship(lazy="raise")


class Lifting(Base):
    """The authority, or the RSSI of the dossier, takes a reservation for lifted: a sealed page."""

    __tablename__ = "lifting"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), index=True)
    reservation_id: Mapped[str] = mapped_column(ForeignKey("reservation.id"), unique=True)
    lifted_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    content: Mapped[str] = mapped_column(comment="canonical JSON of its page")
    content_sha256: Mapped[str] = mapped_column(String(64))


class Withdrawal(Base):
    """The authority takes its homologation back; the decision itself stays whole."""

    __tablename__ = "withdrawal"

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"), unique=True)
    withdrawn_on: Mapped[date]
    noted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # none until 2026-12
    withdrawn_by: Mapped[Name]
    withdrawn_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[LongText]
    content: Mapped[str] = mapped_column(comment="canonical JSON of its page")
    content_sha256: Mapped[str] = mapped_column(String(64))


class IssuedFile(Base):
    """A PDF that left Jalon: never changed, never forgotten."""

    __tablename__ = "issued_file"
    __table_args__ = (CheckConstraint("(dossier_id IS NULL) <> (dispensation_id IS NULL)", name="of_one_act"),)

    id: Mapped[Id]
    dossier_id: Mapped[str | None] = mapped_column(ForeignKey("dossier.id"), index=True)
    dispensation_id: Mapped[str | None] = mapped_column(ForeignKey("dispensation.id"), index=True)
    act: Mapped[Act]
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    content_sha256: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[Instant]
    timestamped: Mapped[bool]


class Delegation(Base):
    """An authority lets somebody sign for it on one product, between two dates."""

    __tablename__ = "delegation"

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    authority_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    delegate_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    deed: Mapped[Name] = mapped_column(comment="the written act it rests on")
    given_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    authority: Mapped[Person] = relationship(lazy="raise", foreign_keys=[authority_id])
    delegate: Mapped[Person] = relationship(lazy="raise", foreign_keys=[delegate_id])


class DriftNotice(Base):
    """Said once for each height of drift: the picture that was signed is no longer true."""

    __tablename__ = "drift_notice"
    __table_args__ = (UniqueConstraint("dossier_id", "height"),)

    id: Mapped[Id]
    dossier_id: Mapped[str] = mapped_column(ForeignKey("dossier.id"))
    height: Mapped[int] = mapped_column(comment="how many thresholds were passed")
    model: Mapped[str | None] = mapped_column(String(20), comment="under which it was counted; none before 2026-12")
    noted_at: Mapped[Instant]
    loss_then: Mapped[float]
    loss_now: Mapped[float]
