"""Common services of an incubator: described once, inherited by the products that use them, told when they change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload, subqueryload

from app.commons.jobs import TellServiceChanged
from app.commons.models import CommonMeasure, CommonService, ServiceUse
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import attachments, clock
from app.platform.attachments import Attachment
from app.platform.database import new_id
from app.platform.jobs import enqueue
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Incubator, Product
from risk_models import catalogue
from risk_models.rules import schedule
from risk_models.scales import MeasureStatus
from risk_models.system import Measure, System


def services_of(session: Session, incubator_ids: Iterable[str]) -> Sequence[CommonService]:
    """The common services of some incubators, with their measures and who uses them."""
    return session.scalars(
        select(CommonService)
        .where(CommonService.incubator_id.in_(list(incubator_ids)))
        .options(selectinload(CommonService.measures), subqueryload(CommonService.uses).joinedload(ServiceUse.product))
        .order_by(CommonService.name)
    ).all()


def service_of(session: Session, incubator_ids: Iterable[str], service_id: str) -> CommonService | None:
    return next((s for s in services_of(session, incubator_ids) if s.id == service_id), None)


def uses_of(session: Session, product_id: str) -> Sequence[ServiceUse]:
    return _uses_of_many(session, [product_id])


def _uses_of_many(session: Session, product_ids: Sequence[str]) -> Sequence[ServiceUse]:
    return session.scalars(
        select(ServiceUse)
        .join(ServiceUse.product)
        .join(ServiceUse.service)
        .where(
            ServiceUse.product_id.in_(product_ids),
            Product.incubators.any(
                Incubator.id == CommonService.incubator_id
            ),  # a product that leaves inherits no more
        )
        .options(joinedload(ServiceUse.service).selectinload(CommonService.measures))
        .order_by(ServiceUse.service_id)
    ).all()


def offered_and_unused(session: Session, product: Product) -> dict[str, str]:
    """By measure, the service of its incubators that brings it and that the product does not use."""
    used = {use.service_id for use in uses_of(session, product.id)}
    offered = services_of(session, [i.id for i in product.incubators])
    return {m.measure: s.name for s in offered if s.id not in used for m in s.measures}


def with_inherited(session: Session, systems: Mapping[str, System]) -> dict[str, System]:
    """The systems by product id, each with what the common services that it uses bring to its components."""
    found = dict(systems)
    for use in _uses_of_many(session, list(systems)):
        system = found[use.product_id]
        found[use.product_id] = replace(system, measures=(*system.measures, *_inherited(use, system)))
    return found


def _inherited(use: ServiceUse, system: System) -> list[Measure]:
    kinds = {c.id: c.kind for c in system.components}
    named = [ref for ref in use.components if ref in kinds]
    brought = []
    for given in use.service.measures:
        kind = catalogue.measures().get(given.measure)
        if kind is None:
            continue
        on = tuple(ref for ref in named if kind.applies_to(kinds[ref]))
        if on or kind.organisational:
            proof = given.proof(clock.today())
            brought.append(Measure(given.measure, on, MeasureStatus.DONE, proof=proof, inherited_from=use.service.name))
    return brought


@transaction
def save_service(session: Session, actor: Person, incubator: Incubator, row: CommonService, *, new: bool) -> None:
    """Adds or changes a common service, and tells those who use it. Raises `Refusal`."""
    with session.no_autoflush:
        others = services_of(session, [incubator.id])
        if any(s.name.lower() == row.name.lower() and s.id != row.id for s in others):
            raise Refusal(_l("Un service commun porte déjà ce nom."), "name")
        row.touched(actor.name)
        if new:
            row.incubator_id = incubator.id
            session.add(row)
    record(session, actor, Action.SAVE_COMMON_SERVICE, row.name)
    if not new:
        _tell(session, actor, row, "changed")


@dataclass(frozen=True, slots=True)
class ServiceEvidence:
    """What an incubator shows of a measure: a file, the day it speaks of, where it is read ("" where nowhere)."""

    file: Attachment
    on: date
    link: str


@transaction
def bring_measure(
    session: Session, actor: Person, row: CommonService, measure: str, shown: ServiceEvidence | None
) -> None:
    """A measure that the service brings from now on; giving it again renews its proof, or takes back the one that is not
    shown any more. Raises `Refusal`."""
    kind = catalogue.measures().get(measure)
    if kind is None:
        raise Refusal(_l("Cette mesure n’est pas au catalogue."), "measure")
    if shown and shown.on > clock.today():
        raise Refusal(_l("Une preuve date d’aujourd’hui ou d’avant."), "proof_on")
    known = next((m for m in row.measures if m.measure == measure), None)
    given = known or CommonMeasure(id=new_id(), measure=measure)
    given.proof_link, given.proof_on = (shown.link, shown.on) if shown else ("", None)
    given.good_until = schedule.add_months(shown.on, kind.proof_months) if shown else None
    given.proof_sha256, given.proof_name = None, ""
    if shown:
        given.proof_sha256 = attachments.keep_attachment(session, shown.file, by=actor.id, of=row.incubator_id)
        given.proof_name = shown.file.name
    if known is None:
        row.measures.append(given)
    row.touched(actor.name)
    record(session, actor, Action.BRING_MEASURE, f"{row.name}: {kind.name.fr}")
    _tell(session, actor, row, "measure_renewed" if known else "measure_added", measure)


@transaction
def withdraw_measure(session: Session, actor: Person, row: CommonService, measure: str) -> None:
    """A measure that the service no longer brings."""
    given = next((m for m in row.measures if m.measure == measure), None)
    if given is None:
        raise Refusal(_l("Ce service n’apporte plus cette mesure."))
    row.measures.remove(given)
    row.touched(actor.name)
    kind = catalogue.measures().get(measure)
    name = kind.name.fr if kind else measure
    record(session, actor, Action.WITHDRAW_MEASURE, f"{row.name}: {name}")
    _tell(session, actor, row, "measure_gone", measure)


@transaction
def retire_service(session: Session, actor: Person, row: CommonService) -> None:
    """The service is no longer offered: nobody inherits from it any more."""
    _tell(session, actor, row, "retired")
    record(session, actor, Action.RETIRE_COMMON_SERVICE, row.name)
    session.delete(row)


def _tell(session: Session, actor: Person, row: CommonService, what: str, measure: str = "") -> None:
    """Writes to the team of each product that inherits, and to its journal."""
    hold_service(session, row)
    at = clock.now().isoformat()
    users = session.scalars(select(ServiceUse.product_id).where(ServiceUse.service_id == row.id)).all()
    teams = _teams(session, users)
    for product_id in users:
        record(
            session, actor, Action.COMMON_SERVICE_CHANGED, row.name, product_id=product_id, change=what, measure=measure
        )
        for person_id in teams.get(product_id, ()):
            told = TellServiceChanged(person_id, product_id, row.name, what, measure, row.contact, at)
            enqueue(session, told)


def hold_service(session: Session, row: CommonService) -> None:
    """Whoever begins to use a service while it changes waits for it, or is told of the change."""
    session.execute(select(CommonService.id).where(CommonService.id == row.id).with_for_update())


def _teams(session: Session, product_ids: Sequence[str]) -> dict[str, set[str]]:
    teams: dict[str, set[str]] = defaultdict(set)
    for product_id, person_id in session.execute(
        select(Grant.product_id, Grant.person_id).where(
            Grant.product_id.in_(product_ids), Grant.role == Role.TEAM_MEMBER
        )
    ):
        teams[str(product_id)].add(person_id)
    return teams


@transaction
def use_service(
    session: Session,
    actor: Person,
    product: Product,
    row: CommonService,
    components: Sequence[str],
    known: Sequence[str],
) -> None:
    """Declares that the product uses a service for `components`, refs among `known`. Raises `Refusal`."""
    if not components or set(components) - set(known):
        raise Refusal(_l("Cochez au moins un composant que ce service protège."), "components")
    hold_service(session, row)
    held = session.get(ServiceUse, (product.id, row.id))
    declared = held or ServiceUse(product_id=product.id, service_id=row.id, since=clock.today())
    declared.components, declared.declared_by = sorted(set(components)), actor.name
    session.add(declared)
    record(session, actor, Action.USE_COMMON_SERVICE, row.name, product_id=product.id, components=declared.components)


@transaction
def stop_using(session: Session, actor: Person, product: Product, service_id: str) -> None:
    held = next((u for u in uses_of(session, product.id) if u.service_id == service_id), None)
    if held is None:
        raise Refusal(_l("Ce produit n’utilise plus ce service."))
    record(session, actor, Action.STOP_COMMON_SERVICE, held.service.name, product_id=product.id)
    session.delete(held)
