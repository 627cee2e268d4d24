"""Recovery codes: ten, drawn once and shown once; each opens the account of who lost their factor, and signs nothing."""

import hashlib
import re
import secrets

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.identity import factors, signing_in
from app.identity.factors import SessionProof
from app.identity.jobs import TellRecovery
from app.identity.models import Person, RecoveryCode
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import keep_despite_refusal, transaction

_HOW_MANY = 10
# Letters and digits that are not taken for one another, as in Crockford's base 32.
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 24


@transaction
def draw_codes(session: Session, person: Person, proof: SessionProof) -> list[str]:
    """Ten new codes, in groups of four signs; those drawn before open nothing any more. Raises `Refusal`."""
    if not factors.factors_of(session, person.id):
        raise Refusal(_l("Enregistrez d’abord un second facteur."))
    factors.check_proved(session, person, proof)
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    drawn = ["".join(secrets.choice(_SIGNS) for _ in range(_LENGTH)) for _ in range(_HOW_MANY)]
    for code in drawn:
        session.add(RecoveryCode(id=new_id(), person_id=person.id, code_hash=_hash(code), made_at=clock.now()))
    record(session, person, Action.DRAW_RECOVERY, person.email)
    jobs.enqueue(session, TellRecovery(person.id, person.id, used=False, at=clock.now().isoformat()))
    return ["-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)) for code in drawn]


@transaction
def use_code(session: Session, person: Person, sid: str, code: str) -> str:
    """Opens the session of `sid` fully, under the new secret given back; told to the person and to who vouches for them.

    Raises `Refusal` at the field `recovery`, and for an hour after ten wrong factors or codes.
    """
    factors.check_tries(session, person, "recovery")
    spent = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person.id,
            RecoveryCode.code_hash == _hash(_typed(code)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        factors.note_wrong(session, person)
        keep_despite_refusal(session)
        raise Refusal(_l("Ce code de secours n’est pas bon, ou a déjà servi."), "recovery")
    signing_in.end_other_sessions(session, person, sid)  # whoever found the phone has them
    new = signing_in.recover_session(session, sid)
    record(session, person, Action.USE_RECOVERY, person.email)
    for told in (person.id, *factors.guarantors_of(session, person.id)):
        jobs.enqueue(session, TellRecovery(person.id, told, used=True, at=clock.now().isoformat()))
    return new


def count_left(session: Session, person_id: str) -> int:
    """How many codes of a person still open their account."""
    left = select(func.count()).select_from(RecoveryCode)
    return session.scalar(left.where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))) or 0


def _typed(code: str) -> str:
    """A code as it was drawn, however it was copied."""
    return re.sub(r"[\s-]", "", code).upper().replace("O", "0").replace("I", "1").replace("L", "1")


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
