"""Signing in by a link sent by mail, and giving roles. Links and sessions are kept as hashes only."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from app.identity import policy
from app.identity.jobs import SendInvitation, SendSignInLink, TellAuthorityNamed, TellRoleTaken
from app.identity.kinds import Role
from app.identity.models import Grant, Person, SignInLink, WebSession
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, rates
from app.platform.database import Database, new_id
from app.platform.rates import Rate
from app.platform.refusals import Refusal
from app.platform.transactions import transaction, unjournaled_transaction

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=12)
# Of the roles that engage or see the most; OWASP ASVS 4.0.3, 3.3.2.
PRIVILEGED_IDLE = timedelta(minutes=30)
_JUST_ENDED = timedelta(hours=1)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def safe_path(path: str | None) -> str:
    """`path` when it stays on this site, otherwise the home page."""
    good = path and path.startswith("/") and not path.startswith(("//", "/\\")) and len(path) <= 500
    return path if path and good and path.isprintable() else "/"


# A person who asks again waits; a stranger cannot fill somebody's mailbox.
_LINKS = Rate(5, timedelta(minutes=15))
_INVITATIONS_OF_ONE, _INVITATIONS_TO_ONE = Rate(10, timedelta(days=1)), Rate(1, timedelta(days=1))


@unjournaled_transaction
def ask_link(session: Session, email: str, next_path: str) -> None:
    """Asks for a link to be mailed; does the same whether or not somebody has this address, or was written to too often."""
    if rates.is_allowed(session, _LINKS, "sign-in", rates.mailbox_of(email)):
        jobs.enqueue(session, SendSignInLink(email.strip().lower(), safe_path(next_path)))


def issue_link(session: Session, email: str, next_path: str) -> tuple[Person, str] | None:
    """A new single-use link for the person of this address, as (person, secret); None for a stranger.

    It ends those that were sent before.
    """
    person = session.scalar(select(Person).where(Person.email == email))
    if person is None:
        return None
    older = update(SignInLink).where(SignInLink.person_id == person.id, SignInLink.used_at.is_(None))
    session.execute(older.values(used_at=clock.now()))
    secret = secrets.token_urlsafe(32)
    session.add(
        SignInLink(
            secret_hash=_hash(secret), person_id=person.id, expires_at=clock.now() + LINK_LIFE, next_path=next_path
        )
    )
    return person, secret


def link_is_good(session: Session, secret: str) -> bool:
    """Whether a link can still be used, without using it."""
    return session.scalar(_open_link(secret)) is not None


@transaction
def use_link(session: Session, secret: str, browser: str = "") -> tuple[str, str]:
    """Signs `browser` in with a link: (secret of the new session, path to go to). Raises `Refusal` when it is spent."""
    link = session.scalar(_open_link(secret))
    spent = session.execute(
        update(SignInLink)
        .where(SignInLink.secret_hash == _hash(secret), SignInLink.used_at.is_(None))
        .values(used_at=clock.now())
    )
    if link is None or spent.rowcount != 1:  # type: ignore[attr-defined]
        session.rollback()
        raise Refusal(_l("Ce lien a déjà servi ou a plus de 15 minutes. Demandez-en un autre."))
    person = session.get_one(Person, link.person_id)
    sid = secrets.token_urlsafe(32)
    now = clock.now()
    session.add(
        WebSession(
            secret_hash=_hash(sid),
            person_id=person.id,
            expires_at=now + SESSION_LIFE,
            opened_at=now,
            browser=browser[:200],
        )
    )
    person.last_seen_at = now
    record(session, person, Action.SIGN_IN, person.email)
    return sid, link.next_path


def _open_link(secret: str) -> Select[SignInLink]:
    return select(SignInLink).where(
        SignInLink.secret_hash == _hash(secret), SignInLink.used_at.is_(None), SignInLink.expires_at > clock.now()
    )


def person_of_session(session: Session, sid: str) -> Person | None:
    """The person of a live session, grants loaded; None once it ended."""
    # One question, not two: every page asks it.
    whole = joinedload(WebSession.person).joinedload(Person.grants)
    live = select(WebSession).where(WebSession.secret_hash == _hash(sid), WebSession.expires_at > clock.now())
    found = session.scalars(live.options(whole)).unique().one_or_none()
    return found.person if found else None


def person_of_ended_session(session: Session, sid: str) -> str | None:
    """Whose session this was, where it ended by itself within the hour; one that was signed out is forgotten."""
    now = clock.now()
    return session.scalar(
        select(WebSession.person_id).where(
            WebSession.secret_hash == _hash(sid),
            WebSession.expires_at <= now,
            WebSession.expires_at > now - _JUST_ENDED,
        )
    )


def idle_minutes(person: Person) -> int:
    """After how many minutes without a request a session of `person` (grants loaded) ends; 0: it does not before its end."""
    privileged = not policy.PRIVILEGED.isdisjoint({grant.role for grant in person.grants})
    return int(PRIVILEGED_IDLE.total_seconds()) // 60 if privileged else 0


def sessions_of(session: Session, person_id: str) -> Sequence[WebSession]:
    """The live sessions of a person, newest first."""
    live = select(WebSession).where(WebSession.person_id == person_id, WebSession.expires_at > clock.now())
    return session.scalars(live.order_by(WebSession.expires_at.desc(), WebSession.id)).all()


def session_id_of(session: Session, sid: str) -> str | None:
    return session.scalar(select(WebSession.id).where(WebSession.secret_hash == _hash(sid)))


@transaction
def rotate_session(session: Session, person: Person, sid: str) -> str:
    """A new secret for a session that has just proved more: a copy of the old cookie opens nothing."""
    new = secrets.token_urlsafe(32)
    session.execute(update(WebSession).where(WebSession.secret_hash == _hash(sid)).values(secret_hash=_hash(new)))
    record(session, person, Action.PROVE_FACTOR, person.email)
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
    others = delete(WebSession).where(WebSession.person_id == person.id, WebSession.secret_hash != _hash(sid))
    session.execute(others)
    record(session, person, Action.END_SESSIONS, person.email)


@transaction
def sign_out(session: Session, sid: str, person: Person) -> None:
    session.execute(delete(WebSession).where(WebSession.secret_hash == _hash(sid)))
    record(session, person, Action.SIGN_OUT, person.email)


_FORGOTTEN = timedelta(days=1)


def purge_links(database: Database) -> None:
    """Forgets the links and the sessions that ended a day ago."""
    before = clock.now() - _FORGOTTEN
    with database.writing() as session:
        session.execute(delete(SignInLink).where(SignInLink.expires_at < before))
        session.execute(delete(WebSession).where(WebSession.expires_at < before))


@transaction
def set_language(session: Session, person: Person, language: str) -> None:
    person.language = language
    record(session, person, Action.LANGUAGE, language)


def find_or_create(session: Session, email: str, name: str) -> Person:
    """The person of an address, created when new; an existing name is kept."""
    email = email.strip().lower()
    person = session.scalar(select(Person).where(Person.email == email))
    if person is None:
        person = Person(id=new_id(), email=email, name=name or email, created_at=clock.now())
        session.add(person)
        session.flush()
    return person


def give_role(
    session: Session,
    actor: Person | None,
    person: Person,
    role: Role,
    *,
    product_id: str | None = None,
    incubator_id: str | None = None,
) -> bool:
    """Gives `role`; False when the person already has it there."""
    exists = session.scalar(
        select(Grant.id).where(
            Grant.person_id == person.id,
            Grant.role == role,
            Grant.product_id.is_(None) if product_id is None else Grant.product_id == product_id,
            Grant.incubator_id.is_(None) if incubator_id is None else Grant.incubator_id == incubator_id,
        )
    )
    if exists:
        return False
    session.add(
        Grant(
            person_id=person.id,
            role=role,
            product_id=product_id,
            incubator_id=incubator_id,
            given_at=clock.now(),
            given_by_id=actor.id if actor else None,
        )
    )
    where = {"incubator": incubator_id} if incubator_id else {}
    told = f"{person.name} <{person.email}>"
    record(session, actor, Action.GIVE_ROLE, told, product_id=product_id, role=role.value, **where)
    return True


@transaction
def invite_person(
    session: Session,
    actor: Person,
    actor_roles: frozenset[Role],
    *,
    email: str,
    name: str,
    role: Role,
    product_id: str | None = None,
    incubator_id: str | None = None,
    incubator_ids: Collection[str] = (),
    next_path: str = "/",
) -> bool:
    """Gives a role and mails an invitation, one a day to each person; whether it was mailed.

    `incubator_ids`: those of the product, whose members are told of a new authority.

    Raises `Refusal` for a role one may not give, or already given, or after ten invitations of a day.
    """
    if not policy.may_give(actor_roles, role):
        raise Refusal(_l("Vous ne pouvez pas donner ce rôle."), "role")
    person = find_or_create(session, email, name)
    if person.id == actor.id:
        raise Refusal(
            _l("Personne ne se donne un rôle : demandez-le à une autre personne qui peut le donner."), "email"
        )
    held = session.scalars(select(Grant.role).where(Grant.person_id == person.id, Grant.product_id == product_id)).all()
    if product_id and policy.APART.get(role, frozenset()).intersection(held):
        raise Refusal(
            _l("Qui prépare un dossier ne le juge ni ne le décide : cette personne ne peut pas tenir ces deux rôles."),
            "role",
        )
    if not give_role(session, actor, person, role, product_id=product_id, incubator_id=incubator_id):
        raise Refusal(_l("Cette personne a déjà ce rôle ici."), "email")
    if not rates.is_allowed(session, _INVITATIONS_OF_ONE, "invites", actor.id):
        raise Refusal(_l("Dix invitations par jour au plus : continuez demain."), "email")
    written = rates.is_allowed(session, _INVITATIONS_TO_ONE, "invited", rates.mailbox_of(person.email))
    if written:
        jobs.enqueue(session, SendInvitation(person.id, actor.name, role, next_path, product_id))
    if role is Role.AUTHORITY and product_id:
        _tell_incubator(session, actor, person, product_id, incubator_ids)
    return written


def _tell_incubator(
    session: Session, actor: Person, named: Person, product_id: str, incubator_ids: Collection[str]
) -> None:
    """A product's authority does not change unseen: each member of its incubators is written to."""
    for member in people_with_role(session, Role.INCUBATOR_MEMBER, product_id, incubator_ids):
        if member.id != actor.id:
            at = clock.now().isoformat()
            jobs.enqueue(session, TellAuthorityNamed(member.id, product_id, actor.name, named.name, at))


