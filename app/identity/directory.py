"""The directory of authorities: whom an incubator vouches for, on what act; one person adds, another confirms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.identity import services
from app.identity.acts import ActScope, prove_act
from app.identity.factors import FactorProof
from app.identity.jobs import AskListingConfirmed, TellListed
from app.identity.kinds import Role
from app.identity.models import Grant, ListedAuthority, Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction

__all__ = [
    "ListedAuthority",
    "NamedAuthority",
    "confirm_authority",
    "confirmable_listings",
    "end_listing",
    "list_authority",
    "listed_authorities",
    "listed_authority_of",
    "listing_of",
    "second_people",
    "vouching_of",
    "vouchings_of",
]


@dataclass(frozen=True, slots=True)
class NamedAuthority:
    """Who decides, as what, for which entity, named by which act of which day."""

    email: str
    name: str
    function: str
    entity: str
    deed: str
    deed_on: date


_WHOLE = (
    joinedload(ListedAuthority.person),
    joinedload(ListedAuthority.added_by),
    joinedload(ListedAuthority.confirmed_by),
)


def listed_authorities(session: Session, incubator_id: str) -> Sequence[ListedAuthority]:
    """Those that an incubator lists today, confirmed or not, by name."""
    found = session.scalars(
        select(ListedAuthority)
        .where(ListedAuthority.incubator_id == incubator_id, ListedAuthority.ended_at.is_(None))
        .options(*_WHOLE)
    ).all()
    return sorted(found, key=lambda a: a.person.name.lower())


def vouching_of(session: Session, person_id: str, incubator_ids: Collection[str]) -> ListedAuthority | None:
    """How one of these incubators vouches for a person today; None where none does, or where nobody confirmed it."""
    return vouchings_of(session, [person_id], incubator_ids).get(person_id)


def vouchings_of(
    session: Session, person_ids: Collection[str], incubator_ids: Collection[str]
) -> dict[str, ListedAuthority]:
    """By person, how one of these incubators vouches for them today: the first that did."""
    found = session.scalars(
        select(ListedAuthority)
        .where(
            ListedAuthority.person_id.in_(person_ids),
            ListedAuthority.incubator_id.in_(incubator_ids),
            ListedAuthority.confirmed_at.is_not(None),
            ListedAuthority.ended_at.is_(None),
        )
        .options(*_WHOLE)
        .order_by(ListedAuthority.confirmed_at.desc(), ListedAuthority.id)
    )
    return {listed.person_id: listed for listed in found}


def listed_authority_of(session: Session, incubator_id: str, listing_id: str) -> ListedAuthority | None:
    return session.scalar(
        select(ListedAuthority)
        .where(
            ListedAuthority.id == listing_id,
            ListedAuthority.incubator_id == incubator_id,
            ListedAuthority.ended_at.is_(None),
        )
        .options(*_WHOLE)
    )


def listing_of(session: Session, listing_id: str) -> ListedAuthority:
    """A listing, ended or not, with its people."""
    return session.scalars(select(ListedAuthority).where(ListedAuthority.id == listing_id).options(*_WHOLE)).one()


@transaction
def list_authority(
    session: Session, actor: Person, incubator_id: str, named: NamedAuthority, proof: FactorProof
) -> ListedAuthority:
    """Adds somebody to an incubator's directory, to be confirmed by another person. Raises `Refusal`."""
    if named.deed_on > clock.today():
        raise Refusal(_l("L’acte qui nomme l’autorité ne peut pas être à venir."), "deed_on")
    if named.email.strip().lower() == actor.email:
        raise Refusal(_l("Personne ne s’inscrit soi-même : demandez-le à une autre personne de l’incubateur."), "email")
    if any(a.person.email == named.email.strip().lower() for a in listed_authorities(session, incubator_id)):
        raise Refusal(_l("Cette personne est déjà dans l’annuaire."), "email")
    # Before anything is written: a wrong code is counted, and nothing else is kept of this try.
    prove_act(session, actor, BindingAct.VOUCH, proof, f"list:{incubator_id}", ActScope(incubator_ids=(incubator_id,)))
    person = services.find_or_create(session, named.email, named.name)
    if person.closed_at is not None:
        raise Refusal(_l("Ce compte a été fermé : l’administration de Jalon peut le rouvrir."), "email")
    listed = ListedAuthority(
        id=new_id(),
        incubator_id=incubator_id,
        person_id=person.id,
        function=named.function,
        entity=named.entity,
        deed=named.deed,
        deed_on=named.deed_on,
        added_by_id=actor.id,
        added_at=clock.now(),
    )
    session.add(listed)
    session.flush()
    others = second_people(session, listed)
    if not others:
        raise Refusal(
            _l(
                "Personne ne pourrait confirmer : tous ceux qui le peuvent vous doivent leur rôle. Demandez à l’un d’eux d’inscrire cette autorité, vous la confirmerez."
            )
        )
    for other in others:
        jobs.enqueue(session, AskListingConfirmed(listed.id, other.id))
    record(session, actor, Action.LIST_AUTHORITY, _told(person), **_details(listed))
    return listed


