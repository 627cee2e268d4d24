"""Jobs of this feature: planning reminders at each sweep, sending each once."""

from typing import Any

from flask import current_app
from sqlalchemy import update

from app.identity.models import Person
from app.platform import clock, letters
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.products.models import Product
from app.renewals import services
from app.renewals.models import DeadlineKind, Reminder

_PAGES = {DeadlineKind.MEASURE: "/plan", DeadlineKind.PROOF: "/preuves"}


def register(jobs: Jobs) -> None:
    jobs.every_minute(plan_reminders)
    jobs.handles("reminder")(send_reminder)


def plan_reminders(database: Database) -> None:
    with database.writing() as session:
        services.plan(session)


def send_reminder(database: Database, arguments: dict[str, Any]) -> None:
    """Sends one reminder; a worker killed between sending and noting sends again with the same Message-ID."""
    with database.reading() as session:
        reminder = session.get_one(Reminder, arguments["reminder_id"])
        person = session.get_one(Person, reminder.person_id)
        product = session.get_one(Product, reminder.product_id)
    if reminder.sent_at is not None:
        return
    letters.send(
        letters.compose(
            "reminder",
            to=person.email,
            language=person.language,
            message_id=reminder.message_id,
            person=person,
            product=product,
            reminder=reminder,
            link=f"{current_app.config['BASE_URL']}/produits/{product.slug}{_PAGES.get(reminder.kind, '')}",
        )
    )
    with database.writing() as session:
        session.execute(update(Reminder).where(Reminder.id == reminder.id).values(sent_at=clock.now()))
