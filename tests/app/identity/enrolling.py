"""Registering codes as a person does."""

import re

import pyotp

from app.identity import signing_in

PAGE = "/compte/second-facteur"
GATE = f"{PAGE}/connexion"


def register(visitor, name="Téléphone"):
    page = visitor.get(f"{PAGE}/codes").get_data(as_text=True)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]
    return secret, visitor.post(f"{PAGE}/codes", {"name": name, "code": pyotp.TOTP(secret).now()})


def arrive(world, person):
    """A browser where that person has just come in by a mailed link."""
    with world.database.session(writing=True) as session:
        _, secret = signing_in.issue_link(session, person.email, "/")
        session.commit()
    visitor = world.visitor()
    visitor.post(f"/connexion/{secret}")
    return visitor
