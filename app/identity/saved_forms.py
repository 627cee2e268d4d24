"""What somebody typed while their session ended: kept a day for them alone, shown again once they are back."""

import json
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, g, request, session
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.identity import policy, signing_in
from app.platform import uploads
from app.platform.extensions import document_storage
from app.platform.http import db_session
from app.platform.refusals import Refusal
from app.platform.uploads import Upload

_PURPOSE = "form"
_MOST = 200_000
_LEFT_OUT = frozenset(
    {"csrf_token", "token", "code", "answer", "challenge_id", "recovery"}
)  # a secret that was typed is typed again


def keep_form() -> str:
    """Keeps the form of this request where its session has just ended by itself; gives the page to come back to.

    Whoever copied a cookie cannot plant a form in the next session of its owner after they signed out, nor ever one that
    gives a role or decides.
    """
    page = _page()
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "permission", None) in policy.NEVER_KEPT:
        return page
    person_id = g.idle_person.id if g.idle_person else None
    if person_id is None and "sid" in session:
        person_id = signing_in.person_of_ended_session(db_session(), session["sid"])
    values = [(name, value) for name, value in request.form.items(multi=True) if name not in _LEFT_OUT]
    content = json.dumps({"page": page, "values": values}).encode()
    if person_id and values and len(content) <= _MOST:
        _forget(db_session(), person_id)
        uploads.keep_upload(db_session(), person_id, _PURPOSE, content, page[:200])
    return page


def _forget(database_session: Session, person_id: str) -> None:
    """One form a person: whoever holds an old cookie cannot pile them up."""
    for upload in database_session.scalars(
        select(Upload).where(Upload.person_id == person_id, Upload.purpose == _PURPOSE)
    ):
        document_storage().delete_upload(upload.id)
        database_session.delete(upload)


def _page() -> str:
    """The page that showed the form: where it posts from, on this site."""
    referrer = urlsplit(request.referrer or "")
    return referrer.path + (f"?{referrer.query}" if referrer.query else "") if referrer.netloc == request.host else "/"


def forms_of_person(database_session: Session, person_id: str) -> str | None:
    """The newest form kept for a person who signs in again."""
    return database_session.scalar(
        select(Upload.id)
        .where(Upload.person_id == person_id, Upload.purpose == _PURPOSE)
        .order_by(Upload.made_at.desc())
        .limit(1)
    )


def load_form() -> None:
    """Puts in `g.kept_form` what the person had typed on this page, for the forms and for the banner that shows it."""
    g.kept_form = None
    kept = session.get("kept_form")
    if kept is None or g.person is None:
        return
    try:
        found = json.loads(uploads.read_confirmed(db_session(), g.person.id, _PURPOSE, kept).content)
    except Refusal:
        session.pop("kept_form")
        return
    if urlsplit(found["page"]).path == request.path:
        if request.method == "GET":
            g.kept_form = MultiDict([tuple(pair) for pair in found["values"]])
        else:
            session.pop("kept_form")  # sent again: what becomes of it is the form's business


def kept_values() -> list[tuple[str, Any]]:
    """What the banner shows: every text that was typed."""
    values = g.get("kept_form")
    return [] if values is None else [(n, v) for n, v in values.items(multi=True) if v and n != "revision"]
