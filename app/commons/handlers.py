"""Jobs of this feature: the letters that tell a team that a common service changed."""

from app.commons.jobs import TellServiceChanged
from app.identity.models import Person
from app.platform import mail_templates
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.platform.links import link_to
from app.products.models import Product


def register(jobs: Jobs) -> None:
    jobs.handle(TellServiceChanged, tell_service_changed)


def tell_service_changed(database: Database, task: TellServiceChanged) -> None:
    """One letter to one member of a team; sent again it bears the same Message-ID."""
    with database.reading() as session:
        person = session.get(Person, task.person_id)
        product = session.get(Product, task.product_id)
    if person is None or product is None:
        return
    parts = (
        "common",
        product.id,
        person.id,
        task.service,
        task.what,
        task.measure,
        task.at,
    )
    mail_templates.send_letter(
        mail_templates.compose_letter(
            "common_service",
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id(*parts),
            person=person,
            product=product,
            change=task,
            link=link_to("commons.of_product", slug=product.slug),
        )
    )
