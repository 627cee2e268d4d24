"""Doing an act that binds: what the policy's table `ACTS` asks of who does it, read again at the moment it is done."""

from collections.abc import Collection
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity import factors, policy
from app.identity.factors import FactorProof
from app.identity.models import Grant, Person, SecondFactor
from app.identity.policy import Bar, BindingAct
from app.platform.refusals import Refusal


@dataclass(frozen=True, slots=True)
class ActScope:
    """On what an act is done: a product with its incubators, incubators alone, or the whole platform."""

    product_id: str | None = None
    incubator_ids: Collection[str] = ()


def check_act(session: Session, actor: Person, act: BindingAct, scope: ActScope, about: str = "") -> None:
    """Raises `Refusal` unless the actor's roles on `scope` allow `act` now; they stay theirs until this transaction ends.

    `about`: id of whom the act is about.
    """
    rule = policy.ACTS[act]
    if about == actor.id and Bar.ONESELF in rule.never_by:
        raise Refusal(_l("Personne ne fait cet acte pour soi-même : demandez-le à une autre personne."))
    # Locked: a role taken back meanwhile is taken back before this act, or after it, never in its midst.
    grants = session.scalars(
        select(Grant).where(Grant.person_id == actor.id).with_for_update().execution_options(populate_existing=True)
    ).all()
    roles = policy.roles_on(grants, product_id=scope.product_id, incubator_ids=scope.incubator_ids)
    if not policy.allows(rule.permission, roles):
        raise Refusal(_l("Vous n’avez plus le rôle que cet acte demande."))


def prove_act(
    session: Session,
    actor: Person,
    act: BindingAct,
    proof: FactorProof,
    purpose: str,
    scope: ActScope,
    about: str = "",
) -> SecondFactor:
    """The second factor given for `purpose`, then `check_act`. Raises `Refusal`."""
    given = factors.prove_factor(session, actor, proof, purpose)
    check_act(session, actor, act, scope, about)
    return given
