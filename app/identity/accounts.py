"""The accounts of people, for who keeps this Jalon running: found, closed, opened again, freed of factors that were lost."""

import re
from collections.abc import Iterator, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import Column, String, delete, select, update
from sqlalchemy.orm import Session, joinedload

from app.identity import factors, services
from app.identity.acts import ActScope, prove_act
from app.identity.factors import FactorProof
from app.identity.jobs import ErasePerson, TellAccountClosed, TellErased
from app.identity.models import Grant, ListedAuthority, Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.chain import Named, erase_texts, former_names
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import Base
from app.platform.refusals import Refusal
from app.platform.search_text import as_plain_text
from app.platform.transactions import transaction, unjournaled_transaction

__all__ = [
    "PAGE",
    "Grant",
    "Person",
    "account_of",
    "accounts_among",
    "ask_erasure",
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


@unjournaled_transaction
def ask_erasure(session: Session, actor: Person, person: Person, proof: FactorProof) -> None:
    """Has the worker erase a closed account: the web may not change the journal. Raises `Refusal`."""
    if person.closed_at is None:
        raise Refusal(_l("Fermez d’abord ce compte."))
    if person.erased_at is not None:
        raise Refusal(_l("Cette personne est déjà effacée."))
    prove_act(session, actor, BindingAct.ERASE_PERSON, proof, erasing_purpose_of(person), ActScope(), person.id)
    jobs.enqueue(session, ErasePerson(person.id, actor.id))


@transaction
def erase_person(session: Session, actor: Person, person: Person) -> None:
    """Takes the name and the address of a closed account away, in the journal too; who audits is told how many lines.

    What is sealed keeps its names: a decision says who took it for as long as it is kept. Done by the worker.
    """
    lines = erase_texts(session, _named(session, person))
    _forget_elsewhere(session, person)
    person.name, person.email, person.title = ERASED_NAME, f"{person.id}@efface.invalid", ""
    person.erased_at = clock.now()
    record(session, actor, Action.ERASE_PERSON, person.id, lines=lines)
    told = {p.id for p in (*services.auditors(session), *services.administrators(session))} - {actor.id}
    for person_id in sorted(told):
        jobs.enqueue(session, TellErased(person_id, person.id, len(lines), actor.name))


# A name that is an ordinary word, or holds what names hold not, would take lines of others with it.
_WHOLE_NAME = re.compile(r"[^\W\d_]+(?:[ '’.-]+[^\W\d_]+)+")


def _named(session: Session, person: Person) -> Named:
    """By what the journal names a person: where somebody else bears the same name, only their addresses are theirs."""
    names, addresses = former_names(session, person.id)
    others = {as_plain_text(name) for name in session.scalars(select(Person.name).where(Person.id != person.id))}
    own = {name for name in names | {person.name} if _WHOLE_NAME.fullmatch(name) and as_plain_text(name) not in others}
    return Named(person.id, frozenset(addresses | {person.email}), frozenset(own))


def _forget_elsewhere(session: Session, person: Person) -> None:
    """Takes the name away where it says who did what in a product.

    What is of a dossier stays: it says who prepared what was decided. A name that others bear stays too.
    """
    shared = select(Person.id).where(Person.name == person.name, Person.id != person.id).limit(1)
    for column in _signed_columns() if session.scalar(shared) is None else ():
        session.execute(update(column.table).where(column == person.name).values({column.name: ERASED_NAME}))


def _signed_columns() -> Iterator[Column[str]]:
    """Columns that say by name who did something, outside dossiers: `done_by`, `edited_by`, `recorded_by`…"""
    for table in Base.metadata.sorted_tables:
        of_dossier = table.name == "dossier" or any(k.column.table.name == "dossier" for k in table.foreign_keys)
        for column in table.columns:
            whole = isinstance(column.type, String) and column.type.length in {None, 200}
            if column.name.endswith("_by") and whole and not column.foreign_keys and not of_dossier:
                yield column


@transaction
def reset_factors(session: Session, actor: Person, person: Person, proof: FactorProof) -> None:
    """Erases the second factors and recovery codes of somebody else who lost them; their sessions end. Raises `Refusal`."""
    if person.id == actor.id:
        raise Refusal(
            _l("Personne n’efface ses propres seconds facteurs : demandez-le à une autre personne de l’administration.")
        )
    prove_act(session, actor, BindingAct.RESET_FACTORS, proof, resetting_purpose_of(person), ActScope(), person.id)
    factors.forget_all(session, person, actor)
