from datetime import date

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.platform.database import Base, Id, Json, LongText, Name
from app.platform.editing import Edited
from app.products.models import Product
from risk_models.scales import ProofState


class CommonService(Edited, Base):
    """What an incubator offers to all its products: described once, with what it protects and its own homologation."""

    __tablename__ = "common_service"
    __table_args__ = (UniqueConstraint("incubator_id", "name"),)

    id: Mapped[Id]
    incubator_id: Mapped[str] = mapped_column(ForeignKey("incubator.id", ondelete="CASCADE"), index=True)
    name: Mapped[Name]
    description: Mapped[LongText] = mapped_column(default="")
    contact: Mapped[Name] = mapped_column(default="", comment="whom to call about it")
    homologated_until: Mapped[date | None] = mapped_column(comment="end of its own homologation")
    homologation_note: Mapped[LongText] = mapped_column(default="")

    measures: Mapped[list["CommonMeasure"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="CommonMeasure.measure"
    )
    uses: Mapped[list["ServiceUse"]] = relationship(
        lazy="raise", back_populates="service", cascade="all, delete-orphan"
    )


class CommonMeasure(Base):
    """A measure of the catalogue that a common service brings, and what proves it."""

    __tablename__ = "common_measure"
    __table_args__ = (UniqueConstraint("service_id", "measure"),)

    id: Mapped[Id]
    service_id: Mapped[str] = mapped_column(ForeignKey("common_service.id", ondelete="CASCADE"), index=True)
    measure: Mapped[str] = mapped_column(String(60), comment="of the catalogue")
    proof_link: Mapped[str] = mapped_column(String(500), default="")
    proof_sha256: Mapped[str | None] = mapped_column(String(64), comment="the copy of it that is kept")
    proof_name: Mapped[Name] = mapped_column(default="", comment="of that file")
    proof_on: Mapped[date | None]
    good_until: Mapped[date | None]

    def proof(self, today: date) -> ProofState | None:
        """What its proof is worth on `today`; None where the incubator's word is taken, as where no copy was kept."""
        if self.good_until is None or self.proof_sha256 is None:
            return None
        return ProofState.FRESH if self.good_until >= today else ProofState.STALE


class ServiceUse(Base):
    """A product that uses a common service, for some of its components, since a day."""

    __tablename__ = "service_use"

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    service_id: Mapped[str] = mapped_column(
        ForeignKey("common_service.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    since: Mapped[date]
    components: Mapped[Json] = mapped_column(default=list, comment="refs of the components that it protects")
    declared_by: Mapped[Name]

    service: Mapped[CommonService] = relationship(lazy="raise", back_populates="uses")
    product: Mapped[Product] = relationship(lazy="raise")
