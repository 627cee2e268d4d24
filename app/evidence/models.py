from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.evidence.kinds import ConnectorKind, EvidenceSource, SightingKind, SightingState
from app.platform.database import Base, Id, Instant, Json, LongText, Name, UtcDateTime
from risk_models.scales import Check, ObservationState


class Evidence(Base):
    """What a tool or a person shows of a product's measures on a day.

    A tool's row speaks of one check on one subject and is written over at each run; a person's speaks of one measure
    of the catalogue and is never changed, only withdrawn.
    """

    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("product_id", "source", "check", "subject"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    source: Mapped[EvidenceSource]
    check: Mapped[Check | None] = mapped_column(comment="none where a person attests")
    measure: Mapped[str] = mapped_column(String(60), default="", comment="of the catalogue, where a person attests")
    components: Mapped[Json] = mapped_column(default=list, comment="refs that a person's proof is about; none: all")
    subject: Mapped[str] = mapped_column(String(500), comment="site, repository; or what a person names")
    state: Mapped[ObservationState]
    holds: Mapped[bool]
    grade: Mapped[str] = mapped_column(String(3), default="")
    detail: Mapped[Json] = mapped_column(default=dict, comment="figures that the reading gave")
    observed_on: Mapped[date] = mapped_column(comment="date of the proof, apart from that of its arrival")
    dated: Mapped[bool] = mapped_column(comment="whether the tool itself says that date")
    good_until: Mapped[date]
    seen_on: Mapped[date | None] = mapped_column(comment="the last day on which there was something to see")
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[Name]
    sha256: Mapped[str] = mapped_column(String(64), default="", comment="of the payload or of the file")
    file_name: Mapped[str] = mapped_column(String(200), default="")
    link: Mapped[str] = mapped_column(String(500), default="")
    note: Mapped[LongText] = mapped_column(default="")
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str] = mapped_column(String(200), default="")


class Connector(Base):
    """An outside tool asked every day, for one product or for all those of an incubator."""

    __tablename__ = "connector"
    __table_args__ = (
        CheckConstraint("(product_id IS NULL) <> (incubator_id IS NULL)", name="one_scope"),
        Index("uq_connector_of_product", "product_id", "kind", "address", unique=True),
        Index("uq_connector_of_incubator", "incubator_id", "kind", "address", unique=True),
    )

    id: Mapped[Id]
    product_id: Mapped[str | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    incubator_id: Mapped[str | None] = mapped_column(ForeignKey("incubator.id", ondelete="CASCADE"), index=True)
    kind: Mapped[ConnectorKind]
    address: Mapped[str] = mapped_column(String(500), default="", comment="owner/name, or where the report is")
    token: Mapped[LongText] = mapped_column(default="", comment="encrypted; see app/platform/secrets.py")
    aside_paths: Mapped[Json] = mapped_column(default=list, comment="manifest paths whose alerts are set aside")
    aside_development: Mapped[bool] = mapped_column(default=False)
    aside_reason: Mapped[LongText] = mapped_column(default="")
    added_by: Mapped[Name]
    added_at: Mapped[Instant]
    last_run_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_good_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str] = mapped_column(String(60), default="", comment="code of words.yaml; empty when it went well")
    next_run_at: Mapped[Instant] = mapped_column(index=True)


class ConfirmedRepository(Base):
    """A repository of which the incubator says that it is a product's: its connector reads that one of the product's."""

    __tablename__ = "confirmed_repository"

    connector_id: Mapped[str] = mapped_column(ForeignKey("connector.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True, index=True)
    repository: Mapped[Name] = mapped_column(comment="owner/name, as the card named it that day")
    confirmed_by: Mapped[Name]
    confirmed_at: Mapped[Instant]


class Sighting(Base):
    """Something seen from outside that may be a component: a person says whether it is."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("product_id", "kind", "name"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    kind: Mapped[SightingKind]
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(100), default="")
    cpe: Mapped[str] = mapped_column(String(500), default="")
    seen_on: Mapped[str] = mapped_column(String(500), comment="the site, port or page where it was seen")
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    dated: Mapped[date | None] = mapped_column(comment="when it was seen, where the file says so")
    imported_at: Mapped[Instant]
    state: Mapped[SightingState]
    reason: Mapped[str] = mapped_column(String(500), default="")
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
