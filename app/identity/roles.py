"""Roles on an incubator or on the whole platform: given and taken back with a second factor, never one's own."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.identity import factors, policy, services
from app.identity.factors import FactorProof
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform.refusals import Refusal
from app.platform.transactions import transaction

# What is given on a whole incubator, and on the platform; the other roles are given on a product.
OF_INCUBATOR = (Role.INCUBATOR_MEMBER, Role.REVIEWER, Role.AUTHORITY)
OF_PLATFORM = (Role.ADMINISTRATOR, Role.AUDITOR)


def grants_of_scope(session: Session, incubator_id: str | None) -> list[Grant]:
    """The roles held on an incubator, or on the whole platform (None), each with its person, by role then name."""
    here = Grant.incubator_id == incubator_id if incubator_id else Grant.incubator_id.is_(None)
    found = session.scalars(
        select(Grant).where(Grant.product_id.is_(None), here).options(joinedload(Grant.person))
    ).all()
    return sorted(found, key=lambda grant: (list(Role).index(grant.role), grant.person.name.lower()))


def purpose_of(incubator_id: str | None) -> str:
    """What a key is asked to sign for, when roles of this scope change."""
    return f"roles:{incubator_id or ''}"


@transaction
def give_wide_role(
    session: Session,
    actor: Person,
    actor_roles: frozenset[Role],
    *,
    email: str,
    name: str,
    role: Role,
    incubator_id: str | None,
    proof: FactorProof,
) -> bool:
    """Gives a role on an incubator or on the platform; whether the person was written to. Raises `Refusal`."""
    if role not in (OF_INCUBATOR if incubator_id else OF_PLATFORM):
        raise Refusal(_l("Ce rôle ne se donne pas ici."), "role")
    factors.prove_factor(session, actor, proof, purpose_of(incubator_id))
    return services.invite_person(
        session, actor, actor_roles, email=email, name=name, role=role, incubator_id=incubator_id
    )


@transaction
def take_back_role(
    session: Session, actor: Person, actor_roles: frozenset[Role], grant: Grant, where: str, proof: FactorProof
) -> None:
    """Takes a role of an incubator or of the platform back; its holder, told by mail, is signed out. Raises `Refusal`."""
    if grant.person_id == actor.id:
        raise Refusal(_l("Personne ne retire son propre rôle : demandez-le à une autre personne qui peut le retirer."))
    if not policy.may_withdraw_role(actor_roles, grant.role):
        raise Refusal(_l("Ce rôle n’est pas de ceux que vous pouvez retirer."))
    factors.prove_factor(session, actor, proof, purpose_of(grant.incubator_id))
    services.end_role(session, actor, grant, where)
    record(
        session,
        actor,
        Action.WITHDRAW_ROLE,
        f"{grant.person.name} <{grant.person.email}>",
        role=grant.role.value,
        incubator=grant.incubator_id,
    )
