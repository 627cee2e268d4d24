"""The door of each view: it states a permission, and only who has it comes in. A stranger gets a 404."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

import structlog
from flask import abort, after_this_request, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from app.identity import policy, saved_forms, signing_in
from app.identity.factors import SessionProof
from app.identity.models import Person
from app.identity.policy import Permission
from app.identity.signing_in import Browser
from app.platform import clock
from app.platform.http import db_session
from app.platform.logs import note_security

__all__ = [
    "Person",
    "current_person",
    "enter",
    "load_person",
    "note_confirmed",
    "open_fully",
    "refuse",
    "requires",
    "shown_proof",
    "sign_in_first",
    "states",
    "this_browser",
]

# How long a factor that was given lets its owner change what opens their account.
_PROVED_FOR = timedelta(minutes=10)
_BROWSER_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
# Seconds between two notes in the cookie of the last request seen: not each answer sends it again.
_SEEN_EVERY = 60

View = TypeVar("View", bound=Callable[..., Any])


def load_person() -> None:
    """Puts the signed-in person, or None, in `g.person`.

    In `g.idle_person`, one whose session ended for want of use; in `g.unproven_person`, one who must give a second factor first.
    """
    g.person = g.idle_person = g.unproven_person = g.web_session = None
    if "sid" in session:
        opened = signing_in.live_session(db_session(), session["sid"])
        now = int(clock.now().timestamp())
        idle = signing_in.idle_minutes(opened.person) * 60 if opened else 0
        if opened and idle and now - session.get("seen", now) > idle:
            g.idle_person = opened.person
        elif opened:
            g.web_session = opened
            if signing_in.lacks_factor(opened):
                g.unproven_person = opened.person
            else:
                g.person = opened.person
            if now - session.get("seen", 0) >= _SEEN_EVERY:
                session["seen"] = now
    known = g.person or g.unproven_person
    if known is not None:
        structlog.contextvars.bind_contextvars(person=known.id)
    saved_forms.load_form()


def refuse(permission: Permission) -> NoReturn:
    """The same answer as for what does not exist, and a line for whoever watches. Raises `NotFound`."""
    note_security("access refused", permission=permission.value, endpoint=request.endpoint)
    abort(404)


def current_person() -> Person:
    """The signed-in person, in a view that requires one."""
    return cast(Person, g.person or g.unproven_person)


def this_browser() -> Browser:
    """The browser that asks, known by a cookie of its own that outlives sessions, given to it at the end of this request."""
    name = f"{current_app.config['SESSION_COOKIE_NAME']}-browser"
    secret = request.cookies.get(name, "")
    if not _BROWSER_SECRET.fullmatch(secret):
        secret = secrets.token_urlsafe(32)

    def keep(response: Response) -> Response:
        response.set_cookie(
            name,
            secret,
            max_age=signing_in.BROWSER_LIFE,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response

    after_this_request(keep)
    return Browser(request.headers.get("User-Agent", ""), secret)


def enter(sid: str) -> None:
    """Makes this browser that of a session just opened, with nothing of what it held before but its language."""
    language = session.get("language")
    session.clear()
    session["sid"], session["seen"] = sid, int(clock.now().timestamp())
    opened = signing_in.live_session(db_session(), sid)
    kept = saved_forms.forms_of_person(db_session(), opened.person_id) if opened else None
    if kept:
        session["kept_form"] = kept
    if language:
        session["language"] = language


def open_fully() -> None:
    """A second factor was given in this browser's session to come in: it opens all that its roles do."""
    session["sid"] = signing_in.rotate_session(db_session(), current_person(), session["sid"])


def note_confirmed(*, signing: bool) -> None:
    """One was given again, or just registered: for ten minutes its owner may change what opens their account."""
    session["sid"] = signing_in.confirm_session(db_session(), current_person(), session["sid"], signing=signing)


def shown_proof() -> SessionProof:
    """What this browser's session showed within ten minutes."""
    opened, since = g.web_session, clock.now() - _PROVED_FOR
    fresh = opened.opened_at is not None and opened.opened_at > since
    confirmed = opened.confirmed_at is not None and opened.confirmed_at > since
    vouched = opened.strong and fresh
    return SessionProof(
        fresh=fresh,
        proved=confirmed or vouched,
        signing=confirmed and opened.signing,
        vouched=vouched,
        session_id=opened.id,
    )


def sign_in_first() -> Response:
    """To the sign-in page, or to its second half, and back here afterwards, with what was typed."""
    page = request.full_path.rstrip("?") if request.method == "GET" else saved_forms.keep_form()
    return redirect(url_for("factors.at_sign_in" if g.unproven_person else "identity.sign_in", next=page))


def states(permission: Permission) -> Callable[[View], View]:
    """Marks a view with its permission, for the sweep that refuses a route without one."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def requires(permission: Permission, *, everywhere: bool = False, unproven: bool = False) -> Callable[[View], View]:
    """For views about no product: anyone, a signed-in person, or one who has `permission` somewhere, or `everywhere`.

    `unproven`: also for who must still give a second factor; that view gives nothing else.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if permission is Permission.ANYONE:
                return view(*args, **kwargs)
            if unproven and g.unproven_person is not None:
                return view(*args, **kwargs)
            if g.person is None:
                return sign_in_first()
            grants = g.person.grants
            roles = policy.roles_everywhere(grants) if everywhere else {grant.role for grant in grants}
            if permission is not Permission.SIGNED_IN and not policy.allows(permission, roles):
                refuse(permission)
            return view(*args, **kwargs)

        return states(permission)(cast(View, guarded))

    return decorate
