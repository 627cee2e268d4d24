"""Roles on an incubator or on the whole platform: given and taken back with a second factor, never one's own."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from app.identity import policy, services
from app.identity.acts import ActScope, prove_act
from app.identity.factors import FactorProof
from app.identity.jobs import TellFactorConfirmed
from app.identity.kinds import Role
from app.identity.models import Grant, ListedAuthority, Person, SecondFactor
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record, texts_of
from app.platform import clock, jobs
from app.platform.refusals import Refusal
from app.platform.transactions import transaction

__all__ = [
    "OF_INCUBATOR",
    "OF_PLATFORM",
    "SecondFactor",
    "confirm_factor",
    "confirmable_factors",
    "confirming_purpose_of",
    "give_wide_role",
    "grants_of_scope",
    "purpose_of",
    "scope_of",
    "take_back_role",
    "waiting_factors",
]

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


def scope_of(incubator_id: str | None) -> ActScope:
    """An incubator, or the whole platform (None)."""
    return ActScope(incubator_ids=(incubator_id,)) if incubator_id else ActScope()


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
    prove_act(session, actor, BindingAct.GIVE_WIDE_ROLE, proof, purpose_of(incubator_id), scope_of(incubator_id))
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
    purpose, scope = purpose_of(grant.incubator_id), scope_of(grant.incubator_id)
    prove_act(session, actor, BindingAct.TAKE_BACK_ROLE, proof, purpose, scope, grant.person_id)
    services.end_role(session, actor, grant, where)
    record(
        session,
        actor,
        Action.WITHDRAW_ROLE,
        f"{grant.person.name} <{grant.person.email}>",
        role=grant.role.value,
        incubator=grant.incubator_id,
    )


def waiting_factors(session: Session, incubator_id: str | None, product_ids: Select[str] | None) -> list[SecondFactor]:
    """Factors that sign nothing yet, each with its person: of anybody, or of the people whose roles are all of an incubator
    and of its products. Who engages elsewhere too is not for one incubator to vouch for.
    """
    waiting = select(SecondFactor).where(SecondFactor.signs_from > clock.now())
    if incubator_id is not None and product_ids is not None:
        here = select(Grant.person_id).where((Grant.incubator_id == incubator_id) | Grant.product_id.in_(product_ids))
        listed = select(ListedAuthority.person_id).where(
            ListedAuthority.incubator_id == incubator_id, ListedAuthority.ended_at.is_(None)
        )
        elsewhere = select(Grant.person_id).where(
            Grant.role.in_(policy.PRIVILEGED),
            or_(Grant.incubator_id.is_(None), Grant.incubator_id != incubator_id),
            or_(Grant.product_id.is_(None), Grant.product_id.not_in(product_ids)),
        )
        waiting = waiting.where(
            SecondFactor.person_id.in_(here) | SecondFactor.person_id.in_(listed),
            SecondFactor.person_id.not_in(elsewhere),
        )
    engaged = select(Grant.id).where(Grant.person_id == SecondFactor.person_id).exists()
    listed_anywhere = select(ListedAuthority.id).where(
        ListedAuthority.person_id == SecondFactor.person_id, ListedAuthority.ended_at.is_(None)
    )
    waiting = waiting.where(engaged | listed_anywhere.exists())
    found = session.scalars(waiting.options(joinedload(SecondFactor.person)).order_by(SecondFactor.added_at))
    return list(found)


def confirmable_factors(
    session: Session, actor: Person, factors: Sequence[SecondFactor], where: str | None
) -> set[str]:
    """Of `factors`, each with its person, the ids of those for whose owner `actor` is a second person: another, from whom they
    hold no role today and held none before.

    Through others too within an incubator; the first administrator let everybody in, and answers for the platform (None).
    """
    owing = {actor.id, *session.scalars(select(Grant.person_id).where(Grant.given_by_id == actor.id))}
    if where is not None:
        owing |= services.let_in_by(services.read_givers(session), {actor.id})
    given = texts_of(session, actor.id, Action.GIVE_ROLE) if factors else ()
    owing |= {f.person_id for f in factors if any(f"<{f.person.email}>" in said for said in given)}
    return {f.id for f in factors if f.person_id not in owing}


def confirming_purpose_of(factor: SecondFactor) -> str:
    """What a key is asked to sign for, when this factor is confirmed."""
    return f"confirm-factor:{factor.id}"


@transaction
def confirm_factor(
    session: Session, actor: Person, factor: SecondFactor, where: str | None, proof: FactorProof
) -> None:
    """A second person has checked, by another way than mail, whose factor this is: it signs from now on. Raises `Refusal`.

    `where`: id of the incubator that the actor answers for, or nothing for the platform.
    """
    if factor.person_id == actor.id:
        raise Refusal(_l("Personne ne confirme son propre second facteur : demandez-le à une autre personne."))
    if factor.signs_from <= clock.now():
        raise Refusal(_l("Ce second facteur vaut déjà pour signer."))
    if not confirmable_factors(session, actor, [factor], where):
        raise Refusal(
            _l(
                "Cette personne vous doit un rôle : une autre, qui ne vous en doit pas, confirme son second facteur. Sinon, il signe de lui-même au bout de vingt-quatre heures."
            )
        )
    purpose, scope = confirming_purpose_of(factor), scope_of(where)
    prove_act(session, actor, BindingAct.CONFIRM_FACTOR, proof, purpose, scope, factor.person_id)
    factor.signs_from, factor.confirmed_by_id = clock.now(), actor.id
    told = f"{factor.person.name} <{factor.person.email}>"
    record(session, actor, Action.CONFIRM_FACTOR, told, incubator=where, factor=factor.name)
    at = clock.now().isoformat()
    jobs.enqueue(session, TellFactorConfirmed(factor.person_id, factor.name, actor.name, at))
