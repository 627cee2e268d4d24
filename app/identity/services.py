"""People and their roles: given, taken back, found."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.identity import policy
from app.identity.jobs import SendInvitation, TellAuthorityNamed, TellRoleTaken
from app.identity.kinds import Role
from app.identity.models import Grant, Person, WebSession
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, rates
from app.platform.database import new_id
from app.platform.rates import Rate
from app.platform.refusals import Refusal
from app.platform.transactions import transaction

_INVITATIONS_OF_ONE, _INVITATIONS_TO_ONE = Rate(10, timedelta(days=1)), Rate(1, timedelta(days=1))


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


Givers = Mapping[str | None, set[str]]
"""By id of who gave wide roles, the ids of those who hold one from them."""


def read_givers(session: Session) -> Givers:
    given: dict[str | None, set[str]] = defaultdict(set)
    wide = select(Grant.given_by_id, Grant.person_id).where(Grant.product_id.is_(None), Grant.given_by_id.is_not(None))
    for giver, person in session.execute(wide):
        given[giver].add(person)
    return given


def let_in_by(givers: Givers, people: Collection[str]) -> set[str]:
    """Ids of those who hold a wide role from one of `people`, or from whom these let in, and so on."""
    found, pending = set[str](), list(people)
    while pending:
        new = givers.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def give_role(
    session: Session,
    actor: Person | None,
    person: Person,
    role: Role,
    *,
    product_id: str | None = None,
    incubator_id: str | None = None,
) -> bool:
    """Gives `role`; False when the person already has it there. Raises `Refusal` where their account is closed."""
    if person.closed_at is not None:
        raise Refusal(
            _l("Ce compte a été fermé : l’administration de Jalon peut le rouvrir, puis donnez-lui ce rôle."), "email"
        )
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


def people_answering_for(session: Session, incubator_id: str | None) -> list[Person]:
    """Who answers for an incubator, by name: its members; administrators where it has none, and for the platform (None)."""
    if incubator_id is None:
        return administrators(session)
    held = select(Grant.person_id).where(Grant.role == Role.INCUBATOR_MEMBER, Grant.incubator_id == incubator_id)
    members = session.scalars(select(Person).where(Person.id.in_(held)).order_by(Person.name)).all()
    return list(members) or administrators(session)


def people_with_role(session: Session, role: Role, product_id: str, incubator_ids: Collection[str]) -> list[Person]:
    """Who has `role` on a product, directly or through one of its incubators, by name."""
    people = session.scalars(
        select(Person)
        .join(Grant, Grant.person_id == Person.id)
        .where(Grant.role == role, (Grant.product_id == product_id) | Grant.incubator_id.in_(incubator_ids))
        .options(selectinload(Person.grants))
    ).unique()
    return sorted(people, key=lambda person: person.name.lower())
