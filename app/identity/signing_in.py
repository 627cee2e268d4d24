"""Signing in by a link sent by mail, and the sessions that it opens. Links and sessions are kept as hashes only."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session, joinedload

from app.identity import policy
from app.identity.jobs import SendSignInLink, TellNewBrowser
from app.identity.models import KnownBrowser, LinkedAccount, Person, SignInLink, WebSession
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, rates
from app.platform.database import Database, new_id
from app.platform.rates import Rate
from app.platform.refusals import Refusal
from app.platform.transactions import transaction, unjournaled_transaction

# OWASP ASVS 4.0.3, 2.7.2.
LINK_LIFE = timedelta(minutes=10)
SESSION_LIFE = timedelta(hours=12)
# Of the roles that engage or see the most; OWASP ASVS 4.0.3, 3.3.2.
PRIVILEGED_IDLE = timedelta(minutes=30)
_JUST_ENDED = timedelta(hours=1)
# How long a browser is known after its last use.
BROWSER_LIFE = timedelta(days=365)


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def safe_path(path: str | None) -> str:
    """`path` when it stays on this site, otherwise the home page."""
    good = path and path.startswith("/") and not path.startswith(("//", "/\\")) and len(path) <= 500
    return path if path and good and path.isprintable() else "/"


# A person who asks again waits; a stranger cannot fill somebody's mailbox.
LINKS = Rate(5, timedelta(minutes=15))


@unjournaled_transaction
def ask_link(session: Session, email: str, next_path: str) -> None:
    """Asks for a link to be mailed; does the same whether or not somebody has this address, or was written to too often."""
    if rates.is_allowed(session, LINKS, "sign-in", rates.mailbox_of(email)):
        jobs.enqueue(session, SendSignInLink(email.strip().lower(), safe_path(next_path)))


def issue_link(
    session: Session, email: str, next_path: str, account_id: str | None = None
) -> tuple[Person, str] | None:
    """A new single-use link for the person of this address, as (person, secret); None for a stranger.

    It ends those that were sent before, and joins an account of ProConnect where one is given.
    """
    person = session.scalar(select(Person).where(Person.email == email, Person.closed_at.is_(None)))
    if person is None:
        return None
    older = update(SignInLink).where(SignInLink.person_id == person.id, SignInLink.used_at.is_(None))
    session.execute(older.values(used_at=clock.now()))
    secret = secrets.token_urlsafe(32)
    session.add(
        SignInLink(
            secret_hash=hash_secret(secret),
            person_id=person.id,
            expires_at=clock.now() + LINK_LIFE,
            next_path=next_path,
            account_id=account_id,
        )
    )
    return person, secret


def link_is_good(session: Session, secret: str) -> bool:
    """Whether a link can still be used, without using it."""
    return session.scalar(_open_link(secret)) is not None


def account_to_join(session: Session, secret: str) -> LinkedAccount | None:
    """The account of ProConnect that using this link joins to its person."""
    link = session.scalar(_open_link(secret))
    return session.get(LinkedAccount, link.account_id) if link and link.account_id else None


@dataclass(frozen=True, slots=True)
class Browser:
    """What comes in: the name that a browser gives itself, and the secret of the cookie by which it is known again."""

    name: str = ""
    secret: str = ""


@transaction
def use_link(session: Session, secret: str, browser: Browser) -> tuple[str, str]:
    """Signs `browser` in with a link: (secret of the new session, path to go to). Raises `Refusal` when it is spent."""
    link = session.scalar(_open_link(secret))
    spent = session.execute(
        update(SignInLink)
        .where(SignInLink.secret_hash == hash_secret(secret), SignInLink.used_at.is_(None))
        .values(used_at=clock.now())
    )
    if link is None or spent.rowcount != 1:  # type: ignore[attr-defined]
        session.rollback()
        raise Refusal(_l("Ce lien a déjà servi ou a plus de dix minutes. Demandez-en un autre."))
    person = session.get_one(Person, link.person_id)
    sid = open_session(session, person, browser)
    record(session, person, Action.SIGN_IN, person.email, way="mail")
    return sid, link.next_path


def open_session(session: Session, person: Person, browser: Browser) -> str:
    """A new session of `person`, by its secret. Within its caller's transaction, which writes the journal.

    A browser where this person never came is told to them, but for their first one.
    """
    sid, now = secrets.token_urlsafe(32), clock.now()
    opened = WebSession(
        secret_hash=hash_secret(sid),
        person_id=person.id,
        expires_at=now + SESSION_LIFE,
        opened_at=now,
        browser=browser.name[:200],
    )
    session.add(opened)
    _note_browser(session, person, browser)
    session.flush()
    person.last_seen_at = now
    return sid


def _note_browser(session: Session, person: Person, browser: Browser) -> None:
    mine = select(KnownBrowser).where(KnownBrowser.person_id == person.id)
    known = session.scalar(mine.where(KnownBrowser.secret_hash == hash_secret(browser.secret)))
    if known is not None:
        known.last_used_at = clock.now()
        return
    if session.scalar(mine.limit(1)) is not None:
        jobs.enqueue(session, TellNewBrowser(person.id, browser.name[:200], clock.now().isoformat()))
    session.add(
        KnownBrowser(
            id=new_id(), person_id=person.id, secret_hash=hash_secret(browser.secret), last_used_at=clock.now()
        )
    )


def _open_link(secret: str) -> Select[SignInLink]:
    return select(SignInLink).where(
        SignInLink.secret_hash == hash_secret(secret), SignInLink.used_at.is_(None), SignInLink.expires_at > clock.now()
    )


def live_session(session: Session, sid: str) -> WebSession | None:
    """A session that has not ended, its person and their grants loaded."""
    # One question, not two: every page asks it.
    whole = joinedload(WebSession.person).joinedload(Person.grants)
    live = select(WebSession).where(WebSession.secret_hash == hash_secret(sid), WebSession.expires_at > clock.now())
    return session.scalars(live.options(whole)).unique().one_or_none()


def is_privileged(person: Person) -> bool:
    """Whether `person` (grants loaded) has a role that engages or that sees much."""
    return not policy.PRIVILEGED.isdisjoint({grant.role for grant in person.grants})


def lacks_factor(opened: WebSession) -> bool:
    """Whether a session opens nothing before a second factor is given: a mailbox alone is no proof of who binds."""
    return is_privileged(opened.person) and not opened.strong and opened.proved_at is None


def person_of_ended_session(session: Session, sid: str) -> str | None:
    """Whose session this was, where it ended by itself within the hour; one that was signed out is forgotten."""
    now = clock.now()
    return session.scalar(
        select(WebSession.person_id).where(
            WebSession.secret_hash == hash_secret(sid),
            WebSession.expires_at <= now,
            WebSession.expires_at > now - _JUST_ENDED,
        )
    )


def idle_minutes(person: Person) -> int:
    """After how many minutes without a request a session of `person` (grants loaded) ends; 0: it does not before its end."""
    return int(PRIVILEGED_IDLE.total_seconds()) // 60 if is_privileged(person) else 0


def sessions_of(session: Session, person_id: str) -> Sequence[WebSession]:
    """The live sessions of a person, newest first."""
    live = select(WebSession).where(WebSession.person_id == person_id, WebSession.expires_at > clock.now())
    return session.scalars(live.order_by(WebSession.expires_at.desc(), WebSession.id)).all()


def session_id_of(session: Session, sid: str) -> str | None:
    return session.scalar(select(WebSession.id).where(WebSession.secret_hash == hash_secret(sid)))


@transaction
def rotate_session(session: Session, person: Person, sid: str) -> str:
    """A new secret for a session where a factor, or a recovery code, was just given to come in: a copy of the old cookie opens
    nothing."""
    return _rotate(session, person, sid, proved_at=clock.now())


@transaction
def confirm_session(session: Session, person: Person, sid: str, *, signing: bool) -> str:
    """The same, for a factor given again, or just registered, so as to change what opens the account; whether that one signs."""
    return _rotate(session, person, sid, proved_at=clock.now(), confirmed_at=clock.now(), signing=signing)


def recover_session(session: Session, sid: str) -> str:
    """The same, for a recovery code, which is no factor. Within its caller's transaction, which says so in the journal."""
    return _renew(session, sid, proved_at=clock.now(), confirmed_at=clock.now(), signing=False)


