"""Jobs of this feature: the letters about who has a role on a product."""

from app.identity.forms import ROLE_WORDS
from app.identity.jobs import SendInvitation, TellAuthorityNamed
from app.identity.models import Person
from app.platform import mail_templates
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.platform.links import link_to
from app.products.models import Product


def register(jobs: Jobs) -> None:
    jobs.handle(SendInvitation, send_invitation)
    jobs.handle(TellAuthorityNamed, tell_authority_named)


def send_invitation(database: Database, task: SendInvitation) -> None:
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        product = session.get(Product, task.product_id) if task.product_id else None
    mail_templates.send_letter(
        mail_templates.compose_letter(
            "invitation",
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id("invitation", person.id, task.role, task.next_path),
            person=person,
            by=task.by,
            role=ROLE_WORDS[task.role],
            product=product,
            link=link_to("identity.sign_in", next=task.next_path),
        )
    )


def tell_authority_named(database: Database, task: TellAuthorityNamed) -> None:
    """The incubator learns who will decide for a product."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        product = session.get_one(Product, task.product_id)
    mail_templates.send_letter(
        mail_templates.compose_letter(
            "authority_named",
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id("authority_named", product.id, person.id, task.at),
            person=person,
            product=product,
            by=task.by,
            named=task.named,
            link=link_to("products.team", slug=product.slug),
        )
    )
