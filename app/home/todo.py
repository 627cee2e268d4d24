"""What is still to do for a product: one list of acts and remedies, each once, which empties as it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import result_cache
from app.analysis import services as analysis
from app.home.journey import journey_of
from app.home.models import TodoAside
from app.home.todo_lines import SOURCES, TodoContext, TodoLine
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from app.renewals import deadlines, standings
from risk_models import catalogue
from risk_models.scales import RiskLevel, View


@dataclass(frozen=True, slots=True)
class Progress:
    """Shares of the loss that would be expected without any measure: what the measures take away, what the next lines
    would; the asset that stands worst, by its name, and the component by which it is reached, where a strong risk is left."""

    taken: float
    next_count: int
    next_taken: float
    asset: str
    through: str


@dataclass(frozen=True, slots=True)
class Todo:
    """What is to do, most useful first, and what is set aside, each with who did and when."""

    lines: tuple[TodoLine, ...]
    aside: tuple[tuple[TodoLine, TodoAside], ...]
    names: dict[str, str]
    progress: Progress | None


def todo_of(session: Session, product: Product) -> Todo:
    """What is to do for `product`, read anew once something of it changed. Raises `StillComputing` for a large one."""
    return result_cache.compute_once(session, product, ("todo", language()), lambda: read_todo(session, product))


def read_todo(session: Session, product: Product) -> Todo:
    system = analysis.read_system(session, product)
    stands = standings.standing_of_product(session, product)
    known = TodoContext(
        session,
        product,
        system,
        analysis.assess_system(system),
        stands,
        journey_of(session, product),
        deadlines.deadlines_of_many(session, [stands])[product.id],
    )
    lines = [line for source in SOURCES for line in source(known)]
    rows = session.scalars(select(TodoAside).where(TodoAside.product_id == product.id)).all()
    aside = [(line, row) for line in lines if (row := _row_of(line.key, rows))]
    set_aside = {line.key for line, _ in aside}
    kept = tuple(line for line in lines if line.key not in set_aside)
    return Todo(
        kept,
        tuple(aside),
        dict(system.names()),
        _progress(known, kept),
    )


def _row_of(key: str, rows: Sequence[TodoAside]) -> TodoAside | None:
    """What set a line aside: it, or one that asked the same of more."""
    asked, of = _parts_of(key)
    return next((row for row in rows if (known := _parts_of(row.key))[0] == asked and of <= known[1]), None)


def _parts_of(key: str) -> tuple[list[str], set[str]]:
    """What a key of `TodoLine` asks, and of what."""
    *asked, of = key.split(":", 2)
    return asked, set(of.split("+"))


_NEXT = 3


def _progress(known: TodoContext, lines: Sequence[TodoLine]) -> Progress | None:
    """None where nothing is ranked yet."""
    loss, raw = known.assessment.loss, analysis.read_views(known.system)[View.RAW].loss
    if not raw or not loss:
        return None
    following = [line for line in lines if line.next_share][:_NEXT]
    strong = [risk for risk in known.assessment.assets if risk.risk is RiskLevel.HIGH]
    worst = max(strong, key=lambda risk: risk.loss, default=None)
    assets = {a.id: a.name for a in known.system.assets}
    ways = [w for w in known.assessment.weak_points if worst and w.path and w.path.asset == worst.id]
    return Progress(
        taken=max(0.0, 1 - loss / raw),
        next_count=len(following),
        next_taken=sum(line.next_share for line in following) * loss / raw,
        asset=assets[worst.id] if worst else "",
        through=known.system.names().get(ways[0].component, "") if ways else "",
    )


@transaction
def set_todo_aside(session: Session, actor: Person, product: Product, key: str) -> None:
    """Sets aside a line that nobody of the team knows how to answer; once is enough."""
    if session.get(TodoAside, (product.id, key)) is None:
        session.add(TodoAside(product_id=product.id, key=key, set_by=actor.name, set_at=clock.now()))
        record(session, actor, Action.SET_TODO_ASIDE, _name_of(key), product_id=product.id)


@transaction
def take_todo_back(session: Session, actor: Person, product: Product, key: str) -> None:
    """Puts a line back in the list. Raises `Refusal` where it is there already."""
    found = session.get(TodoAside, (product.id, key))
    if found is None:
        raise Refusal(_l("Cette ligne est déjà dans la liste."))
    session.delete(found)
    record(session, actor, Action.TAKE_TODO_BACK, _name_of(key), product_id=product.id)


def _name_of(key: str) -> str:
    """What a key of `TodoLine` asks, in French."""
    named = key.partition(":")[2].partition(":")[0]
    known = catalogue.measures().get(named) or catalogue.finding_rules().get(named)
    return known.name.fr if known else key
