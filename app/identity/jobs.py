"""What this feature asks of workers."""

from dataclasses import dataclass
from typing import ClassVar

from app.identity.kinds import Role
from app.platform.jobs import Task


@dataclass(frozen=True)
class SendSignInLink(Task):
    """`account_id`: the account of ProConnect that using the link joins."""

    kind: ClassVar[str] = "sign_in_link"
    email: str
    next_path: str
    account_id: str | None = None


@dataclass(frozen=True)
class SendInvitation(Task):
    kind: ClassVar[str] = "invitation"
    person_id: str
    by: str
    role: Role
    next_path: str
    product_id: str | None = None


@dataclass(frozen=True)
class TellAuthorityNamed(Task):
    """`at`: an instant in ISO 8601, so that each naming is told once."""

    kind: ClassVar[str] = "authority_named"
    person_id: str
    product_id: str
    by: str
    named: str
    at: str


@dataclass(frozen=True)
class TellMoved(Task):
    """To a member of an incubator that a product left or joined; `at` tells each time apart."""

    kind: ClassVar[str] = "product_moved"
    person_id: str
    product_id: str
    incubator: str
    joined: bool
    by: str
    at: str


@dataclass(frozen=True)
class TellRoleTaken(Task):
    """`where`: the product's or the incubator's name, nothing for the platform; `at` tells each time apart."""

    kind: ClassVar[str] = "role_taken"
    person_id: str
    role: Role
    where: str
    by: str
    at: str


@dataclass(frozen=True)
class AskListingConfirmed(Task):
    """To a second person of the incubator, or of the platform: somebody was added to the directory of authorities."""

    kind: ClassVar[str] = "ask_listing_confirmed"
    listing_id: str
    person_id: str


@dataclass(frozen=True)
class TellListed(Task):
    """To the authority itself: an incubator vouches for it, or no more."""

    kind: ClassVar[str] = "tell_listed"
    listing_id: str
    ended: bool


@dataclass(frozen=True)
class SendJournalHead(Task):
    """The head of the journal on `day` (ISO 8601), to who keeps it outside."""

    kind: ClassVar[str] = "journal_head"
    person_id: str
    day: str
    number: int
    hash: str


@dataclass(frozen=True)
class TellFactorChanged(Task):
    """Of a person, to `told_id`: that person, or somebody who vouches for them."""

    kind: ClassVar[str] = "factor_changed"
    person_id: str
    name: str
    added: bool
    at: str
    told_id: str = ""


@dataclass(frozen=True)
class TellAccountJoined(Task):
    """To the address `to` of a person, or to who answers for them: an account of ProConnect opens theirs, or does so no more;
    `at` tells times apart."""

    kind: ClassVar[str] = "account_joined"
    person_id: str
    account_id: str
    joined: bool
    to: str
    at: str
    told_id: str


@dataclass(frozen=True)
class TellAddressChanged(Task):
    """To `told`, the address that Jalon wrote to `before` or the new one."""

    kind: ClassVar[str] = "address_changed"
    person_id: str
    told: str
    before: str
    new: str


@dataclass(frozen=True)
class TellRecovery(Task):
    """Of a person, to `told_id`: recovery codes were drawn, or one was used."""

    kind: ClassVar[str] = "recovery"
    person_id: str
    told_id: str
    used: bool
    at: str


@dataclass(frozen=True)
class TellFactorConfirmed(Task):
    """To a person: somebody else confirmed their factor, which signs from now on."""

    kind: ClassVar[str] = "factor_confirmed"
    person_id: str
    name: str
    by: str
    at: str


@dataclass(frozen=True)
class TellAccountClosed(Task):
    """To a person: their account was closed."""

    kind: ClassVar[str] = "account_closed"
    person_id: str
    by: str
    at: str


@dataclass(frozen=True)
class TellTries(Task):
    """To an administrator: wrong factors were given in a row for somebody's account."""

    kind: ClassVar[str] = "wrong_factors"
    person_id: str
    of_id: str
    at: str


@dataclass(frozen=True)
class AskRightsReview(Task):
    """To who answers for an incubator (None: the platform): its roles are to be read again."""

    kind: ClassVar[str] = "ask_rights_review"
    person_id: str
    incubator_id: str | None
    at: str


@dataclass(frozen=True)
class TellNewBrowser(Task):
    """To a person: their account was opened in a browser that it was never opened in."""

    kind: ClassVar[str] = "new_browser"
    person_id: str
    browser: str
    at: str


@dataclass(frozen=True)
class AskMove(Task):
    """To who answers for an incubator: a product asks to leave or to join it; `at` tells times apart."""

    kind: ClassVar[str] = "ask_move"
    person_id: str
    product_id: str
    incubator_id: str
    by: str
    at: str


@dataclass(frozen=True)
class TellMoveRefused(Task):
    """To who asked: an incubator said no."""

    kind: ClassVar[str] = "move_refused"
    person_id: str
    product_id: str
    incubator_id: str
    by: str
    at: str


@dataclass(frozen=True)
class ErasePerson(Task):
    """A closed account is to lose its name and its address, asked by `by_id`."""

    kind: ClassVar[str] = "erase_person"
    person_id: str
    by_id: str


@dataclass(frozen=True)
class TellErased(Task):
    """To who audits or keeps this Jalon: somebody was erased, with so many lines of the journal."""

    kind: ClassVar[str] = "person_erased"
    person_id: str
    erased_id: str
    lines: int
    by: str
