"""Jobs of this feature: planning each day's digests, sending each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from app.identity.kinds import Role
from app.identity.models import Person
from app.platform import clock, mail_templates
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.platform.links import link_to
from app.platform.mail import Mail
from app.platform.notifying import UnknownAddress
from app.products.models import Product
from app.renewals import channels, planning, services
from app.renewals.deadlines import PAGES, POSTPONABLE
from app.renewals.jobs import SendDigest
from app.renewals.models import Channel, Digest, Reminder
from risk_models.scales import DeadlineKind


def register(to: Jobs) -> None:
    to.every_minute(plan_digests)
    to.handle(SendDigest, send_digest, on_giving_up=give_up_digest)


def plan_digests(database: Database) -> None:
    with database.writing() as session:
        planning.plan_today(session)


@dataclass(frozen=True, slots=True)
class DigestParagraph:
    """One paragraph of a digest: one deadline of one product, or several of a kind and day."""

    product: Product
    kind: DeadlineKind
    due: date
    link: str
    others: tuple[str, ...]
    theirs: bool  # of who reads: to do, and not to have done


def send_digest(database: Database, task: SendDigest) -> None:
    """Sends one digest; a worker killed between sending and noting sends again with the same Message-ID."""
    with database.reading() as session:
        digest = services.digest_of(session, task.digest_id)
        if digest.sent_at is not None or not digest.reminders:
            return
        person = session.get_one(Person, digest.person_id, options=[selectinload(Person.grants)])
        found = {r.product_id for r in digest.reminders}
        products = {p.id: p for p in session.scalars(select(Product).where(Product.id.in_(found)))}
        told = _told(digest, person, products, services.others_told(session, digest))
        mail = _letter(digest, person, told)
        channel = session.get(Channel, digest.channel) if digest.channel else None
    if digest.channel and channel is None:
        give_up_digest(database, task, "this channel was removed")
        return
    if channel:
        try:
            channels.send_to_channel(channel, mail.subject, mail.text)
        except UnknownAddress as error:
            give_up_digest(database, task, str(error))
            return
    else:
        mail_templates.send_letter(mail)
    with database.writing() as session:
        done = {"failed_at": None, "error": ""}
        session.execute(update(Digest).where(Digest.id == digest.id).values(sent_at=clock.now(), **done))
        session.execute(update(Channel).where(Channel.id == digest.channel).values(**done))


def _told(
    digest: Digest, person: Person, products: dict[str, Product], others: dict[str, set[str]]
) -> list[DigestParagraph]:
    teams = {g.product_id for g in person.grants if g.role is Role.TEAM_MEMBER}
    found = dict[tuple[str, DeadlineKind, date], DigestParagraph]()
    for reminder in digest.reminders:
        product = products[reminder.product_id]
        link = link_to(PAGES.get(reminder.kind, "home.product"), slug=product.slug)
        names = tuple(sorted(others.get(product.id, ())))
        theirs = product.id in teams or reminder.kind is DeadlineKind.DELEGATION
        found.setdefault(_topic(reminder), DigestParagraph(product, reminder.kind, reminder.due, link, names, theirs))
    return sorted(found.values(), key=lambda t: (t.due, t.product.name))


def _topic(reminder: Reminder) -> tuple[str, DeadlineKind, date]:
    return reminder.product_id, reminder.kind, reminder.due


def _letter(digest: Digest, person: Person, told: Sequence[DigestParagraph]) -> Mail:
    return mail_templates.compose_letter(
        "digest",
        to=person.email,
        language=person.language,
        message_id=digest.message_id,
        person=person,
        told=told,
        may_ask_postponement=any(t.theirs and t.kind in POSTPONABLE for t in told),
        preferences=link_to("renewals.preferences"),
    )


def give_up_digest(database: Database, task: SendDigest, error: str) -> None:
    """After the last try: another channel falls back on mail; of a mail the incubator sees it, and calls."""
    with database.writing() as session:
        digest = session.get(Digest, task.digest_id)
        if digest is not None:
            digest.failed_at, digest.error = clock.now(), error[:500]
            if digest.channel:
                channels.fall_back(session, digest, error)
