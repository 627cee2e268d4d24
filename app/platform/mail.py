"""Mail: to `.eml` files by default, to SMTP by settings. The same Message-ID is never two files."""

import hashlib
import os
import smtplib
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.platform import clock


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one person; `message_id` without angle brackets, stable for what it tells."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str


class Mailer:
    """Sends where `url` says: file:///folder, smtp://user:password@host:port or smtps://…"""

    def __init__(self, url: str, sender: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Sends at once. Raises `OSError` (smtplib's errors included) when the message was not taken."""
        message = _message(mail, self._sender)
        if self._url.scheme == "file":
            self._write(mail, message)
        else:
            self._submit(message)

    def _write(self, mail: Mail, message: EmailMessage) -> None:
        folder = Path(self._url.path)
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]
        draft = folder / f".{name}.{os.getpid()}"
        draft.write_bytes(message.as_bytes())
        draft.replace(folder / f"{name}.eml")

    def _submit(self, message: EmailMessage) -> None:
        secure = self._url.scheme == "smtps"
        port = self._url.port or (465 if secure else 25)
        client = smtplib.SMTP_SSL if secure else smtplib.SMTP
        with client(self._url.hostname or "", port, timeout=30) as server:
            if not secure and server.has_extn("starttls"):
                server.starttls()
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(message)


def _message(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail.message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
