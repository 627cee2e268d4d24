"""Jobs of this feature: the glances of a new day, relaunches, the yearly review of rights."""

from app.identity import reviews
from app.identity.jobs import AskRightsReview
from app.identity.models import Person
from app.platform import mail_templates
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.platform.links import link_to
from app.portfolio import glances, reminding
from app.portfolio.jobs import RemindTeam
from app.products.models import Incubator


def register(jobs: Jobs) -> None:
    jobs.every_minute(make_glances)
    jobs.handle(RemindTeam, reminding.send_reminder)
    jobs.handle(AskRightsReview, ask_rights_review)


def make_glances(database: Database) -> None:
    glances.refresh_glances(database)


def ask_rights_review(database: Database, task: AskRightsReview) -> None:
    """Says how long it has been due, and where it is done; nothing where it was done meanwhile."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        incubator = session.get(Incubator, task.incubator_id) if task.incubator_id else None
        standing = reviews.review_standing(session, task.incubator_id)
    if standing.days_late < 0 or (task.incubator_id and incubator is None):
        return
    mail_templates.write_to(
        person,
        "rights_review",
        person.id,
        task.incubator_id or "",
        task.at,
        incubator=incubator,
        due_on=standing.due_on,
        link=link_to("roles.of_incubator", slug=incubator.slug) if incubator else link_to("roles.of_platform"),
    )