def end_role(session: Session, actor: Person, grant: Grant, where: str) -> None:
    """The role ends, and the sessions of who held it; they are told. Within its caller's transaction."""
    session.execute(delete(WebSession).where(WebSession.person_id == grant.person_id))
    jobs.enqueue(session, TellRoleTaken(grant.person_id, grant.role, where, actor.name, clock.now().isoformat()))
    session.delete(grant)


@transaction
def withdraw_role(
    session: Session, actor: Person, actor_roles: frozenset[Role], grant_id: str, product_id: str, where: str
) -> None:
    """Takes a role on a product, called `where`, back. Raises `Refusal` for one that is not the actor's to take, or a team's last member."""
    grant = session.scalar(
        select(Grant).where(Grant.id == grant_id, Grant.product_id == product_id).options(joinedload(Grant.person))
    )
    if grant is None:
        raise Refusal(_l("Ce rôle a déjà été retiré."))
    if not policy.may_withdraw_role(actor_roles, grant.role):
        raise Refusal(_l("C’est l’incubateur qui retire une autorité : demandez-le-lui."))
    if grant.role is Role.TEAM_MEMBER:
        # Locked: two members who remove each other at once would both see the other still there.
        team = session.scalars(
            select(Grant.id)
            .where(Grant.product_id == product_id, Grant.role == Role.TEAM_MEMBER)
            .order_by(Grant.id)
            .with_for_update()
        ).all()
        if grant.id not in team:
            raise Refusal(_l("Ce rôle a déjà été retiré."))
        if len(team) == 1:
            raise Refusal(_l("C’est la dernière personne de l’équipe : ajoutez-en une autre avant de la retirer."))
    record(
        session,
        actor,
        Action.WITHDRAW_ROLE,
        f"{grant.person.name} <{grant.person.email}>",
        product_id=product_id,
        role=grant.role.value,
    )
    end_role(session, actor, grant, where)


