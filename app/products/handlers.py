"""Jobs of this feature: the letters about who has a role on a product."""

from typing import Any

from flask import current_app

from app.identity.forms import ROLE_WORDS
from app.identity.kinds import Role
from app.identity.models import Person
from app.platform import letters
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.products.models import Product


def register(jobs: Jobs) -> None:
    jobs.handles("invitation")(send_invitation)
    jobs.handles("authority_named")(tell_authority_named)


def send_invitation(database: Database, arguments: dict[str, Any]) -> None:
    with database.reading() as session:
        person = session.get_one(Person, arguments["person_id"])
        product = session.get(Product, arguments["product_id"]) if arguments.get("product_id") else None
    letters.send(
        letters.compose(
            "invitation",
            to=person.email,
            language=person.language,
            message_id=letters.message_id("invitation", person.id, arguments["role"], arguments["next_path"]),
            person=person,
            by=arguments["by"],
            role=ROLE_WORDS[Role(arguments["role"])],
            product=product,
            link=f"{current_app.config['BASE_URL']}/connexion?next={arguments['next_path']}",
        )
    )


def tell_authority_named(database: Database, arguments: dict[str, Any]) -> None:
    """The incubator learns who will decide for a product."""
    with database.reading() as session:
        person = session.get_one(Person, arguments["person_id"])
        product = session.get_one(Product, arguments["product_id"])
    letters.send(
        letters.compose(
            "authority_named",
            to=person.email,
            language=person.language,
            message_id=letters.message_id("authority_named", product.id, person.id, arguments["at"]),
            person=person,
            product=product,
            by=arguments["by"],
            named=arguments["named"],
            link=f"{current_app.config['BASE_URL']}/produits/{product.slug}/equipe",
        )
    )
