"""The second factor: a security key, or an application that gives codes; given again for each act that binds."""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pyotp
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.identity import services
from app.identity.challenges import keep_challenge, read_answer, site_of_keys, take_challenge
from app.identity.jobs import TellFactorChanged, TellTries
from app.identity.kinds import FactorKind, Role
from app.identity.models import Grant, LinkedAccount, ListedAuthority, Person, RecoveryCode, SecondFactor, WebSession
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, rates
from app.platform.database import new_id
from app.platform.i18n import format_instant
from app.platform.logs import note_security
from app.platform.rates import Rate
from app.platform.refusals import Refusal
from app.platform.secrets import Unopenable, decrypt_text, encrypt_text
from app.platform.transactions import keep_despite_refusal, transaction, unjournaled_transaction

# A factor registered by whoever reads a mailbox binds nobody before the person and the incubator could object.
_BINDS_AFTER = timedelta(hours=24)
STEP_SECONDS = 30
MOST_FACTORS = 10
_WRONG = Rate(10, timedelta(hours=1))
WRONG_FACTORS = "second-factor"


@dataclass(frozen=True, slots=True)
class FactorProof:
    """What somebody gives: six digits, or a key's answer to a challenge."""

    code: str = ""
    challenge_id: str = ""
    answer: str = ""

    @property
    def kind(self) -> FactorKind:
        return FactorKind.WEBAUTHN if self.answer else FactorKind.TOTP


@dataclass(frozen=True, slots=True)
class SessionProof:
    """What a session showed of its person lately.

    `fresh`: it has just been opened; `proved`: a factor or a recovery code was given again, or a strong factor at ProConnect;
    `signing`: by one that signs; `vouched`: a strong factor at ProConnect.
    """

    fresh: bool = False
    proved: bool = False
    signing: bool = False
    vouched: bool = False
    session_id: str = ""


def factors_of(session: Session, person_id: str) -> Sequence[SecondFactor]:
    return session.scalars(
        select(SecondFactor).where(SecondFactor.person_id == person_id).order_by(SecondFactor.added_at)
    ).all()


def signs_of(factor: SecondFactor) -> str:
    """Eight signs by which its owner and who confirms it know that they speak of the same factor."""
    drawn = hashlib.sha256(factor.id.encode()).hexdigest()[:8].upper()
    return f"{drawn[:4]} {drawn[4:]}"


def codes_address_of(person: Person, secret: str) -> str:
    """What the QR code of a secret holds, for an application that gives codes."""
    return pyotp.TOTP(secret, name=person.email, issuer="Jalon").provisioning_uri()


def add_codes(
    session: Session, person: Person, shown: SessionProof, *, name: str, secret: str, code: str
) -> SecondFactor:
    """The factor registered. Raises `Refusal` for a code that this secret does not give, or without the factor one already has."""
    _may_change(session, person, shown)
    step = _step_of(secret, code, after=0)
    if step is None:
        raise Refusal(_l("Ce code n’est pas celui attendu. Vérifiez l’heure du téléphone, puis réessayez."), "code")
    factor = SecondFactor(kind=FactorKind.TOTP, name=name, secret=encrypt_text(secret), counter=step)
    _add(session, person, factor, shown)
    return factor


def check_proved(session: Session, person: Person, shown: SessionProof) -> None:
    """Whoever holds a factor gives it before changing what opens their account: a stolen session alone changes nothing."""
    if not shown.proved and factors_of(session, person.id):
        raise Refusal(_l("Confirmez d’abord avec un second facteur que vous avez déjà."))


def check_fresh(session: Session, person: Person, shown: SessionProof) -> None:
    """As `check_proved`; of who holds no factor, a session just opened: a cookie stolen since changes nothing either."""
    check_proved(session, person, shown)
    if not shown.proved and not shown.fresh:
        raise Refusal(
            _l(
                "Déconnectez-vous, reconnectez-vous, puis recommencez : ce changement demande une connexion toute récente."
            )
        )


def _may_change(session: Session, person: Person, shown: SessionProof) -> None:
    check_proved(session, person, shown)
    if len(factors_of(session, person.id)) >= MOST_FACTORS:
        raise Refusal(_l("Vous avez déjà dix seconds facteurs : retirez-en un."))


@transaction
def _add(session: Session, person: Person, factor: SecondFactor, shown: SessionProof) -> None:
    now = clock.now()
    factor.id, factor.person_id, factor.added_at = new_id(), person.id, now
    # At once where one that signs was given for it, or where ProConnect vouches for the session.
    factor.signs_from = now if (shown.proved and shown.signing) or shown.vouched else now + _BINDS_AFTER
    session.add(factor)
    record(session, person, Action.ADD_FACTOR, f"{factor.kind.value}: {factor.name}")
    _tell(session, person, factor.name, added=True)


def _tell(session: Session, person: Person, name: str, *, added: bool) -> None:
    """The person, and whoever vouches for them."""
    at = clock.now().isoformat()
    for told in (person.id, *guarantors_of(session, person.id)):
        jobs.enqueue(session, TellFactorChanged(person.id, name, added, at, told))


