"""The chain of the journal: each line numbered without gap and tied to the one before, so that whoever holds a former head
finds what was changed, removed, inserted, moved or put back since.

A line's number and hash are given when its transaction commits, one transaction at a time. The hash is of what the line
says and of the hash before it; of free text and names, digests with a salt of their own, so that they can be erased one
day and the chain still hold.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from enum import StrEnum
from typing import cast

from sqlalchemy import Select, String, column, event, insert, inspect, select, table, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.journal.actions import SUBJECTS, Action, Subject
from app.journal.models import JournalDay, JournalEntry, JournalLink

_PENDING = "journal_pending"
# Of PostgreSQL's advisory locks, the one that whoever numbers lines holds until it has committed.
_LOCK = 0x6A6F75726E616C
BEFORE_THE_FIRST = "0" * 64
_SALT = re.compile(r"[0-9a-f]{64}")
# The journal knows no people: their table is asked by its name.
_ERASED_PEOPLE: Select[str] = (
    select(column("id", String)).select_from(table("person")).where(column("erased_at").is_not(None))
)


class Tampering(StrEnum):
    """What verification finds: `number` says where."""

    GAP = "gap"  # a number is missing
    CHANGED = "changed"  # a line does not say what its hash says, or does not follow the one before
    GONE = "gone"  # a number whose line is no longer there
    UNCHAINED = "unchained"  # a line that no number names
    OTHER_HEAD = "other_head"  # the head that was kept outside is not in this chain: older copy, or a chain made anew


@dataclass(frozen=True, slots=True)
class JournalHead:
    """The last line's number and hash; 0 and zeros where there is none."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class JournalVerdict:
    """The head of the chain as it is, and what is wrong, each with the number of its line (or the id of an entry)."""

    head: JournalHead
    faults: tuple[tuple[Tampering, str], ...]


def note_entry(session: Session, entry: JournalEntry) -> None:
    """Adds a line, to be numbered when this transaction commits."""
    session.add(entry)
    session.info.setdefault(_PENDING, []).append(entry)


@event.listens_for(Session, "before_commit")
def _chain(session: Session) -> None:
    transaction = session.get_nested_transaction() or session.get_transaction()
    if not session.info.get(_PENDING) or (transaction and transaction.nested):
        return
    session.flush()
    # What a savepoint took back is no longer of this session.
    entries = [entry for entry in session.info.pop(_PENDING) if inspect(entry).persistent]
    if not entries:
        return
    _append(session, entries)


def chain_unchained(session: Session) -> int:
    """Chains the lines of before there was a chain, once, when the database learns to have none without a number; how many."""
    entries = session.scalars(
        select(JournalEntry)
        .where(JournalEntry.id.not_in(select(JournalLink.entry_id)))
        .order_by(JournalEntry.at, JournalEntry.id)
    ).all()
    _append(session, entries)
    return len(entries)


