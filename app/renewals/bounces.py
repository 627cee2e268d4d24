"""Mail that a server took and could not deliver: its notice (RFC 3464) marks the digest, and the incubator sees it."""

import email
import email.policy
from collections.abc import Iterator, Sequence
from email.message import EmailMessage, Message
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.platform import clock
from app.renewals.models import Digest

MOST_BYTES = 10_000_000


def note_bounce(session: Session, notice: bytes) -> bool:
    """Marks the digest that `notice` says was not delivered; whether there was one."""
    parts = list(email.message_from_bytes(notice[:MOST_BYTES], policy=email.policy.default).walk())
    why = next(_failures(parts), None)
    returned = {identifier for part in parts if (identifier := _returned(part))}
    if why is None or not returned:
        return False
    digest = session.scalar(select(Digest).where(Digest.message_id.in_(returned)))
    if digest is None:
        return False
    digest.sent_at, digest.failed_at, digest.error = None, clock.now(), why[:500]
    return True


def _failures(parts: Sequence[Message]) -> Iterator[str]:
    """Of the reports by recipient, why each failed for good."""
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in cast(list[Message], part.get_payload()):
            if str(fields.get("Action", "")).strip().lower() == "failed":
                yield str(fields.get("Diagnostic-Code") or fields.get("Status") or "failed")


def _returned(part: Message) -> str:
    """The Message-ID of the message that came back, whole or by its headers."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        (original,) = cast(list[Message], part.get_payload())
    elif kind == "text/rfc822-headers":
        original = email.message_from_string(str(cast(EmailMessage, part).get_content()))
    else:
        return ""
    return str(original.get("Message-ID", "")).strip().strip("<>")