def guarantors_of(session: Session, person_id: str) -> Sequence[str]:
    """Ids of those who answer for this person: the members of the incubators that list them as an authority, or where they hold
    a role; of an administrator or an auditor, the other administrators."""
    listing = select(ListedAuthority.incubator_id).where(
        ListedAuthority.person_id == person_id, ListedAuthority.ended_at.is_(None)
    )
    held = select(Grant.incubator_id).where(Grant.person_id == person_id, Grant.incubator_id.is_not(None))
    wide = select(Grant.id).where(
        Grant.person_id == person_id, Grant.product_id.is_(None), Grant.incubator_id.is_(None)
    )
    answering = (Grant.role == Role.INCUBATOR_MEMBER) & (Grant.incubator_id.in_(listing) | Grant.incubator_id.in_(held))
    administrators = (Grant.role == Role.ADMINISTRATOR) & wide.exists()
    people = select(Grant.person_id).where(answering | administrators, Grant.person_id != person_id)
    return session.scalars(people.distinct().order_by(Grant.person_id)).all()


@transaction
def remove_factor(session: Session, person: Person, factor_id: str, shown: SessionProof) -> None:
    """Raises `Refusal` unless a factor was given just before."""
    factor = session.get(SecondFactor, factor_id)
    if factor is None or factor.person_id != person.id:
        raise Refusal(_l("Ce second facteur a déjà été retiré."))
    check_proved(session, person, shown)
    session.delete(factor)
    # What it opened elsewhere is open no more; this session was proved otherwise.
    session.execute(delete(WebSession).where(WebSession.person_id == person.id, WebSession.id != shown.session_id))
    record(session, person, Action.REMOVE_FACTOR, factor.name)
    _tell(session, person, factor.name, added=False)


@transaction
def forget_all(session: Session, person: Person, actor: Person | None) -> None:
    """For somebody who lost them all, by an administrator or the command line (None). It ends their sessions."""
    session.execute(delete(SecondFactor).where(SecondFactor.person_id == person.id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    # Whoever joined an account of theirs would come back by it.
    apart = update(LinkedAccount).where(LinkedAccount.person_id == person.id)
    session.execute(apart.values(person_id=None, joined_at=None))
    session.execute(delete(WebSession).where(WebSession.person_id == person.id))
    record(session, actor, Action.FORGET_FACTORS, person.email)
    _tell(session, person, "", added=False)


@unjournaled_transaction
def options_to_prove(session: Session, person: Person, purpose: str) -> tuple[str, str]:
    """(id of a new challenge, what the browser asks the keys); two empty texts for somebody without a key.

    The challenge serves once, for `purpose`.
    """
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    keys = [f for f in factors_of(session, person.id) if f.kind is FactorKind.WEBAUTHN]
    if not keys:
        return "", ""
    options = generate_authentication_options(
        rp_id=site_of_keys()[0],
        challenge=secrets.token_bytes(16) + hashlib.sha256(purpose.encode()).digest(),
        allow_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(k.credential_id or "")) for k in keys],
    )
    return keep_challenge(session, person, purpose, options.challenge), options_to_json(options)