def people_of_product(session: Session, product_id: str) -> list[Grant]:
    """Grants on this product, each with its person, by role then name."""
    grants = session.scalars(
        select(Grant).where(Grant.product_id == product_id).options(joinedload(Grant.person))
    ).all()
    return sorted(grants, key=lambda grant: (list(Role).index(grant.role), grant.person.name.lower()))


def auditors(session: Session) -> list[Person]:
    """Who audits the whole platform, by name; where nobody does, who keeps it running."""
    held = select(Grant.person_id).where(
        Grant.role == Role.AUDITOR, Grant.product_id.is_(None), Grant.incubator_id.is_(None)
    )
    return list(session.scalars(select(Person).where(Person.id.in_(held)).order_by(Person.name))) or administrators(
        session
    )


def administrators(session: Session) -> list[Person]:
    """Who keeps this Jalon running, by name."""
    held = select(Grant.person_id).where(Grant.role == Role.ADMINISTRATOR)
    return list(session.scalars(select(Person).where(Person.id.in_(held)).order_by(Person.name)))


def people_with_role(session: Session, role: Role, product_id: str, incubator_ids: Collection[str]) -> list[Person]:
    """Who has `role` on a product, directly or through one of its incubators, by name."""
    people = session.scalars(
        select(Person)
        .join(Grant, Grant.person_id == Person.id)
        .where(Grant.role == role, (Grant.product_id == product_id) | Grant.incubator_id.in_(incubator_ids))
        .options(selectinload(Person.grants))
    ).unique()
    return sorted(people, key=lambda person: person.name.lower())
