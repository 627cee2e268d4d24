"""Where people are told: by mail, on the messaging services they add, or both; never nowhere."""

from collections.abc import Iterable, Sequence

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, mail_templates, notifying
from app.platform.database import new_id
from app.platform.notifying import NotDelivered
from app.platform.refusals import Refusal
from app.platform.secrets import Unopenable, decrypt_text, encrypt_text
from app.platform.setting_reader import Mode
from app.platform.transactions import transaction
from app.renewals.jobs import SendDigest
from app.renewals.models import MAIL, Channel, Digest, Reminder

_MOST = 5


def try_address(address: str, private_hosts: frozenset[str]) -> str:
    """The address as it is kept, once a first message has arrived there. Raises `Refusal`."""
    if current_app.config["SETTINGS"].mode is Mode.REVIEW:
        raise Refusal(_l("Cette application montre un changement : elle n’écrit à aucun service."), "address")
    try:
        known = notifying.channel_address_of(address, private_hosts=private_hosts)
    except ValueError as error:
        raise Refusal(
            _l("Cette adresse n’est pas celle d’un webhook Mattermost, ni d’un service que Jalon connaît."), "address"
        ) from error
    try:
        title, body = _("Jalon vous écrit ici"), _("Vos rappels d’échéances viendront sur ce canal.")
        notifying.notify_channel(known, title, body, private_hosts=private_hosts)
    except NotDelivered as error:
        raise Refusal(
            _l("Le premier message n’est pas arrivé : %(why)s. Vérifiez l’adresse.", why=str(error)), "address"
        ) from error
    return known


@transaction
def add_channel(session: Session, actor: Person, known: str) -> Channel:
    """A new channel of `actor`, at an address that `try_address` gave. Raises `Refusal`."""
    if len(channels_of_person(session, actor.id)) >= _MOST:
        raise Refusal(_l("Vous avez déjà %(num)d canaux : retirez-en un.", num=_MOST), "address")
    channel = Channel(
        id=new_id(),
        person_id=actor.id,
        title=notifying.notifying_service_of(known),
        address=encrypt_text(known),
        created_at=clock.now(),
    )
    session.add(channel)
    record(session, actor, Action.ADD_CHANNEL, channel.title)
    return channel


@transaction
def remove_channel(session: Session, actor: Person, channel_id: str) -> None:
    """Nothing goes there any more; without another, mail comes back. Raises `Refusal`."""
    mine = channels_of_person(session, actor.id)
    channel = next((c for c in mine if c.id == channel_id), None)
    if channel is None:
        raise Refusal(_l("Ce canal est déjà retiré."))
    if len(mine) == 1:
        actor.mail_reminders = True
    record(session, actor, Action.REMOVE_CHANNEL, channel.title)
    session.delete(channel)


def channels_of_person(session: Session, person_id: str) -> Sequence[Channel]:
    return session.scalars(select(Channel).where(Channel.person_id == person_id).order_by(Channel.created_at)).all()


def of_people(session: Session, people: Iterable[str]) -> dict[str, list[str]]:
    """By person, where they are told: `MAIL` unless they chose otherwise, and the ids of their channels."""
    found: dict[str, list[str]] = {person_id: [] for person_id in people}
    for channel_id, person_id in session.execute(select(Channel.id, Channel.person_id).order_by(Channel.created_at)):
        found.get(person_id, []).append(channel_id)
    without = set(session.scalars(select(Person.id).where(Person.mail_reminders.is_(False))))
    return {p: channels if p in without and channels else [MAIL, *channels] for p, channels in found.items()}


def send_to_channel(channel: Channel, title: str, body: str) -> None:
    """Raises `NotDelivered`."""
    if current_app.config["SETTINGS"].mode is Mode.REVIEW:
        raise NotDelivered("an application under review writes to nobody")
    try:
        address = decrypt_text(channel.address)
    except Unopenable as error:
        raise NotDelivered("the address was encrypted under another key") from error
    notifying.notify_channel(address, title, body, private_hosts=current_app.config["SETTINGS"].private_hosts)


def fall_back(session: Session, digest: Digest, error: str) -> None:
    """After the last try on a channel: it is marked, and the day's digest goes by mail."""
    session.execute(
        update(Channel).where(Channel.id == digest.channel).values(failed_at=clock.now(), error=error[:500])
    )
    by_mail = (Digest.person_id == digest.person_id, Digest.day == digest.day, Digest.channel == MAIL)
    if session.scalar(select(Digest.id).where(*by_mail)):
        return
    made = new_id()
    day = digest.day.isoformat()
    session.execute(
        insert(Digest).values(
            id=made,
            person_id=digest.person_id,
            day=digest.day,
            channel=MAIL,
            message_id=mail_templates.message_id("digest", digest.person_id, day),
            error="",
        )
    )
    columns = (Reminder.product_id, Reminder.kind, Reminder.ref, Reminder.due, Reminder.milestone)
    rows = session.execute(select(*columns).where(Reminder.digest_id == digest.id)).mappings()
    copied = [
        dict(row) | {"id": new_id(), "person_id": digest.person_id, "channel": MAIL, "digest_id": made} for row in rows
    ]
    if copied:
        session.execute(insert(Reminder), copied)
    jobs.enqueue(session, SendDigest(made))
