"""What security keys are asked to sign: once, for one person and one purpose, at this very site."""

import json
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import CursorResult, delete
from sqlalchemy.orm import Session

from app.identity.models import FactorChallenge, Person
from app.platform import clock
from app.platform.database import new_id

_CHALLENGE_LIFE = timedelta(minutes=10)


def read_answer(given: str) -> dict[str, object]:
    """A key's answer, as the browser gives it. Raises `ValueError` or `TypeError`."""
    answer = json.loads(given)
    if not isinstance(answer, dict):
        raise TypeError("a key answers with an object")
    return answer


def keep_challenge(session: Session, person: Person, purpose: str, challenge: bytes) -> str:
    """Keeps what a key must sign; the id of the challenge."""
    from webauthn.helpers import bytes_to_base64url

    now = clock.now()
    session.execute(delete(FactorChallenge).where(FactorChallenge.made_at < now - _CHALLENGE_LIFE))
    kept = FactorChallenge(
        id=new_id(), person_id=person.id, purpose=purpose, challenge=bytes_to_base64url(challenge), made_at=now
    )
    session.add(kept)
    return kept.id


def take_challenge(session: Session, person: Person, purpose: str, challenge_id: str) -> bytes:
    """A challenge, spent by being taken. Raises `ValueError` for one that is not for this person and purpose."""
    from webauthn.helpers import base64url_to_bytes

    kept = session.get(FactorChallenge, challenge_id)
    if kept is None or (kept.person_id, kept.purpose) != (person.id, purpose):
        raise ValueError("no such challenge")
    if kept.made_at < clock.now() - _CHALLENGE_LIFE:
        raise ValueError("this challenge is too old")
    taken = session.execute(delete(FactorChallenge).where(FactorChallenge.id == challenge_id))
    if cast("CursorResult[Any]", taken).rowcount != 1:
        raise ValueError("this challenge was taken a moment ago")
    return base64url_to_bytes(kept.challenge)


def site_of_keys() -> tuple[str, list[str]]:
    """The name that keys know this site by, and the addresses it may be visited at. Keys know no numbers: on the
    machine of a developer the site is `localhost`."""
    address: str = current_app.config["BASE_URL"]
    name = urlsplit(address).hostname or ""
    if name == "127.0.0.1":
        return "localhost", [address.replace("127.0.0.1", "localhost")]
    return name, [address]
