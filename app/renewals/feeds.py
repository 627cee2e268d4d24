"""Calendars at secret addresses: opened, read, revoked. Whoever holds the address reads what its person may read today."""

import hashlib
import secrets
from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload, subqueryload

from app.identity import policy
from app.identity.models import Person
from app.identity.policy import Permission
from app.journal.actions import Action
from app.journal.models import JournalEntry
from app.journal.services import record
from app.platform import clock
from app.platform.database import Database, new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products import services as products
from app.products.models import Incubator, Product
from app.renewals.models import CalendarFeed

_MOST = 20


@transaction
def open_feed(session: Session, actor: Person, scope: Product | Incubator | None) -> str:
    """A new calendar of `scope`, or of all that `actor` follows; its secret, shown this once. Raises `Refusal`."""
    if len(feeds_of(session, actor.id)) >= _MOST:
        raise Refusal(_l("Vous avez déjà %(num)d agendas : révoquez-en un.", num=_MOST))
    secret = secrets.token_urlsafe(24)
    feed = CalendarFeed(
        id=new_id(),
        person_id=actor.id,
        product_id=scope.id if isinstance(scope, Product) else None,
        incubator_id=scope.id if isinstance(scope, Incubator) else None,
        secret_hash=_hash(secret),
        title=scope.name if scope else _("Mes produits"),
        created_at=clock.now(),
    )
    session.add(feed)
    record(session, actor, Action.OPEN_FEED, feed.title, product_id=feed.product_id)
    return secret


def feeds_of(session: Session, person_id: str) -> Sequence[CalendarFeed]:
    return session.scalars(
        select(CalendarFeed).where(CalendarFeed.person_id == person_id).order_by(CalendarFeed.created_at)
    ).all()


@transaction
def revoke_feed(session: Session, actor: Person, feed_id: str) -> None:
    """Its address answers no more. Raises `Refusal`."""
    feed = session.scalar(select(CalendarFeed).where(CalendarFeed.id == feed_id, CalendarFeed.person_id == actor.id))
    if feed is None:
        raise Refusal(_l("Cet agenda est déjà révoqué."))
    record(session, actor, Action.REVOKE_FEED, feed.title, product_id=feed.product_id)
    session.delete(feed)


def read_calendar_feed(session: Session, secret: str) -> tuple[CalendarFeed, list[Product], str] | None:
    """The calendar at this address, its products, phases and incubators loaded, and the language of its person; None for no such address, or for a
    product or an incubator that its person may no longer read."""
    feed = session.scalar(select(CalendarFeed).where(CalendarFeed.secret_hash == _hash(secret)))
    if feed is None:
        return None
    person = session.get_one(Person, feed.person_id, options=[selectinload(Person.grants)])
    if feed.incubator_id and not policy.allows(
        Permission.READ_INCUBATOR,
        policy.roles_on(person.grants, product_id=None, incubator_ids={feed.incubator_id}),
    ):
        return None
    statement = select(Product).options(subqueryload(Product.phases), subqueryload(Product.incubators))
    if feed.incubator_id:
        statement = statement.where(Product.incubators.any(Incubator.id == feed.incubator_id))
    else:
        found = [p.id for p in products.readable_products(session, person)]
        statement = statement.where(Product.id.in_([i for i in found if feed.product_id in {None, i}]))
    owed = list(session.scalars(statement.order_by(Product.name)))
    if feed.product_id and not owed:
        return None
    return feed, owed, person.language


def note_reading(database: Database, feed: CalendarFeed) -> None:
    """Notes, once a day, that somebody holds the address: its person sees it and may revoke it. Alone among what a page
    that is read does, it writes, in a transaction of its own."""
    if feed.read_on != clock.today():
        with database.writing() as session:
            session.execute(update(CalendarFeed).where(CalendarFeed.id == feed.id).values(read_on=clock.today()))


def read_revisions(session: Session, product_ids: Sequence[str]) -> dict[str, int]:
    """By product, how often it changed: what moves its deadlines leaves a line in the journal."""
    rows = session.execute(
        select(JournalEntry.product_id, func.count())
        .where(JournalEntry.product_id.in_(product_ids))
        .group_by(JournalEntry.product_id)
    )
    return {product_id: count for product_id, count in rows if product_id}


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
