"""Accounts of ProConnect and the people they are joined to: by a confirmed act, never by an address alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.identity import factors, signing_in
from app.identity.factors import SessionProof
from app.identity.jobs import SendSignInLink, TellAccountJoined, TellAddressChanged
from app.identity.models import LinkedAccount, Person, WebSession
from app.identity.proconnect import ProConnectClaims
from app.identity.signing_in import Browser
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, rates
from app.platform.database import Database, new_id
from app.platform.refusals import Refusal
from app.platform.secrets import Unopenable, decrypt_text, encrypt_text
from app.platform.transactions import transaction, unjournaled_transaction

# Its person is told of an account that was joined.
_OBJECTED_WITHIN = timedelta(days=1)
# An account that nobody confirmed is forgotten.
_CONFIRMED_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AccountArrival:
    """What came of an account: the secret of the session that it opens, or the account to be joined by the link just mailed,
    or neither for somebody whom Jalon does not know."""

    sid: str = ""
    to_join: str = ""


@transaction
def sign_in_with_account(
    session: Session, claims: ProConnectClaims, browser: Browser, next_path: str
) -> AccountArrival:
    """Opens a session for the person of an account of ProConnect, with the name that it gives.

    One not joined yet, whose address is a person's, is kept until that person opens the link mailed to them: the address of
    an account proves nothing of who held it before.
    """
    account = _account_of(session, claims)
    if account is not None and account.person_id:
        return AccountArrival(sid=_open_session(session, account, claims, browser))
    known = select(Person).where(Person.email == claims.email, Person.closed_at.is_(None))
    person = session.scalar(known) if claims.email else None
    if person is None:
        return AccountArrival()
    if account is None:
        account = _new_account(session, claims)
    _note_claims(account, claims)
    if rates.is_allowed(session, signing_in.LINKS, "sign-in", rates.mailbox_of(person.email)):
        jobs.enqueue(session, SendSignInLink(person.email, signing_in.safe_path(next_path), account.id))
    record(session, person, Action.ASK_JOIN, account.name)
    return AccountArrival(to_join=account.id)


def _open_session(session: Session, account: LinkedAccount, claims: ProConnectClaims, browser: Browser) -> str:
    person = session.get_one(Person, account.person_id)
    _note_claims(account, claims)
    before = person.name
    person.name = account.name or before
    sid = signing_in.open_session(session, person, browser)
    opened = session.scalars(select(WebSession).where(WebSession.secret_hash == signing_in.hash_secret(sid))).one()
    opened.account_id, opened.id_token = account.id, encrypt_text(claims.id_token)
    opened.strong = claims.strong and is_settled(account)
    renamed = {"renamed_from": before} if before != person.name else {}
    record(session, person, Action.SIGN_IN, person.email, way="proconnect", level=claims.level, **renamed)
    return sid


@transaction
def use_joining_link(session: Session, secret: str, browser: Browser, to_join: str) -> tuple[str, str, bool]:
    """As `signing_in.use_link`, for a link that joins `to_join`, the account that this browser came with; whether it did.

    Not yet for somebody who holds a second factor: they give it first (`join_presented`). Raises `Refusal` where the browser
    came with no account or with another: whoever reads a mail would join a stranger's.
    """
    account = signing_in.account_to_join(session, secret)
    if account is None or account.id != to_join:
        raise Refusal(_l("Ouvrez ce lien dans le navigateur où vous êtes passé par ProConnect."))
    sid, path = signing_in.use_link(session, secret, browser)
    opened = signing_in.live_session(session, sid)
    assert opened
    joins = not factors.factors_of(session, opened.person_id)
    if joins:
        _join(session, opened.person, account)
    return sid, path, joins


def presented_account(session: Session, account_id: str | None) -> LinkedAccount | None:
    """The account that this browser came with and that waits for its person's second factor."""
    account = session.get(LinkedAccount, account_id) if account_id else None
    return account if account and account.person_id is None else None


@transaction
def join_presented(session: Session, person: Person, account: LinkedAccount, shown: SessionProof) -> None:
    """Joins the account that this browser came with, once a factor was given. Raises `Refusal`."""
    factors.check_fresh(session, person, shown)
    _join(session, person, account)


@transaction
def join_account(session: Session, person: Person, claims: ProConnectClaims) -> None:
    """Joins an account to somebody already signed in. Raises `Refusal` for one that is another person's."""
    account = _account_of(session, claims) or _new_account(session, claims)
    if account.person_id == person.id:
        raise Refusal(_l("Ce compte ProConnect est déjà joint au vôtre."))
    _note_claims(account, claims)
    _join(session, person, account)


