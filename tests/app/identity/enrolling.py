"""Registering codes as a person does."""

import re

import pyotp

PAGE = "/compte/second-facteur"
GATE = f"{PAGE}/connexion"


def register(visitor, name="Téléphone"):
    page = visitor.get(f"{PAGE}/codes").get_data(as_text=True)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]
    return secret, visitor.post(f"{PAGE}/codes", {"name": name, "code": pyotp.TOTP(secret).now()})
