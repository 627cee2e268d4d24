"""What is done, planned or set aside against the weak points."""

from collections.abc import Mapping, Sequence
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, selectinload, subqueryload

from app.identity.models import Person
from app.inventory.models import Component
from app.journal.actions import Action
from app.journal.services import changes_of, record
from app.mitigations.models import Measure
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models import catalogue, product_file
from risk_models.ranking.knowledge import team_can_set
from risk_models.scales import CLAIMED, SETTLED, MeasureStatus, ProofState
from risk_models.system import Component as ComponentValue
from risk_models.system import Measure as MeasureValue
from risk_models.system import System, extra_of

ANSWERED = frozenset({MeasureStatus.DONE, MeasureStatus.PARTIAL, MeasureStatus.PLANNED, MeasureStatus.NOT_APPLICABLE})


def measures_of(session: Session, product_id: str) -> Sequence[Measure]:
    return _measures_of_many(session, [product_id])


def _measures_of_many(session: Session, product_ids: Sequence[str]) -> Sequence[Measure]:
    return session.scalars(
        select(Measure)
        .where(Measure.product_id.in_(product_ids))
        .options(subqueryload(Measure.on))
        .order_by(Measure.measure, Measure.id)
    ).all()


def planned_of_many(session: Session, product_ids: Sequence[str]) -> Sequence[Measure]:
    """The measures that teams planned for a day."""
    return session.scalars(
        select(Measure)
        .where(Measure.product_id.in_(product_ids), Measure.status == MeasureStatus.PLANNED, Measure.due.is_not(None))
        .order_by(Measure.due, Measure.id)
    ).all()


def measure_of(session: Session, product_id: str, measure_id: str) -> Measure | None:
    return session.scalar(
        select(Measure)
        .where(Measure.product_id == product_id, Measure.id == measure_id)
        .options(selectinload(Measure.on))
    )


def measure_values_of_many(session: Session, product_ids: Sequence[str]) -> dict[str, list[MeasureValue]]:
    """By product, its measures as values."""
    found: dict[str, list[MeasureValue]] = {product_id: [] for product_id in product_ids}
    for m in _measures_of_many(session, product_ids):
        on = tuple(c.ref for c in m.on)
        extra = extra_of(m.extra)
        found[m.product_id].append(
            MeasureValue(m.measure, on, m.status, m.due, m.owner or None, m.reason or None, extra)
        )
    return found


def proofs_by_row(rows: Sequence[Measure], system: System) -> dict[str, ProofState | None]:
    """By row, what the proof of its measure is worth in `system`."""
    proofs = {(m.measure, m.on): m.proof for m in system.measures if m.inherited_from is None}
    return {row.id: proofs.get((row.measure, tuple(c.ref for c in row.on))) for row in rows}


def asked_of_others(rows: Sequence[Measure], system: System) -> dict[str, list[ComponentValue]]:
    """By row not yet in place, the components where it is for their host or publisher to put it in place."""
    known, components = catalogue.measures(), {c.id: c for c in system.components}
    still = [row for row in rows if row.measure in known and row.status not in SETTLED]
    return {
        row.id: [
            components[c.ref]
            for c in row.on
            if c.ref in components and not team_can_set(known[row.measure], components[c.ref])
        ]
        for row in still
    }


@transaction
def save_measure(
    session: Session,
    actor: Person,
    product: Product,
    measure: Measure,
    on: Sequence[str],
    *,
    new: bool,
    offered: Mapping[str, str],
) -> None:
    """Adds or changes what is said of a measure. Raises `Refusal` at the field that is missing.

    `offered`: by measure, the common service that brings it and that the product does not use.
    """
    kind = _checked(measure, on, offered)
    with session.no_autoflush:
        found = session.scalars(
            select(Component).where(Component.product_id == product.id, Component.ref.in_(on))
        ).all()
        if len(found) != len(set(on)):
            raise Refusal(_l("Un de ces composants n’existe plus. Choisissez-en un autre."), "on")
        _take_over(session, product.id, measure, {c.id for c in found})
        if new:
            measure.product_id = product.id
            session.add(measure)
        measure.on = list(found)
        measure.touched(actor.name)
        changes = changes_of(measure)
    record(
        session,
        actor,
        Action.SAVE_MEASURE,
        kind.name.fr,
        product_id=product.id,
        status=measure.status.value,
        on=list(on),
        **changes,
    )


