"""Separation of duties: who may not do an act on a dossier, whatever their role (the table `ACTS` of the policy)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.homologation.dispensation_models import Dispensation
from app.homologation.kinds import Origin
from app.homologation.models import Decision, Dossier
from app.identity import directory, policy
from app.identity.acts import ActScope, check_act
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.identity.policy import Bar, BindingAct
from app.journal.actions import WRITING, Action
from app.journal.services import has_acted
from app.platform.refusals import Refusal
from app.products.services import incubators_of

_WHY = {
    Bar.PREPARES: _l("%(name)s a aussi un rôle qui prépare ce dossier (équipe, incubateur ou administration)"),
    Bar.WROTE: _l("%(name)s a écrit dans ce produit depuis sa dernière décision"),
    Bar.REVIEWED: _l("%(name)s a donné un avis sur ce dossier"),
}
_ASKED = {
    BindingAct.GIVE_OPINION: _l(
        "%(why)s : qui prépare un dossier ne le juge pas. Demandez cet avis à une autre personne."
    ),
    BindingAct.RECORD_SIGNED: _l(
        "%(why)s : qui prépare un dossier n’enregistre pas sa décision. Demandez-le à une autre personne de l’incubateur."
    ),
    BindingAct.LIFT_RESERVATION: _l("%(why)s : qui doit lever une réserve ne dit pas lui-même qu’elle l’est."),
    BindingAct.CONFIRM_SIGNED: _l(
        "%(why)s : qui prépare un dossier ne confirme pas sa décision. Demandez-le à une autre personne de l’incubateur."
    ),
    BindingAct.DISPENSE: _l("%(why)s : qui prépare une dispense ne l’accorde pas. Il faut une autre autorité."),
    BindingAct.DECIDE: _l("%(why)s : qui prépare un dossier ou le juge ne le décide pas. Il faut une autre autorité."),
}


def check_apart(session: Session, act: BindingAct, person: Person, of: Dossier | Dispensation, field: str = "") -> None:
    """Raises `Refusal`, at `field`, where what the person did or is keeps them from `act` on this dossier or dispensation.

    An act about oneself is for `check_act` to see.
    """
    for bar, read in _READ.items():
        if bar in policy.ACTS[act].never_by and read(session, person.id, of):
            raise Refusal(str(_ASKED[act]) % {"why": str(_WHY[bar]) % {"name": person.name}}, field)


def scope_of_product(session: Session, product_id: str) -> ActScope:
    """A product with its incubators."""
    return ActScope(product_id, incubators_of(session, product_id))


def check_transmission(session: Session, person: Person, dossier: Dossier) -> None:
    """Raises `Refusal` unless the person composes this dossier today, for an authority that an incubator vouches for."""
    check_act(session, person, BindingAct.TRANSMIT, scope_of_product(session, dossier.product_id))
    check_vouched(session, dossier)


def check_opinion_giver(session: Session, person: Person, dossier: Dossier) -> None:
    """Raises `Refusal` unless the person reviews this product today, and prepared nothing of it."""
    check_act(session, person, BindingAct.GIVE_OPINION, scope_of_product(session, dossier.product_id))
    check_apart(session, BindingAct.GIVE_OPINION, person, dossier)


def check_vouched(session: Session, of: Dossier | Dispensation) -> None:
    """Raises `Refusal` unless the authority of `of` (loaded) still is one, and an incubator of the product vouches for it."""
    authority = of.authority
    if authority and not _is_authority(session, authority, of.product_id):
        raise Refusal(
            _l("%(name)s n’est plus autorité de ce produit : l’équipe en nomme une autre.", name=authority.name)
        )
    if authority and directory.vouching_of(session, authority.id, incubators_of(session, of.product_id)):
        return
    raise Refusal(
        _l(
            "Aucun incubateur de ce produit ne se porte encore garant de l’autorité, %(name)s : il l’inscrit dans son annuaire des autorités, avec l’acte qui la nomme, et une deuxième personne le confirme.",
            name=authority.name if authority else "–",
        )
    )


def _is_authority(session: Session, person: Person, product_id: str) -> bool:
    grants = session.scalars(select(Grant).where(Grant.person_id == person.id)).all()
    return Role.AUTHORITY in policy.roles_on(
        grants, product_id=product_id, incubator_ids=incubators_of(session, product_id)
    )


def _prepares(session: Session, person_id: str, of: Dossier | Dispensation) -> bool:
    grants = session.scalars(select(Grant).where(Grant.person_id == person_id)).all()
    roles = policy.roles_on(grants, product_id=of.product_id, incubator_ids=incubators_of(session, of.product_id))
    return not policy.PREPARERS.isdisjoint(roles)


def _wrote(session: Session, person_id: str, of: Dossier | Dispensation) -> bool:
    """Since the last decision made in Jalon on another dossier: what was written before it was judged by its authority.

    A homologation made elsewhere judged nothing of what was written here, and whoever prepares can record one.
    """
    return has_acted(session, person_id, of.product_id, WRITING, since=_judged_last(session, of))


def _judged_last(session: Session, of: Dossier | Dispensation) -> datetime | None:
    return session.scalar(
        select(func.max(Dossier.state_since))
        .join(Decision, Decision.dossier_id == Dossier.id)
        .where(
            Dossier.product_id == of.product_id,
            Dossier.id != of.id,
            Dossier.origin == Origin.JALON,
            Decision.outside_sha256.is_(None),
        )
    )


def _reviewed(session: Session, person_id: str, of: Dossier | Dispensation) -> bool:
    """As the journal tells it: the team may have taken the opinion out of its dossier since."""
    return has_acted(session, person_id, of.product_id, _OPINION, since=_judged_last(session, of))


_OPINION = frozenset({Action.GIVE_OPINION})


_READ = {Bar.PREPARES: _prepares, Bar.WROTE: _wrote, Bar.REVIEWED: _reviewed}
