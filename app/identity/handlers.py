"""Jobs of this feature: the mails that carry a link."""

from typing import Any

from flask import current_app

from app.identity import services
from app.identity.forms import ROLE_WORDS
from app.identity.models import Person, Role
from app.platform import letters
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.products.models import Product


def register(jobs: Jobs) -> None:
    jobs.handles("sign_in_link")(send_link)
    jobs.handles("invitation")(send_invitation)
    jobs.handles("authority_named")(tell_authority_named)
    jobs.handles("factor_changed")(tell_factor_changed)
    jobs.every_minute(services.purge)


def send_link(database: Database, arguments: dict[str, Any]) -> None:
    with database.writing() as session:
        issued = services.issue_link(session, arguments["email"], arguments["next_path"])
    if issued is None:
        return
    person, secret = issued
    letters.send(
        letters.compose(
            "sign_in",
            to=person.email,
            language=person.language,
            message_id=letters.message_id("sign_in", secret),
            person=person,
            link=f"{current_app.config['BASE_URL']}/connexion/{secret}",
        )
    )


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


def tell_factor_changed(database: Database, arguments: dict[str, Any]) -> None:
    """Whoever did not do it learns it."""
    with database.reading() as session:
        person = session.get_one(Person, arguments["person_id"])
    letters.send(
        letters.compose(
            "factor_changed",
            to=person.email,
            language=person.language,
            message_id=letters.message_id("factor_changed", person.id, arguments["at"]),
            person=person,
            factor=arguments["name"],
            added=arguments["added"],
            link=f"{current_app.config['BASE_URL']}/compte/second-facteur",
        )
    )
