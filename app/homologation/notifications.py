"""Who hears of an act on a dossier: decided, withdrawn, taken back, a signature delegated."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.homologation.dispensation_models import Dispensation
from app.homologation.jobs import TellFault, TellOfDispensation, TellOfDossier
from app.homologation.kinds import DispensationHeard, DossierState, Heard
from app.homologation.models import Dossier
from app.identity import services as identity
from app.identity.kinds import Role
from app.identity.models import Person
from app.platform import clock, jobs, mail_templates
from app.platform.database import Database
from app.platform.links import link_to
from app.products import services as products
from app.products.models import Product


def concerned_people(session: Session, product: Product, dossier: Dossier) -> list[Person]:
    """The team, the incubator, the reviewers and the authority of a dossier (opinions and authority loaded)."""
    incubators = products.incubators_of(session, product.id)
    return [
        *identity.people_with_role(session, Role.TEAM_MEMBER, product.id, incubators),
        *identity.people_with_role(session, Role.INCUBATOR_MEMBER, product.id, incubators),
        *(o.reviewer for o in dossier.opinions),
        *([dossier.authority] if dossier.authority else []),
    ]


def tell_people(
    session: Session, actor: Person, product: Product, heard: Heard, people: Iterable[Person], number: int | None = None
) -> None:
    """Writes to `people`, once each and not to who acted."""
    for person_id in {person.id: None for person in people if person.id != actor.id}:
        at = clock.now().isoformat()
        jobs.enqueue(session, TellOfDossier(person_id, product.id, number, heard, actor.name, at))


def tell_fault(session: Session, of: Dossier | Dispensation, detail: str) -> None:
    """Writes to the team and to the administrators that the file of `of` could not be made."""
    incubators = products.incubators_of(session, of.product_id)
    team = identity.people_with_role(session, Role.TEAM_MEMBER, of.product_id, incubators)
    at, ids = clock.now().isoformat(), (of.id, "") if isinstance(of, Dossier) else ("", of.id)
    for person_id in {person.id: None for person in (*team, *identity.administrators(session))}:
        jobs.enqueue(session, TellFault(person_id, ids[0], detail, at, ids[1]))


def send_fault(database: Database, task: TellFault) -> None:
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        of = (
            session.get_one(Dispensation, task.dispensation_id)
            if task.dispensation_id
            else session.get_one(Dossier, task.dossier_id)
        )
        product = session.get_one(Product, of.product_id)
    page = "dispensations.read" if task.dispensation_id else "homologation.read"
    mail_templates.send_letter(
        mail_templates.compose_letter(
            "dossier_fault",
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id("fault", of.id, person.id, task.at),
            person=person,
            product=product,
            number=of.number,
            dispensation=bool(task.dispensation_id),
            before_authority=isinstance(of, Dossier) and of.state is DossierState.DECISION,
            detail=task.detail,
            link=link_to(page, slug=product.slug, number=of.number),
        )
    )


def tell_of_dispensation(
    session: Session, actor: Person, found: Dispensation, heard: DispensationHeard, people: Iterable[Person]
) -> None:
    """Writes to `people`, once each and not to who acted."""
    for person_id in {person.id: None for person in people if person.id != actor.id}:
        jobs.enqueue(session, TellOfDispensation(person_id, found.id, heard, actor.name, clock.now().isoformat()))


def send_dispensation(database: Database, task: TellOfDispensation) -> None:
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        found = session.get(Dispensation, task.dispensation_id, options=[joinedload(Dispensation.end)])
        product = session.get_one(Product, found.product_id) if found else None
    if found is None or product is None or (task.heard is DispensationHeard.ASKED and not found.is_waiting):
        return  # answered, or taken back, before the letter left
    mail_templates.send_letter(
        mail_templates.compose_letter(
            "dispensation_told",
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id("dispensation", found.id, person.id, task.heard.value, task.at),
            person=person,
            product=product,
            heard=task.heard.value,
            by=task.by,
            ends_on=found.ends_on,
            to_homologate=found.to_homologate,
            why=_why(found, task.heard),
            link=link_to("dispensations.read", slug=product.slug, number=found.number),
        )
    )


def _why(found: Dispensation, heard: DispensationHeard) -> str:
    """The words of who acted."""
    said = {
        DispensationHeard.ASKED: found.reason,
        DispensationHeard.REFUSED: found.answer,
        DispensationHeard.ENDED: found.end.reason if found.end else "",
    }
    return said.get(heard, "")


def send_told(database: Database, task: TellOfDossier) -> None:
    heard, number = task.heard, task.number
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        product = session.get_one(Product, task.product_id)
        dossier = session.scalar(
            select(Dossier)
            .where(Dossier.product_id == product.id, Dossier.number == number)
            .options(joinedload(Dossier.decision), joinedload(Dossier.withdrawal), selectinload(Dossier.reservations))
        )
    page = (
        link_to("homologation.read", slug=product.slug, number=number)
        if number
        else link_to("deciding.delegations", slug=product.slug)
    )
    mail_templates.send_letter(
        mail_templates.compose_letter(
            "dossier_told",
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id("told", product.id, person.id, heard.value, str(number), task.at),
            person=person,
            product=product,
            heard=heard.value,
            by=task.by,
            decision=dossier.decision if dossier else None,
            withdrawal=dossier.withdrawal if dossier else None,
            lift_by=next((r.lift_by for r in dossier.reservations), None) if dossier else None,
            link=page,
        )
    )
