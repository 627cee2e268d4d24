"""Writing to the teams of many products at once: shown before it is sent, once a day a product."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, mail_templates
from app.platform.database import Database
from app.platform.links import link_to
from app.platform.mail import Mail
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.portfolio import glances
from app.portfolio.jobs import RemindTeam
from app.portfolio.models import Glance
from app.products import changes
from app.products.models import Incubator, Product
from risk_models.rules.standing import NextAct

MOST = 200


@dataclass(frozen=True, slots=True)
class Recipient:
    """A product, its team and its next act, due on a day; `why_not` a code of the words `relaunch_refused` where nobody
    is written to."""

    product: Product
    people: tuple[Person, ...]
    act: NextAct | None
    due: date | None
    why_not: str = ""


def find_recipients(session: Session, incubator: Incubator, slugs: Sequence[str]) -> list[Recipient]:
    """To whom a relaunch about these products of `incubator` would go, by name of product."""
    products = session.scalars(
        select(Product)
        .where(Product.incubators.any(Incubator.id == incubator.id), Product.slug.in_(slugs[:MOST]))
        .order_by(Product.name)
    ).all()
    ids = [p.id for p in products]
    teams = glances.teams_of(session, ids)
    owed = {g.product_id: g for g in session.scalars(select(Glance).where(Glance.product_id.in_(ids)))}
    return [_recipient(product, teams.get(product.id, []), owed.get(product.id)) for product in products]


def _recipient(product: Product, team: Sequence[Person], glance: Glance | None) -> Recipient:
    act, due = (glance.next_act, glance.act_due) if glance else (None, None)
    if act is None:
        return Recipient(product, (), act, due, "nothing")
    if act.is_of_others:
        return Recipient(product, (), act, due, "waiting")
    if product.relaunched_on == clock.today():
        return Recipient(product, (), act, due, "today")
    return Recipient(product, tuple(team), act, due, "" if team else "nobody")


def compose_reminder(
    person: Person, product: Product, *, act: NextAct | None, due: date | None, sender: str, note: str, day: str
) -> Mail:
    """What each will read."""
    return mail_templates.compose_letter(
        "relaunch",
        to=person.email,
        language=person.language,
        message_id=mail_templates.message_id("relaunch", product.id, person.id, day),
        person=person,
        product=product,
        act=act,
        due=due,
        sender=sender,
        note=note,
        link=link_to("home.product", slug=product.slug),
    )


@transaction
def remind_teams(session: Session, actor: Person, incubator: Incubator, slugs: Sequence[str], note: str) -> int:
    """Writes to each team of these products that was not written to today; how many products. Raises `Refusal`."""
    count = 0
    changes.hold_products(session, Product.slug.in_(slugs[:MOST]))
    for recipient in find_recipients(session, incubator, slugs):
        if recipient.why_not:
            continue
        product = recipient.product
        taken = session.execute(
            update(Product)
            .where(Product.id == product.id, Product.relaunched_on.is_distinct_from(clock.today()))
            .values(relaunched_on=clock.today())
            .returning(Product.id)
        ).all()
        if not taken:  # somebody else has just written to them
            continue
        count += 1
        for person in recipient.people:
            day = clock.today().isoformat()
            reminded = RemindTeam(product.id, person.id, actor.name, note, recipient.act, recipient.due, day)
            jobs.enqueue(session, reminded)
        names = ", ".join(person.name for person in recipient.people)
        record(session, actor, Action.RELAUNCH_TEAM, names, product_id=product.id, note=note)
    if not count:
        raise Refusal(_l("Aucune de ces équipes ne peut être relancée aujourd’hui."))
    return count


def send_reminder(database: Database, task: RemindTeam) -> None:
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        product = session.get_one(Product, task.product_id)
    sent = compose_reminder(
        person, product, act=task.act, due=task.due, sender=task.sender, note=task.note, day=task.day
    )
    mail_templates.send_letter(sent)
