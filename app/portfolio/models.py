from datetime import date
from urllib.parse import quote

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.platform.database import Base, Id, Instant, Json, LongText, Name
from risk_models.rules.standing import NextAct, ProductState


class Glance(Base):
    """Where a product stands on a day: what long lists sort and filter. Made anew with each change of the product and
    each day; `due` is the day its urgency speaks of, `whom` who has the next act in hand."""

    __tablename__ = "glance"
    __table_args__ = (
        Index("ix_glance_place", "day", "place"),
        Index("ix_glance_place_by_end", "day", "place_by_end"),
        Index("ix_glance_place_by_loss", "day", "place_by_loss"),
        Index("ix_glance_place_by_drift", "day", "place_by_drift"),
        Index("ix_glance_sought", "day", "sought"),
    )

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date]
    slug: Mapped[str] = mapped_column(String(100))
    name: Mapped[Name]
    sought: Mapped[Name] = mapped_column(comment="its name in lower case without accents, to search and sort")
    place: Mapped[str] = mapped_column(String(220), comment="urgency, due, sought: sorts the most urgent first")
    place_by_end: Mapped[str] = mapped_column(String(220), comment="homologated_until, sought: none is last")
    place_by_loss: Mapped[str] = mapped_column(String(220), comment="loss, sought: the most lost first, none last")
    place_by_drift: Mapped[str] = mapped_column(String(220), comment="drift, sought: the most adrift first, none last")
    incubators: Mapped[LongText] = mapped_column(comment="ids of those of the product")
    phase: Mapped[str | None] = mapped_column(String(40))
    active: Mapped[bool]
    urgency: Mapped[int]
    due: Mapped[date | None]
    without_analysis: Mapped[bool] = mapped_column(comment="past its six months")
    homologated_until: Mapped[date | None]
    sealed: Mapped[bool] = mapped_column(comment="its last decision was taken and sealed here")
    level: Mapped[int | None]
    loss: Mapped[float | None]
    drift: Mapped[float | None] = mapped_column(comment="loss since the signature, in points a year")
    weak_point: Mapped[Name]
    act: Mapped[str] = mapped_column(String(40))
    whom: Mapped[str] = mapped_column(String(300))
    addresses: Mapped[str] = mapped_column(String(1000), comment="of the first three of whom, by commas")
    since: Mapped[date | None]
    act_due: Mapped[date | None] = mapped_column(comment="by when the next act is asked")

    @property
    def state(self) -> ProductState:
        return ProductState(self.urgency)

    @property
    def next_act(self) -> NextAct | None:
        return NextAct(self.act) if self.act else None

    @property
    def mailto(self) -> str:
        """The address of a letter to all who have the next act in hand; empty where none is known."""
        return self.addresses and "mailto:" + quote(self.addresses, safe="@,")


class SavedView(Base):
    """Filters of an incubator's list that somebody comes back to: the arguments of its address, under a name of theirs."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("person_id", "incubator_id", "name"),)

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    incubator_id: Mapped[str] = mapped_column(ForeignKey("incubator.id", ondelete="CASCADE"))
    name: Mapped[Name]
    address: Mapped[Json] = mapped_column(comment="arguments of the address")
    created_at: Mapped[Instant]
