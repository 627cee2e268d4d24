"""The catalogue of usual components: the package's own, and what administrators add or put in its place."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.identity.models import Person
from app.inventory.models import UsualEntry
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from risk_models import catalogue
from risk_models.catalogue import UsualComponent
from risk_models.scales import DataKind


def read_usual_entries(session: Session) -> Sequence[UsualEntry]:
    """What administrators wrote, by name."""
    return session.scalars(select(UsualEntry).order_by(UsualEntry.name)).all()


def known_usual_components(session: Session) -> list[UsualComponent]:
    """By name; an administrator's entry takes the place of the package's entry of the same name."""
    ours = {entry.name.lower(): _value(entry) for entry in read_usual_entries(session)}
    theirs = {one.name.lower(): one for one in catalogue.usual_components()}
    return sorted((theirs | ours).values(), key=lambda one: one.name.lower())


def find_called(session: Session, name: str) -> UsualComponent | None:
    """What the catalogue knows under this name or another that people give it."""
    wanted = name.strip().lower()
    return next((one for one in known_usual_components(session) if wanted in one.names), None)


def _value(entry: UsualEntry) -> UsualComponent:
    return UsualComponent(
        name=entry.name,
        aliases=tuple(entry.aliases),
        kind=entry.kind,
        hostings=(entry.hosting,),
        exposure=entry.exposure,
        supplier=entry.supplier,
        location=entry.location,
        purl=entry.purl,
        cpe=entry.cpe,
        eol_product=entry.eol_product,
        data=tuple(DataKind(d) for d in entry.data),
        embeds=tuple(entry.embeds),
    )


def entry_of(session: Session, entry_id: str) -> UsualEntry | None:
    return session.get(UsualEntry, entry_id)


def new_entry(actor: Person) -> UsualEntry:
    return UsualEntry(id=new_id(), added_by=actor.name, added_at=clock.now())


@transaction
def save_usual(session: Session, actor: Person, entry: UsualEntry) -> None:
    """Adds or changes an entry. Raises `Refusal` at the field when another bears its name."""
    with session.no_autoflush:
        same = session.scalar(
            select(UsualEntry.id).where(func.lower(UsualEntry.name) == entry.name.lower(), UsualEntry.id != entry.id)
        )
    if same:
        raise Refusal(_l("Une autre entrée porte déjà ce nom."), "name")
    session.add(entry)
    record(session, actor, Action.SAVE_USUAL_COMPONENT, entry.name)


@transaction
def remove_usual(session: Session, actor: Person, entry: UsualEntry) -> None:
    """Forgets an entry; products that took it keep what they wrote."""
    record(session, actor, Action.REMOVE_USUAL_COMPONENT, entry.name)
    session.delete(entry)
