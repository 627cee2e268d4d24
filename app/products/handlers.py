"""Jobs of this feature: the letters about who has a role on a product."""

from sqlalchemy import select

from app.identity import directory
from app.identity.forms import ROLE_WORDS
from app.identity.jobs import (
    AskListingConfirmed,
    AskMove,
    SendInvitation,
    TellAuthorityNamed,
    TellListed,
    TellMoved,
    TellMoveRefused,
)
from app.identity.kinds import Role
from app.identity.models import Grant, ListedAuthority, Person
from app.platform import mail_templates
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.platform.links import link_to
from app.products import moves
from app.products.models import Incubator, Product
from app.products.services import incubators_of


def register(jobs: Jobs) -> None:
    jobs.handle(SendInvitation, send_invitation)
    jobs.handle(TellAuthorityNamed, tell_authority_named)
    jobs.handle(AskListingConfirmed, ask_listing_confirmed)
    jobs.handle(TellListed, tell_listed)
    jobs.handle(TellMoved, tell_moved)
    jobs.handle(AskMove, ask_move)
    jobs.handle(TellMoveRefused, tell_move_refused)


def send_invitation(database: Database, task: SendInvitation) -> None:
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        product = session.get(Product, task.product_id) if task.product_id else None
    mail_templates.write_to(
        person,
        "invitation",
        person.id,
        task.role,
        task.next_path,
        by=task.by,
        role=ROLE_WORDS[task.role],
        product=product,
        link=link_to("identity.sign_in", next=task.next_path),
    )


def tell_authority_named(database: Database, task: TellAuthorityNamed) -> None:
    """The incubator learns who will decide for a product."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        product = session.get_one(Product, task.product_id)
        theirs = select(Grant.incubator_id).where(Grant.person_id == person.id, Grant.role == Role.INCUBATOR_MEMBER)
        of_product = select(Incubator.slug).where(Incubator.id.in_(incubators_of(session, product.id)))
        slug = session.scalar(of_product.where(Incubator.id.in_(theirs)).order_by(Incubator.slug).limit(1))
    mail_templates.write_to(
        person,
        "authority_named",
        product.id,
        person.id,
        task.at,
        product=product,
        by=task.by,
        named=task.named,
        link=link_to("products.team", slug=product.slug),
        directory=link_to("directory.index", slug=slug) if slug else link_to("portfolio.incubators"),
    )


def ask_listing_confirmed(database: Database, task: AskListingConfirmed) -> None:
    """A second person learns that an authority waits for a confirmation."""
    with database.reading() as session:
        listed = directory.listing_of(session, task.listing_id)
        person = session.get_one(Person, task.person_id)
        incubator = session.get_one(Incubator, listed.incubator_id)
    if listed.ended_at is None and listed.confirmed_at is None:
        link = link_to("directory.confirm", slug=incubator.slug, listing_id=listed.id)
        _tell_of_listing("ask_listing_confirmed", person, listed, incubator, link)


def tell_listed(database: Database, task: TellListed) -> None:
    """The authority learns that an incubator vouches for it, or no more."""
    with database.reading() as session:
        listed = directory.listing_of(session, task.listing_id)
        incubator = session.get_one(Incubator, listed.incubator_id)
    _tell_of_listing("tell_listed", listed.person, listed, incubator, link_to("home.index"), ended=task.ended)


def _tell_of_listing(
    template: str, person: Person, listed: ListedAuthority, incubator: Incubator, link: str, *, ended: bool = False
) -> None:
    mail_templates.send_letter(
        mail_templates.compose_letter(
            template,
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id(template, listed.id, person.id, str(ended)),
            person=person,
            listed=listed,
            incubator=incubator,
            ended=ended,
            link=link,
        )
    )


def tell_moved(database: Database, task: TellMoved) -> None:
    """An incubator learns that a product left or joined it."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        product = session.get_one(Product, task.product_id)
    mail_templates.write_to(
        person,
        "product_moved",
        product.id,
        person.id,
        task.incubator,
        task.at,
        product=product,
        incubator=task.incubator,
        joined=task.joined,
        by=task.by,
        link=link_to("portfolio.incubators"),
    )


def ask_move(database: Database, task: AskMove) -> None:
    """An incubator is asked; nothing where it was answered meanwhile."""
    with database.reading() as session:
        person, product = session.get_one(Person, task.person_id), session.get(Product, task.product_id)
        asked = [m for m in moves.moves_to_answer(session, task.incubator_id) if m.product_id == task.product_id]
    if product is None or not asked:
        return
    mail_templates.write_to(
        person,
        "ask_move",
        product.id,
        person.id,
        task.incubator_id,
        task.at,
        product=product,
        incubator=asked[0].incubator,
        joins=asked[0].joins,
        stays=asked[0].stays,
        by=task.by,
        link=link_to("moves.index", slug=asked[0].incubator.slug),
    )


def tell_move_refused(database: Database, task: TellMoveRefused) -> None:
    with database.reading() as session:
        person, product = session.get_one(Person, task.person_id), session.get(Product, task.product_id)
        incubator = session.get_one(Incubator, task.incubator_id)
    if product is None:
        return
    mail_templates.write_to(
        person,
        "move_refused",
        product.id,
        person.id,
        task.at,
        product=product,
        incubator=incubator,
        by=task.by,
        link=link_to("products.card", slug=product.slug),
    )