def second_people(session: Session, listed: ListedAuthority) -> list[Person]:
    """Who may confirm a listing: another member of the incubator, who does not owe their role to who adds, nor to whom they let
    in; where there is none, an administrator, on the same terms."""
    return _apart_from(listed, _candidates(session, listed.incubator_id))


def confirmable_listings(session: Session, person: Person, listed: Sequence[ListedAuthority]) -> set[str]:
    """Of listings of one incubator, the ids of those that wait for this very person to confirm them."""
    waiting = [a for a in listed if a.confirmed_at is None]
    candidates = _candidates(session, waiting[0].incubator_id) if waiting else None
    return {a.id for a in waiting if candidates and person.id in {p.id for p in _apart_from(a, candidates)}}


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Who may be the second person of an incubator's listings, before one knows of which; and who let whom in."""

    members: Sequence[Person]
    administrators: Sequence[Person]
    givers: services.Givers


def _candidates(session: Session, incubator_id: str) -> _Candidates:
    members = session.scalars(
        select(Person)
        .join(Grant, Grant.person_id == Person.id)
        .where(Grant.role == Role.INCUBATOR_MEMBER, Grant.incubator_id == incubator_id)
        .order_by(Person.name)
    ).all()
    return _Candidates(members, services.administrators(session), services.read_givers(session))


def _apart_from(listed: ListedAuthority, candidates: _Candidates) -> list[Person]:
    apart = {listed.added_by_id, listed.person_id}
    # Whoever was let in by who adds, or by who is added, is no second person: one could let in another mailbox of one's own.
    apart |= services.let_in_by(candidates.givers, apart)
    others = [person for person in candidates.members if person.id not in apart]
    return others or [p for p in candidates.administrators if p.id not in apart]


@transaction
def confirm_authority(session: Session, actor: Person, listed: ListedAuthority, proof: FactorProof) -> None:
    """The second person vouches too: from now on this authority may decide. Raises `Refusal`."""
    if listed.confirmed_at is not None:
        raise Refusal(_l("Cette autorité est déjà confirmée."))
    if not confirmable_listings(session, actor, [listed]):
        raise Refusal(
            _l(
                "Une autorité est confirmée par une autre personne de l’incubateur que celle qui l’a inscrite ; s’il n’y en a pas, ou si elle doit son rôle à celle-ci, par l’administration de Jalon."
            )
        )
    scope = ActScope(incubator_ids=(listed.incubator_id,))
    prove_act(session, actor, BindingAct.VOUCH, proof, f"confirm:{listed.id}", scope, listed.person_id)
    listed.confirmed_by_id, listed.confirmed_at = actor.id, clock.now()
    listed.person.title = f"{listed.function}, {listed.entity}"[:200]
    jobs.enqueue(session, TellListed(listed.id, ended=False))
    record(session, actor, Action.CONFIRM_AUTHORITY, _told(listed.person), **_details(listed))


@transaction
def end_listing(session: Session, actor: Person, listed: ListedAuthority) -> None:
    """The incubator vouches no more: from now on this person decides nothing in its name."""
    listed.ended_at, listed.ended_by_id = clock.now(), actor.id
    jobs.enqueue(session, TellListed(listed.id, ended=True))
    record(session, actor, Action.END_AUTHORITY, _told(listed.person), **_details(listed))


def _told(person: Person) -> str:
    return f"{person.name} <{person.email}>"


def _details(listed: ListedAuthority) -> dict[str, str]:
    return {
        "incubator": listed.incubator_id,
        "function": listed.function,
        "entity": listed.entity,
        "deed": listed.deed,
        "deed_on": listed.deed_on.isoformat(),
    }