def _newly_due(measure: Measure) -> date:
    """The day that whoever saves promises; one promised before, and missed, may stay."""
    state = inspect(measure)
    kept = (
        state.persistent and not state.attrs.due.history.has_changes() and not state.attrs.status.history.has_changes()
    )
    return date.max if kept or measure.due is None else measure.due


def _checked(measure: Measure, on: Sequence[str], offered: Mapping[str, str]) -> catalogue.MeasureKind:
    """What the catalogue says of `measure`. Raises `Refusal` at the field that its status asks for and that is empty."""
    kind = catalogue.measures().get(measure.measure)
    if kind is None:
        raise Refusal(_l("Cette mesure n’est pas au catalogue."))
    if measure.status is MeasureStatus.PLANNED and not measure.due:
        raise Refusal(_l("Pour quand ? Une mesure prévue a une date."), "due")
    if measure.status is MeasureStatus.PLANNED and _newly_due(measure) < clock.today():
        raise Refusal(_l("Cette date est passée : choisissez le jour où la mesure sera faite."), "due")
    if measure.status is MeasureStatus.PLANNED and not measure.owner:
        raise Refusal(_l("Par qui ? Une mesure prévue a une personne responsable."), "owner")
    if measure.status is MeasureStatus.NOT_APPLICABLE and not measure.reason:
        raise Refusal(_l("Dites pourquoi : l’autorité lira cette raison."), "reason")
    if measure.status in CLAIMED and not measure.reason and measure.measure in offered:
        raise Refusal(
            _l(
                "« %(service)s » l’apporte à qui l’utilise : déclarez-le depuis les services communs, ou dites ici comment"
                " vous l’avez en propre.",
                service=offered[measure.measure],
            ),
            "reason",
        )
    if not on and not kind.organisational and measure.status is not MeasureStatus.NOT_APPLICABLE:
        raise Refusal(_l("Sur quels composants ? Cochez-en au moins un."), "on")
    return kind


def _take_over(session: Session, product_id: str, measure: Measure, components: set[str]) -> None:
    """Takes these components from what was left undecided of the same measure. Raises `Refusal` where it was answered."""
    for other in measures_of(session, product_id):
        if other.id == measure.id or other.measure != measure.measure:
            continue
        both = components & {c.id for c in other.on}
        if not both and (components or other.on):
            continue
        if other.status is not MeasureStatus.TO_DO or measure.status is MeasureStatus.TO_DO:
            raise Refusal(_l("Cette mesure est déjà renseignée ici. Modifiez la ligne existante."), "on")
        other.on = [c for c in other.on if c.id not in both]
        if not other.on:
            session.delete(other)


@transaction
def remove_measure(session: Session, actor: Person, product: Product, measure: Measure) -> None:
    record(session, actor, Action.REMOVE_MEASURE, measure.measure, product_id=product.id)
    session.delete(measure)


def write_measures(
    session: Session, product_id: str, measures: Sequence[MeasureValue], rows: dict[str, Component]
) -> None:
    """Makes the measures what a product file says."""
    for known in measures_of(session, product_id):
        session.delete(known)
    for value in measures:
        measure = Measure(
            id=new_id(),
            product_id=product_id,
            measure=value.measure,
            status=value.status,
            due=value.due,
            owner=value.owner or "",
            reason=value.reason or "",
            extra=product_file.extra_dict(value.extra),
        )
        measure.on = [rows[c] for c in value.on]
        session.add(measure)
