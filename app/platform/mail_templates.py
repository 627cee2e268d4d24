"""Mail from templates: one text and its HTML twin, in the language of who receives it."""

import hashlib
from collections.abc import Callable
from typing import Any, Protocol

from flask import current_app, render_template
from flask_babel import force_locale, gettext, ngettext

from app.platform.i18n import sentence
from app.platform.mail import Mail, Mailer


def compose_letter(template: str, *, to: str, language: str, message_id: str, **values: object) -> Mail:
    """The mail of templates/mail/<template>.txt: its first line is the subject; each line of text is kept."""
    with force_locale(language):
        said = {"_": _unquoted(gettext), "ngettext": _unquoted(ngettext), "sentence": _unquoted(sentence)}
        text = render_template(f"mail/{template}.txt", **said, **values)
        subject, _, body = text.partition("\n")
        lines = body.strip("\n").split("\n")
        html = render_template("mail/letter.html", subject=subject, lines=lines, language=language)
    return Mail(to=to, subject=subject, text="\n".join(lines) + "\n", html=html, message_id=message_id)


_MARKS = str.maketrans(dict.fromkeys("«»“”„‟", "’"))


def _unquoted(say: Callable[..., str]) -> Callable[..., str]:
    """`say` with no quotation mark in the names it is given: one would let a name out of its own, into the sentence."""

    def said(*texts: Any, **values: Any) -> str:
        return say(*texts, **{k: v.translate(_MARKS) if isinstance(v, str) else v for k, v in values.items()})

    return said


def send_letter(mail: Mail) -> None:
    mailer: Mailer = current_app.extensions["mailer"]
    mailer.send(mail)


class LetterReader(Protocol):
    """Whom a letter is for."""

    email: Any
    language: Any


def write_to(person: LetterReader, template: str, *told_apart_by: str, to: str | None = None, **values: object) -> None:
    """Composes and sends a letter to `person`, at `to` where that is not their address of now; `told_apart_by` makes its id."""
    send_letter(
        compose_letter(
            template,
            to=to or person.email,
            language=person.language,
            message_id=message_id(template, *told_apart_by),
            person=person,
            **values,
        )
    )


def message_id(*parts: str) -> str:
    """A Message-ID that is the same each time the same thing is told to the same person."""
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    return f"{digest}@jalon"