def _join(session: Session, person: Person, account: LinkedAccount) -> None:
    if account.person_id not in (None, person.id):
        raise Refusal(
            _l(
                "Ce compte ProConnect est joint à un autre compte de Jalon. Si les deux sont à vous, séparez-le là-bas d’abord ; sinon, prévenez l’administration de Jalon."
            )
        )
    account.person_id, account.joined_at = person.id, clock.now()
    record(session, person, Action.JOIN_ACCOUNT, account.name, organization=account.organization)
    _tell(session, person, account, joined=True)


def _tell(session: Session, person: Person, account: LinkedAccount, *, joined: bool) -> None:
    """At the address of this very moment: the next act may change it."""
    at = clock.now().isoformat()
    for told, to in ((person.id, person.email), *((g, "") for g in factors.guarantors_of(session, person.id))):
        jobs.enqueue(session, TellAccountJoined(person.id, account.id, joined=joined, to=to, at=at, told_id=told))


@transaction
def separate_account(session: Session, person: Person, account_id: str) -> None:
    """The account opens nothing any more, and the sessions that it opened end. Raises `Refusal`."""
    account = session.get(LinkedAccount, account_id)
    if account is None or account.person_id != person.id:
        raise Refusal(_l("Ce compte ProConnect est déjà séparé du vôtre."))
    session.execute(delete(WebSession).where(WebSession.account_id == account.id))
    account.person_id = account.joined_at = None
    record(session, person, Action.SEPARATE_ACCOUNT, account.name, organization=account.organization)
    _tell(session, person, account, joined=False)


@transaction
def take_address(session: Session, person: Person, account_id: str) -> None:
    """Jalon writes from now on to the address that a joined account gives; both addresses are told. Raises `Refusal`."""
    account = session.get(LinkedAccount, account_id)
    if account is None or account.person_id != person.id or not account.email:
        raise Refusal(_l("Ce compte ProConnect n’est pas joint au vôtre."))
    if account.email == person.email:
        raise Refusal(_l("Jalon vous écrit déjà à cette adresse."))
    if not is_settled(account):
        raise Refusal(_l("Ce compte vient d’être joint : son adresse peut devenir la vôtre un jour après."))
    if session.scalar(select(Person.id).where(Person.email == account.email)):
        raise Refusal(
            _l(
                "Un autre compte de Jalon a cette adresse : demandez à l’administration de Jalon de fermer celui qui ne sert plus."
            )
        )
    before, person.email = person.email, account.email
    record(session, person, Action.CHANGE_ADDRESS, person.email, before=before)
    for told in (before, person.email):
        jobs.enqueue(session, TellAddressChanged(person.id, told, before, person.email))


def accounts_of(session: Session, person_id: str) -> Sequence[LinkedAccount]:
    """Those joined to a person, the oldest first."""
    joined = select(LinkedAccount).where(LinkedAccount.person_id == person_id)
    return session.scalars(joined.order_by(LinkedAccount.joined_at, LinkedAccount.id)).all()


def is_settled(account: LinkedAccount) -> bool:
    """Whether an account was joined long enough ago for its person, told of it, to object: an address proves nothing, whoever
    reads a mailbox may have an account that bears it."""
    return account.joined_at is not None and account.joined_at <= clock.now() - _OBJECTED_WITHIN


def sign_out_token(session: Session, sid: str) -> str | None:
    """What ProConnect is told a sign-out by, for a session that it opened."""
    kept = session.scalar(select(WebSession.id_token).where(WebSession.secret_hash == signing_in.hash_secret(sid)))
    try:
        return decrypt_text(kept) if kept else None
    except Unopenable:  # of a key that is gone: its own session ends within the day
        return None


@unjournaled_transaction
def _forget_unconfirmed(session: Session) -> None:
    old = clock.now() - _CONFIRMED_WITHIN
    session.execute(delete(LinkedAccount).where(LinkedAccount.person_id.is_(None), LinkedAccount.last_used_at < old))


def purge_accounts(database: Database) -> None:
    """Forgets the accounts of ProConnect that nobody confirmed within a day."""
    with database.session(writing=True) as session:
        _forget_unconfirmed(session)


def _account_of(session: Session, claims: ProConnectClaims) -> LinkedAccount | None:
    return session.scalar(
        select(LinkedAccount).where(LinkedAccount.issuer == claims.issuer, LinkedAccount.subject == claims.subject)
    )


def _new_account(session: Session, claims: ProConnectClaims) -> LinkedAccount:
    account = LinkedAccount(id=new_id(), issuer=claims.issuer, subject=claims.subject)
    session.add(account)
    return account


def _note_claims(account: LinkedAccount, claims: ProConnectClaims) -> None:
    account.name = f"{claims.given_name} {claims.usual_name}".strip()[:200]
    account.email, account.siret, account.organization = claims.email, claims.siret, claims.organization
    account.provider, account.last_used_at = claims.provider, clock.now()