def _append(session: Session, entries: Sequence[JournalEntry]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    head = read_head(session)
    for entry in entries:
        salt = secrets.token_hex(16)
        texts = _digests(entry, _salts_from(salt))
        head = JournalHead(head.number + 1, _hash(head, entry, texts))
        session.add(JournalLink(number=head.number, entry_id=entry.id, texts=texts, salt=salt, hash=head.hash))
    session.flush()


def read_head(session: Session) -> JournalHead:
    last = session.scalar(select(JournalLink).order_by(JournalLink.number.desc()).limit(1))
    return JournalHead(last.number, last.hash) if last else JournalHead(0, BEFORE_THE_FIRST)


def keep_day(session: Session, day: date, head: JournalHead, sha256: str) -> bool:
    """Keeps the head of `day`, whose document is `sha256`, for whoever asks first; False to the others."""
    try:
        with session.begin_nested():
            values = {"day": day, "number": head.number, "hash": head.hash, "sha256": sha256}
            session.execute(insert(JournalDay).values(**values))
    except IntegrityError:
        return False
    return True


def kept_day(session: Session, day: date) -> JournalDay | None:
    """The head that was kept on `day`."""
    return session.get(JournalDay, day)


def kept_days(session: Session, most: int) -> list[JournalDay]:
    """The days whose head was kept, the newest first."""
    return list(session.scalars(select(JournalDay).order_by(JournalDay.day.desc()).limit(most)))


def verify_journal(session: Session, *kept: JournalHead) -> JournalVerdict:
    """Reads the whole chain, in which must be each head kept day by day, and those `kept` outside the database."""
    missing = {JournalHead(day.number, day.hash) for day in session.scalars(select(JournalDay))}
    missing |= set(kept)
    faults: list[tuple[Tampering, str]] = []
    head = JournalHead(0, BEFORE_THE_FIRST)
    missing.discard(head)
    erased_people = frozenset(session.scalars(_ERASED_PEOPLE))
    told, partly = dict[int, set[str]](), list[tuple[JournalLink, JournalEntry]]()
    rows = session.execute(
        select(JournalLink, JournalEntry)
        .outerjoin(JournalEntry, JournalEntry.id == JournalLink.entry_id)
        .order_by(JournalLink.number)
        .execution_options(yield_per=500)
    )
    for link, entry in cast("Iterable[tuple[JournalLink, JournalEntry | None]]", rows):
        if link.number != head.number + 1:
            faults.append((Tampering.GAP, str(head.number + 1)))
        if entry is None:
            faults.append((Tampering.GONE, str(link.number)))
        elif not _says_its_texts(link, entry) or link.hash != _hash(
            JournalHead(link.number - 1, head.hash), entry, link.texts
        ):
            faults.append((Tampering.CHANGED, str(link.number)))
        else:
            if not link.salt:
                partly.append((link, entry))
            if entry.action == Action.ERASE_PERSON and entry.what in erased_people:
                for number in entry.details.get("lines", ()):
                    told.setdefault(number, set()).add(entry.what)
        head = JournalHead(link.number, link.hash)
        missing.discard(head)
    # Only a line of the chain, as it was written, accounts for what was blanked before it.
    faults += [(Tampering.CHANGED, str(link.number)) for link, entry in partly if not _is_accounted(link, entry, told)]
    faults += [(Tampering.UNCHAINED, entry_id) for entry_id in _unchained(session)]
    faults += [(Tampering.OTHER_HEAD, str(number)) for number in sorted(lost.number for lost in missing)]
    return JournalVerdict(head, tuple(faults))


def _unchained(session: Session) -> list[str]:
    """Lines without a number, however old they say that they are."""
    chained = select(JournalLink.entry_id)
    found = select(JournalEntry.id).where(JournalEntry.id.not_in(chained))
    return list(session.scalars(found.order_by(JournalEntry.at, JournalEntry.id)))


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody as the journal names them: their id, their addresses, and the names that nobody else bears."""

    person_id: str
    addresses: frozenset[str]
    names: frozenset[str]


# Lines that may name somebody by their name alone; elsewhere, the same words name a product, a component, an outcome.
_OF_PEOPLE = frozenset(
    {Subject.PERSON, Subject.CONTACT, Subject.ACCOUNT, Subject.COMMENT, Subject.DELEGATION, Subject.CHANNEL}
)


def former_names(session: Session, person_id: str) -> tuple[set[str], set[str]]:
    """The names and the addresses that a person had before, by what the journal says that they became."""
    names, addresses = set[str](), set[str]()
    lines = select(JournalEntry).where(JournalEntry.person_id == person_id)
    for entry in session.scalars(lines):
        names |= {entry.person_name, str(entry.details.get("renamed_from", ""))}
        if entry.action == Action.CHANGE_ADDRESS:
            addresses.add(str(entry.details.get("before", "")))
    return names - {""}, addresses - {""}


def erase_texts(session: Session, named: Named) -> list[int]:
    """Blanks what names somebody in the lines they wrote or that speak of them; the numbers of those lines.

    The digests stay in the chain, without the salt that would let a name be tried against them. The caller says these numbers
    in the line that tells of the erasure: a line blanked without it is found as changed.
    """
    numbers = []
    rows = session.execute(
        select(JournalEntry, JournalLink).outerjoin(JournalLink, JournalLink.entry_id == JournalEntry.id)
    )
    for entry, link in cast("Iterable[tuple[JournalEntry, JournalLink | None]]", rows):
        said = _texts_of(entry)
        blanked = {text for text in _naming(entry, named) if said[text] != _BLANK[text]}
        if not blanked:
            continue
        if link is not None:
            salts = link.kept_salts if link.kept_salts is not None else _salts_of(link, entry)
            # Of a line of before each text had its own salt, none can stay.
            blanked = blanked if salts else set(_BLANK)
            link.salt, link.kept_salts = "", {text: salt for text, salt in salts.items() if text not in blanked}
            numbers.append(link.number)
        blank = {text: {} if text == "details" else "" for text in blanked}
        session.execute(update(JournalEntry).where(JournalEntry.id == entry.id).values(**blank))
    session.flush()
    return sorted(numbers)


def _naming(entry: JournalEntry, named: Named) -> set[str]:
    """The texts of a line that name that very person."""
    found = {"person_name"} if entry.person_id == named.person_id else set()
    if entry.action == Action.ERASE_PERSON:  # which says numbers, and an id
        return found
    subject = SUBJECTS.get(entry.action)
    if entry.person_id == named.person_id and subject is Subject.FACTOR:
        found.add("what")  # its owner named it, often after themselves
    by_name = subject in _OF_PEOPLE
    if _names(entry.what, named, by_name=by_name):
        found.add("what")
    if any(_names(text, named, by_name=by_name) for text in _values(entry.details)):
        found.add("details")
    return found


def _names(text: str, named: Named, *, by_name: bool) -> bool:
    """Whether a text names that very person: by an address, or by a whole name that no other address follows."""
    said = text.casefold()
    if any(re.search(rf"(?<![\w.+-]){re.escape(a.casefold())}(?![\w-])", said) for a in named.addresses):
        return True
    whole = (rf"(?<!\w){re.escape(name.casefold())}(?!\w)(?!\s*<)" for name in named.names if by_name)
    return any(re.search(name, said) for name in whole)


def _values(details: object) -> Iterator[str]:
    """The texts that details hold, not the names that they are held by."""
    if isinstance(details, str):
        yield details
    elif isinstance(details, dict):
        for value in details.values():
            yield from _values(value)
    elif isinstance(details, list):
        for value in details:
            yield from _values(value)


def _salts_of(link: JournalLink, entry: JournalEntry) -> dict[str, str]:
    """The salt of each text of a line; none where one salt served them all."""
    salts = _salts_from(link.salt)
    return salts if link.texts == _digests(entry, salts) else {}


def _salts_from(salt: str) -> dict[str, str]:
    return {text: hashlib.sha256(f"{salt}:{text}".encode()).hexdigest() for text in _BLANK}


def _says_its_texts(link: JournalLink, entry: JournalEntry) -> bool:
    """Whether a line says what its digests are of; one that named somebody erased, for what stays of it."""
    if link.salt:
        one_for_all = dict.fromkeys(_BLANK, link.salt)
        return link.texts in (_digests(entry, _salts_from(link.salt)), _digests(entry, one_for_all))
    kept = link.kept_salts or {}
    # Of any other length, the beginning of a text could pass for the end of its salt.
    if not all(isinstance(salt, str) and _SALT.fullmatch(salt) for salt in kept.values()):
        return False
    said = _digests(entry, kept)
    blank = all(value == _BLANK[text] for text, value in _texts_of(entry).items() if text not in kept)
    return blank and all(said[text] == link.texts[text] for text in kept)


def _is_accounted(link: JournalLink, entry: JournalEntry, told: Mapping[int, set[str]]) -> bool:
    """Whether a line blanked in part is one that an erasure named, of the person who wrote it where their name is gone."""
    people = told.get(link.number, set())
    return bool(people) and ("person_name" in (link.kept_salts or {}) or entry.person_id in people)


def _texts_of(entry: JournalEntry) -> dict[str, str]:
    return {"person_name": entry.person_name, "what": entry.what, "details": _canonical(entry.details)}


# The free texts of a line, and what they are once erased.
_BLANK = {"person_name": "", "what": "", "details": "{}"}


def _digests(entry: JournalEntry, salts: Mapping[str, str]) -> dict[str, str]:
    """Of each free text of a line."""
    said = _texts_of(entry)
    return {text: hashlib.sha256(f"{salts.get(text, '')}{said[text]}".encode()).hexdigest() for text in said}


def _hash(before: JournalHead, entry: JournalEntry, texts: Mapping[str, str]) -> str:
    line = {
        "number": before.number + 1,
        "before": before.hash,
        "entry": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "person": entry.person_id,
        "action": str(entry.action),
        "product": entry.product_id,
        "texts": dict(texts),
    }
    return hashlib.sha256(_canonical(line).encode()).hexdigest()


def _canonical(plain: object) -> str:
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
