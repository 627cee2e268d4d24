"""Mail: to `.eml` files by default, to SMTP by settings. The same Message-ID is never two files."""

import hashlib
import os
import smtplib
import ssl
from dataclasses import dataclass, replace
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.platform import clock
from app.platform.network import is_loopback

_SECONDS = 30


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

    def __init__(self, url: str, sender: str, *, only_to: str = "") -> None:
        """`only_to`: the address that everything goes to, where nobody real may be written to."""
        self._url = urlsplit(url)
        self._sender = sender
        self._only_to = only_to

    def send(self, mail: Mail) -> None:
        """Sends at once. Raises `OSError` (smtplib's errors included) when the message was not taken."""
        if self._only_to:
            mail = replace(mail, to=self._only_to, subject=f"[{mail.to}] {mail.subject}")
        message = _message(mail, self._sender)
        if self._url.scheme == "file":
            self._write(mail, message)
        else:
            self._submit(message)

    def _connected(self, host: str) -> smtplib.SMTP:
        if self._url.scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, self._url.port or 465, timeout=_SECONDS, context=context)
        return smtplib.SMTP(host, self._url.port or 25, timeout=_SECONDS)

    def _write(self, mail: Mail, message: EmailMessage) -> None:
        folder = Path(self._url.path)
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]
        draft = folder / f".{name}.{os.getpid()}"
        draft.write_bytes(message.as_bytes())
        draft.replace(folder / f"{name}.eml")

    def _submit(self, message: EmailMessage) -> None:
        """Beyond this machine nothing travels in clear, nor to a server whose certificate is not that of its name.

        Sign-in links and the password of the server are in there. A private authority is named by SSL_CERT_FILE.
        """
        host = self._url.hostname or ""
        with self._connected(host) as server:
            if self._url.scheme == "smtp" and not is_loopback(host):
                server.ehlo()
                if not server.has_extn("starttls"):
                    raise smtplib.SMTPNotSupportedError(f"{host} offers no TLS: nothing was sent")
                server.starttls(context=ssl.create_default_context())
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(message)


class _Policy(EmailPolicy):
    """Writes subjects by the older encoder: that of `EmailPolicy` loses the space between two encoded words."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() != "subject" or str(value).isascii():
            return str(super().fold(name, value))
        encoded = Header(str(value), "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {encoded}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() != "subject":
            return bytes(super().fold_binary(name, value))
        return self.fold(name, value).encode("ascii")


def _message(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage(policy=_Policy())
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail.message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
