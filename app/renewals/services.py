"""What people change about deadlines: put off, escalate sooner, decline early reminders; and what was told to whom."""

from collections.abc import Sequence
from datetime import date

from flask_babel import format_date
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Incubator, Product, product_incubator
from app.renewals import channels, deadlines
from app.renewals.deadlines import POSTPONABLE
from app.renewals.models import MAIL, Digest, Postponement, Reminder
from risk_models.rules import schedule
from risk_models.scales import DeadlineKind


@transaction
def postpone_deadline(
    session: Session, actor: Person, product: Product, kind: DeadlineKind, *, until: date, reason: str
) -> None:
    """Puts off what `product` owes of this kind, once, within the limit. Raises `Refusal`."""
    found = next((d for d in deadlines.deadlines_of_product(session, product) if d.kind is kind), None)
    if found is None or kind not in POSTPONABLE:
        raise Refusal(_l("Cette échéance ne se reporte pas."))
    if found.postponed:
        raise Refusal(_l("Cette échéance a déjà été reportée une fois."))
    limit = schedule.latest_postponement(found.due)
    if limit <= clock.today():
        raise Refusal(_l("Il est trop tard pour la reporter : elle est passée de plus de six mois."))
    if not max(found.due, clock.today()) < until <= limit:
        raise Refusal(
            _l("Choisissez une date à venir, le %(day)s au plus tard.", day=format_date(limit, "d MMMM yyyy")), "until"
        )
    session.add(
        Postponement(
            id=new_id(),
            product_id=product.id,
            kind=kind,
            due=found.due,
            until=until,
            reason=reason,
            by=actor.name,
            given_at=clock.now(),
        )
    )
    record(session, actor, Action.POSTPONE, reason, product_id=product.id, kind=kind.value, until=until.isoformat())


@transaction
def set_escalation(session: Session, actor: Person, incubator: Incubator, *, told: int, authority: int) -> None:
    """After how many weeks late the incubator, then the authority, are told. Raises `Refusal`."""
    if authority < told:
        raise Refusal(_l("L’autorité n’est pas prévenue avant l’incubateur."), "authority")
    incubator.told_after_weeks, incubator.authority_after_weeks = told, authority
    record(session, actor, Action.SET_ESCALATION, f"{incubator.name} : {told}, {authority}")


@transaction
def set_preferences(session: Session, actor: Person, *, early: bool, mail: bool) -> None:
    """Whether to be told more than a month ahead, and by mail; the last reminders of a duty cannot be declined.

    Raises `Refusal` when nothing would be left to be told by.
    """
    if not mail and not channels.channels_of_person(session, actor.id):
        raise Refusal(_l("Ajoutez d’abord un canal : sans courriel ni canal, personne ne vous préviendrait."), "mail")
    actor.early_reminders, actor.mail_reminders = early, mail
    record(session, actor, Action.SET_REMINDERS, f"early: {early}, mail: {mail}".lower())


def told_of(session: Session, product_id: str) -> Sequence[tuple[Reminder, Person, Digest]]:
    """What was told of a product, newest first, to whom, in which digest."""
    rows = session.execute(
        select(Reminder, Person, Digest)
        .join(Person, Person.id == Reminder.person_id)
        .join(Digest, Digest.id == Reminder.digest_id)
        .where(Reminder.product_id == product_id)
        .order_by(Digest.day.desc(), Person.name)
        .limit(200)
    )
    return [(reminder, person, digest) for reminder, person, digest in rows]


def undelivered_digests(session: Session, incubator_id: str) -> Sequence[tuple[Digest, Person]]:
    """Mails about this incubator's products that no server took or delivered, newest first."""
    about = (
        select(Reminder.digest_id)
        .join(product_incubator, product_incubator.c.product_id == Reminder.product_id)
        .where(product_incubator.c.incubator_id == incubator_id)
    )
    rows = session.execute(
        select(Digest, Person)
        .join(Person, Person.id == Digest.person_id)
        .where(Digest.failed_at.is_not(None), Digest.channel == MAIL, Digest.id.in_(about))
        .order_by(Digest.day.desc(), Person.name)
        .limit(100)
    )
    return [(digest, person) for digest, person in rows]


def digest_of(session: Session, digest_id: str) -> Digest:
    """A digest with its reminders, the most pressing first."""
    return (
        session.scalars(select(Digest).where(Digest.id == digest_id).options(joinedload(Digest.reminders)))
        .unique()
        .one()
    )


def others_told(session: Session, digest: Digest) -> dict[str, set[str]]:
    """By product of `digest`, the names of the others told of it the same day."""
    rows = session.execute(
        select(Reminder.product_id, Person.name)
        .join(Digest, Digest.id == Reminder.digest_id)
        .join(Person, Person.id == Reminder.person_id)
        .where(
            Digest.day == digest.day,
            Reminder.product_id.in_({r.product_id for r in digest.reminders}),
            Reminder.person_id != digest.person_id,
        )
    )
    found: dict[str, set[str]] = {}
    for product_id, name in rows:
        found.setdefault(product_id, set()).add(name)
    return found
