"""Mail from templates: one text and its HTML twin, in the language of who receives it."""

import hashlib

from flask import current_app, render_template
from flask_babel import force_locale

from app.platform.mail import Mail, Mailer


def compose(template: str, *, to: str, language: str, message_id: str, **values: object) -> Mail:
    """The mail of templates/mail/<template>.txt: its first line is the subject; each line of text is kept."""
    with force_locale(language):
        text = render_template(f"mail/{template}.txt", **values)
        subject, _, body = text.partition("\n")
        lines = body.strip("\n").split("\n")
        html = render_template("mail/letter.html", subject=subject, lines=lines, language=language)
    return Mail(to=to, subject=subject, text="\n".join(lines) + "\n", html=html, message_id=message_id)


def send(mail: Mail) -> None:
    mailer: Mailer = current_app.extensions["mailer"]
    mailer.send(mail)


def message_id(*parts: str) -> str:
    """A Message-ID that is the same each time the same thing is told to the same person."""
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    return f"{digest}@jalon"
