"""Five years, day by day, of two products: every reminder sent, as a list that a person can read and agree with."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import time_machine
from sqlalchemy import select

from app.homologation import outside
from app.homologation.kinds import Origin, Outcome
from app.homologation.outside import Elsewhere
from app.homologation.wishes import Wish
from app.identity.kinds import Role
from app.identity.models import Person
from app.products.models import Product
from app.renewals import planning
from app.renewals.models import Digest, Reminder
from tests.conftest import on_sqlite

GOLDEN = Path(__file__).parents[2] / "data" / "reminders_five_years.txt"
START = date(2026, 1, 12)
DECIDED = [date(2026, 12, 14), date(2027, 11, 15), date(2028, 10, 16), date(2029, 9, 17), date(2030, 8, 19)]


def morning(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def live(world, day: date, follower: Product, owner: Person) -> None:
    """What the team that follows does that day; the other one never does anything."""
    with world.session() as session:
        product = session.merge(follower)
        if day == date(2026, 6, 25):
            product.declared_analysis = True
        if day in DECIDED:
            values = Elsewhere(Origin.PAPER, "Andrée Laurent", day, Wish(Outcome.FAVOURABLE, 12, ""))
            outside._add(session, owner, product, values, None)
        session.commit()


def sent(world) -> str:
    with world.session(writing=False) as session:
        rows = session.execute(
            select(Digest.day, Person.name, Product.name, Reminder.kind, Reminder.due)
            .join(Reminder, Reminder.digest_id == Digest.id)
            .join(Person, Person.id == Digest.person_id)
            .join(Product, Product.id == Reminder.product_id)
            .order_by(Product.name, Digest.day, Person.name)
        ).all()
    lines = [f"{product:<8} {day} {person:<20} {kind.value:<18} due {due}" for day, person, product, kind, due in rows]
    return "\n".join(lines) + "\n"


@on_sqlite
def test_every_reminder_of_five_years(world):
    with time_machine.travel(morning(START)):
        owner, idle = world.person(), world.person("autre@exemple.test", "Sam Diallo")
        follower = world.product(owner, name="Suit", start=START)
        ignorer = world.product(idle, name="Ignore", start=START)
        member = world.person("incubateur@exemple.test", "Maxime Garcia")
        authority = world.person("autorite@exemple.test", "Andrée Laurent")
        world.give(member, Role.INCUBATOR_MEMBER, incubator_id=ignorer.incubators[0].id)
        world.give(authority, Role.AUTHORITY, product_id=ignorer.id)
    for n in range(5 * 365):
        day = START + timedelta(days=n)
        with time_machine.travel(morning(day), tick=False):
            if day in {*DECIDED, date(2026, 6, 25)}:
                live(world, day, follower, owner)
            with world.database.writing() as session:
                planning.plan_today(session)
    assert sent(world) == GOLDEN.read_text(encoding="utf-8")
