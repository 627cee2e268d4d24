"""The list of an incubator's products: filtered, sorted and paged by the database, or whole for a spreadsheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm import Session

from app.platform import clock
from app.portfolio.glances import of_incubator, search_words
from app.portfolio.models import Glance
from app.products.models import Incubator, product_incubator
from risk_models.rules.standing import ProductState
from risk_models.scales import PhaseName

SIZE = 50
SORTS = {
    "urgence": Glance.place,
    "nom": Glance.sought,
    "fin": Glance.place_by_end,
    "perte": Glance.place_by_loss,
    "derive": Glance.place_by_drift,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; whatever it says wrong is left out."""

    search: str = ""
    state: ProductState | None = None
    phase: PhaseName | None = None
    without_analysis: bool = False
    sort: str = "urgence"

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> "Asked":
        state = arguments.get("etat", "").upper()
        phase = arguments.get("phase", "")
        return cls(
            arguments.get("q", "").strip()[:100],
            ProductState[state] if state in ProductState.__members__ else None,
            PhaseName(phase) if phase in {p.value for p in PhaseName} else None,
            arguments.get("analyse") == "absente",
            arguments["tri"] if arguments.get("tri") in SORTS else "urgence",
        )

    @property
    def address(self) -> dict[str, Any]:
        """Back to the arguments of an address, what is usual left out."""
        said = {
            "q": self.search,
            "etat": self.state.name.lower() if self.state else "",
            "phase": self.phase.value if self.phase else "",
            "analyse": "absente" if self.without_analysis else "",
            "tri": self.sort if self.sort != "urgence" else "",
        }
        return {name: value for name, value in said.items() if value}


def _filters(asked: Asked) -> ColumnElement[bool]:
    found = [Glance.sought.contains(part, autoescape=True) for part in search_words(asked.search).split()]
    if asked.state:
        found.append(Glance.urgency == asked.state.value)
    if asked.without_analysis:
        found.append(Glance.without_analysis.is_(True))
    if asked.phase:
        found.append(Glance.phase == asked.phase.value)
    return and_(true(), *found)


def _listed(incubator: Incubator, asked: Asked) -> Select[Glance]:
    wanted = select(Glance).where(of_incubator(incubator), _filters(asked))
    return wanted.order_by(SORTS[asked.sort], Glance.product_id)


def read_page(session: Session, incubator: Incubator, asked: Asked, number: int) -> Sequence[Glance]:
    return session.scalars(_listed(incubator, asked).limit(SIZE).offset((number - 1) * SIZE)).all()


def read_all(session: Session, incubator: Incubator, asked: Asked) -> Sequence[Glance]:
    return session.scalars(_listed(incubator, asked)).all()


@dataclass(frozen=True, slots=True)
class Counts:
    """Of an incubator: `states` by urgency, whatever is filtered; `found` those that the filters leave; `behind` those of
    which nothing of today is known yet."""

    products: int
    active: int
    without_analysis: int
    states: Mapping[ProductState, int]
    found: int
    behind: int


def count_by_state(session: Session, incubator: Incubator, asked: Asked) -> Counts:
    flags = (Glance.active, Glance.without_analysis, _filters(asked), Glance.day == clock.today())
    counted = [func.count().filter(flag) for flag in flags]
    rows = session.execute(
        select(Glance.urgency, func.count(), *counted).where(of_incubator(incubator)).group_by(Glance.urgency)
    ).all()
    active, without_analysis, found, of_today = (sum(row[n] for row in rows) for n in range(2, 6))
    linked = product_incubator.c.incubator_id == incubator.id
    products = session.scalar(select(func.count()).select_from(product_incubator).where(linked)) or 0
    states = {ProductState(row[0]): row[1] for row in rows}
    return Counts(products, active, without_analysis, states, found, products - of_today)
