"""Jobs of this feature: the letters that tell a team that a common service changed."""

from typing import Any

from flask import current_app

from app.commons.services import LETTER
from app.identity.models import Person
from app.platform import letters
from app.platform.database import Database
from app.platform.jobs import Jobs
from app.products.models import Product


def register(jobs: Jobs) -> None:
    jobs.handles(LETTER)(tell)


def tell(database: Database, arguments: dict[str, Any]) -> None:
    """One letter to one member of a team; sent again it bears the same Message-ID."""
    with database.reading() as session:
        person = session.get(Person, arguments["person_id"])
        product = session.get(Product, arguments["product_id"])
    if person is None or product is None:
        return
    parts = (
        "common",
        product.id,
        person.id,
        arguments["service"],
        arguments["what"],
        arguments["measure"],
        arguments["at"],
    )
    letters.send(
        letters.compose(
            "common_service",
            to=person.email,
            language=person.language,
            message_id=letters.message_id(*parts),
            person=person,
            product=product,
            change=arguments,
            link=f"{current_app.config['BASE_URL']}/produits/{product.slug}/services",
        )
    )
