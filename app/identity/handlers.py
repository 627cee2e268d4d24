"""Jobs of this feature: the mails that carry a link."""

from typing import Any

from flask import current_app

from app.identity import services
from app.identity.models import Person
from app.platform import letters
from app.platform.database import Database
from app.platform.jobs import Jobs


def register(jobs: Jobs) -> None:
    jobs.handles("sign_in_link")(send_link)
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