@unjournaled_transaction
def options_to_add(session: Session, person: Person) -> tuple[str, str]:
    """(id of a new challenge, what the browser asks of a new key)."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    known = [f.credential_id for f in factors_of(session, person.id) if f.credential_id]
    options = generate_registration_options(
        rp_id=site_of_keys()[0],
        rp_name="Jalon",
        user_name=person.email,
        user_display_name=person.name,
        user_id=person.id.encode(),
        exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(k)) for k in known],
    )
    return keep_challenge(session, person, "add", options.challenge), options_to_json(options)


def add_key(session: Session, person: Person, shown: SessionProof, *, name: str, given: FactorProof) -> SecondFactor:
    """The key registered; `given` is its answer. Raises `Refusal`."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    _may_change(session, person, shown)
    rp_id, origins = site_of_keys()
    try:
        new = verify_registration_response(
            credential=read_answer(given.answer),
            expected_challenge=take_challenge(session, person, "add", given.challenge_id),
            expected_rp_id=rp_id,
            expected_origin=origins,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Refusal(_l("La clé n’a pas répondu comme attendu. Réessayez.")) from error
    factor = SecondFactor(
        kind=FactorKind.WEBAUTHN,
        name=name,
        secret=bytes_to_base64url(new.credential_public_key),
        credential_id=bytes_to_base64url(new.credential_id),
        counter=new.sign_count,
    )
    _add(session, person, factor, shown)
    return factor


DEMONSTRATION = "Téléphone de démonstration"


def demonstration_codes(session: Session) -> dict[str, str]:
    """By name, the next code of the people of the demonstration: for trials on one's own machine."""
    found = session.execute(
        select(Person.name, SecondFactor)
        .join(Person, Person.id == SecondFactor.person_id)
        .where(SecondFactor.name == DEMONSTRATION, Person.email.endswith("@exemple.test"))
    )
    now, codes = int(clock.now().timestamp()) // STEP_SECONDS, {}
    for name, factor in found:
        with suppress(Unopenable):  # of a key that is gone
            codes[name] = pyotp.TOTP(decrypt_text(factor.secret)).generate_otp(max(now, factor.counter + 1))
    return codes


@unjournaled_transaction
def prove_factor(
    session: Session, person: Person, proof: FactorProof, purpose: str, *, binds: bool = True
) -> SecondFactor:
    """Checks a factor for `purpose` before the caller changes anything: each code and each challenge serves once.

    Raises `Refusal` at the field `code`, for a factor of the day too where the act `binds`; after ten wrong proofs within
    an hour, every proof is refused for a while.
    """
    check_tries(session, person, "code")
    held = factors_of(session, person.id)
    if not held:
        raise Refusal(_l("Enregistrez d’abord un second facteur."), "code")
    if not proof.code.strip() and not proof.answer:
        raise Refusal(_l("Donnez le code de votre application, ou répondez avec votre clé."), "code")
    found = _prove_key(session, person, proof, purpose, held) if proof.answer else _prove_code(session, proof, held)
    if found is None:
        note_wrong(session, person)
        keep_despite_refusal(session)
        raise Refusal(
            _l("Ce code ou cette clé n’est pas bon, ou a déjà servi. Attendez le code suivant, puis réessayez."), "code"
        )
    if binds and found.signs_from > clock.now():
        raise Refusal(
            _l(
                "Ce second facteur vient d’être enregistré : il vaudra pour signer à partir du %(when)s. Ce délai laisse le temps de voir si quelqu’un l’a enregistré à votre place.",
                when=format_instant(found.signs_from),
            ),
            "code",
        )
    found.last_used_at = clock.now()
    return found


def check_tries(session: Session, person: Person, field: str) -> None:
    """Raises `Refusal` at `field` once ten wrong factors or recovery codes were given within an hour."""
    if rates.is_reached(session, _WRONG, WRONG_FACTORS, person.id):
        raise Refusal(_l("Trop d’essais : réessayez dans une heure."), field)


def note_wrong(session: Session, person: Person) -> None:
    """Counts a wrong factor or recovery code; administrators are written to when the last one allowed within an hour was given."""
    note_security("factor refused", person=person.id)
    rates.note_event(session, WRONG_FACTORS, person.id)
    if rates.is_reached(session, _WRONG, WRONG_FACTORS, person.id):
        note_security("too many wrong factors", person=person.id)
        for administrator in services.administrators(session):
            jobs.enqueue(session, TellTries(administrator.id, person.id, clock.now().isoformat()))


def kept_proof(factor: SecondFactor, proof: FactorProof) -> dict[str, str] | None:
    """What shows later that a security key signed: its answer, whose challenge ends with the SHA-256 of the purpose."""
    if factor.kind is not FactorKind.WEBAUTHN:
        return None
    return {"credential_id": factor.credential_id or "", "public_key": factor.secret, "answer": proof.answer}


def _prove_code(session: Session, proof: FactorProof, held: Sequence[SecondFactor]) -> SecondFactor | None:
    unread: Unopenable | None = None
    for factor in held:
        if factor.kind is not FactorKind.TOTP:
            continue
        try:
            secret = decrypt_text(factor.secret)
        except Unopenable as error:
            unread = error  # another one may be read
            continue
        step = _step_of(secret, proof.code, after=factor.counter)
        if step is not None and _moves_on(session, factor, step):
            return factor
    if unread:
        raise Refusal(
            _l(
                "Votre second facteur ne peut plus être lu : la clé de ce serveur a changé. Prévenez l’administration de Jalon, qui peut l’effacer pour que vous en enregistriez un autre."
            ),
            "code",
        ) from unread
    return None


def _step_of(secret: str, code: str, *, after: int) -> int | None:
    """The step of which `code` is the code: now, just before or just after, never one already used."""
    digits = code.replace(" ", "")
    now = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    good = [s for s in (now - 1, now, now + 1) if s > after and pyotp.utils.strings_equal(totp.generate_otp(s), digits)]
    return good[0] if good else None


def _moves_on(session: Session, factor: SecondFactor, counter: int) -> bool:
    """Notes that a code was used, unless another request has just used it."""
    moved = session.execute(
        update(SecondFactor)
        .where(SecondFactor.id == factor.id, SecondFactor.counter == factor.counter)
        .values(counter=counter)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def _prove_key(
    session: Session, person: Person, proof: FactorProof, purpose: str, held: Sequence[SecondFactor]
) -> SecondFactor | None:
    from webauthn import verify_authentication_response
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.exceptions import WebAuthnException

    rp_id, origins = site_of_keys()
    try:
        answer = read_answer(proof.answer)
        factor = next((f for f in held if f.credential_id and f.credential_id == answer.get("id")), None)
        if factor is None:
            return None
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=take_challenge(session, person, purpose, proof.challenge_id),
            expected_rp_id=rp_id,
            expected_origin=origins,
            credential_public_key=base64url_to_bytes(factor.secret),
            credential_current_sign_count=factor.counter,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return factor if _moves_on(session, factor, verified.new_sign_count) else None
