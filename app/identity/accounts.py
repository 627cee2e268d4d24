"""The accounts of people, for who keeps this Jalon running: found, closed, opened again, freed of factors that were lost."""

from collections.abc import Iterator, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import Column, delete, select, update
from sqlalchemy.orm import Session, joinedload

from app.identity import factors
from app.identity.acts import ActScope, prove_act
from app.identity.factors import FactorProof
from app.identity.jobs import TellAccountClosed
from app.identity.models import Grant, ListedAuthority, Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.chain import erase_texts
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import Base
from app.platform.refusals import Refusal
from app.platform.search_text import as_plain_text
from app.platform.transactions import transaction

__all__ = [
    "PAGE",
    "Grant",
    "Person",
    "account_of",
    "accounts_among",
    "close_account",
    "closing_purpose_of",
    "erase_person",
    "erasing_purpose_of",
    "find_accounts",
    "reopen_account",
    "reset_factors",
    "resetting_purpose_of",
]

PAGE = 50
# Not translated: it is kept as a name, and read in either language.
ERASED_NAME = "Personne effacée"


def find_accounts(session: Session, asked: str) -> list[str]:
    """The ids of the people whose name or address holds each word of `asked`, by name."""
    words = as_plain_text(asked).split()
    rows = session.execute(select(Person.id, Person.name, Person.email))
    found = [(as_plain_text(f"{name} {email}"), person_id) for person_id, name, email in rows]
    return [person_id for text, person_id in sorted(found) if all(word in text for word in words)]


def accounts_among(session: Session, ids: Sequence[str]) -> list[Person]:
    """These people in this order, each with their roles."""
    found = session.scalars(select(Person).where(Person.id.in_(ids)).options(joinedload(Person.grants))).unique()
    by_id = {person.id: person for person in found}
    return [by_id[person_id] for person_id in ids if person_id in by_id]


def account_of(session: Session, person_id: str) -> Person | None:
    """A person with their roles."""
    return (
        session.scalars(select(Person).where(Person.id == person_id).options(joinedload(Person.grants)))
        .unique()
        .one_or_none()
    )


def _owned() -> Iterator[Column[str]]:
    """What is a person's alone, in every feature: rows that would go with theirs. Sessions, factors, roles, calendars, views."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(k.column.table.name == "person" and k.ondelete == "CASCADE" for k in column.foreign_keys):
                yield column


def closing_purpose_of(person: Person) -> str:
    """What a key is asked to sign for, when this account is closed."""
    return f"close:{person.id}"


def erasing_purpose_of(person: Person) -> str:
    """What a key is asked to sign for, when this person is erased."""
    return f"erase:{person.id}"


def resetting_purpose_of(person: Person) -> str:
    """What a key is asked to sign for, when the factors of this person are erased."""
    return f"reset:{person.id}"


@transaction
def close_account(session: Session, actor: Person, person: Person, proof: FactorProof) -> None:
    """Takes everything that opens the account or acts in its name; what it did stays. Raises `Refusal`."""
    if person.id == actor.id:
        raise Refusal(_l("Personne ne ferme son propre compte : demandez-le à une autre personne de l’administration."))
    if person.closed_at is not None:
        raise Refusal(_l("Ce compte est déjà fermé."))
    prove_act(session, actor, BindingAct.CLOSE_ACCOUNT, proof, closing_purpose_of(person), ActScope(), person.id)
    for column in _owned():
        session.execute(delete(column.table).where(column == person.id))
    now = clock.now()
    listed = update(ListedAuthority).where(ListedAuthority.person_id == person.id, ListedAuthority.ended_at.is_(None))
    session.execute(listed.values(ended_at=now, ended_by_id=actor.id))
    session.expire(person, ["grants"])
    person.closed_at = now
    record(session, actor, Action.CLOSE_ACCOUNT, f"{person.name} <{person.email}>")
    jobs.enqueue(session, TellAccountClosed(person.id, actor.name, now.isoformat()))


@transaction
def reopen_account(session: Session, actor: Person, person: Person) -> None:
    """The person can sign in again; their roles are given anew by whoever may. Raises `Refusal`."""
    if person.closed_at is None:
        raise Refusal(_l("Ce compte est ouvert."))
    if person.erased_at is not None:
        raise Refusal(_l("Cette personne a été effacée : invitez-la, elle aura un autre compte."))
    person.closed_at = None
    record(session, actor, Action.REOPEN_ACCOUNT, f"{person.name} <{person.email}>")


@transaction
def erase_person(session: Session, actor: Person, person: Person, proof: FactorProof) -> int:
    """Takes the name and the address of a closed account away, in the journal too; how many of its lines were blanked.

    What is sealed keeps its names: a decision says who took it for as long as it is kept. Raises `Refusal`.
    """
    if person.closed_at is None:
        raise Refusal(_l("Fermez d’abord ce compte."))
    if person.erased_at is not None:
        raise Refusal(_l("Cette personne est déjà effacée."))
    prove_act(session, actor, BindingAct.ERASE_PERSON, proof, erasing_purpose_of(person), ActScope(), person.id)
    lines = erase_texts(session, person.id, person.name, person.email)
    person.name, person.email, person.title = ERASED_NAME, f"{person.id}@efface.invalid", ""
    person.erased_at = clock.now()
    record(session, actor, Action.ERASE_PERSON, person.id, lines=lines)
    return len(lines)


@transaction
def reset_factors(session: Session, actor: Person, person: Person, proof: FactorProof) -> None:
    """Erases the second factors and recovery codes of somebody else who lost them; their sessions end. Raises `Refusal`."""
    if person.id == actor.id:
        raise Refusal(
            _l("Personne n’efface ses propres seconds facteurs : demandez-le à une autre personne de l’administration.")
        )
    prove_act(session, actor, BindingAct.RESET_FACTORS, proof, resetting_purpose_of(person), ActScope(), person.id)
    factors.forget_all(session, person, actor)