def _rotate(session: Session, person: Person, sid: str, **values: object) -> str:
    record(session, person, Action.PROVE_FACTOR, person.email)
    return _renew(session, sid, **values)


def _renew(session: Session, sid: str, **values: object) -> str:
    new = secrets.token_urlsafe(32)
    here = update(WebSession).where(WebSession.secret_hash == hash_secret(sid))
    session.execute(here.values(secret_hash=hash_secret(new), **values))
    return new


@transaction
def end_session(session: Session, person: Person, session_id: str) -> None:
    """Ends one of a person's own sessions. Raises `Refusal` where it has ended."""
    own = delete(WebSession).where(WebSession.id == session_id, WebSession.person_id == person.id)
    if session.execute(own).rowcount != 1:  # type: ignore[attr-defined]
        raise Refusal(_l("Cette session est déjà fermée."))
    record(session, person, Action.END_SESSIONS, person.email)


@transaction
def end_other_sessions(session: Session, person: Person, sid: str) -> None:
    """Ends all of a person's sessions but this one."""
    others = delete(WebSession).where(WebSession.person_id == person.id, WebSession.secret_hash != hash_secret(sid))
    session.execute(others)
    record(session, person, Action.END_SESSIONS, person.email)


@transaction
def sign_out(session: Session, sid: str, person: Person) -> None:
    session.execute(delete(WebSession).where(WebSession.secret_hash == hash_secret(sid)))
    record(session, person, Action.SIGN_OUT, person.email)


_FORGOTTEN = timedelta(days=1)


def purge_links(database: Database) -> None:
    """Forgets the links and the sessions that ended a day ago."""
    before = clock.now() - _FORGOTTEN
    with database.writing() as session:
        session.execute(delete(SignInLink).where(SignInLink.expires_at < before))
        session.execute(delete(WebSession).where(WebSession.expires_at < before))
        session.execute(delete(KnownBrowser).where(KnownBrowser.last_used_at < clock.now() - BROWSER_LIFE))
