"""A reservation: the team shows what it did, the authority or the RSSI of the dossier lifts it, on a sealed page of its own."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.homologation import deciding, notifications, sealing
from app.homologation.jobs import IssueLifting
from app.homologation.kinds import Heard, ReviewerRole
from app.homologation.models import Dossier, Lifting, Reservation
from app.homologation.separation import check_apart, scope_of_product
from app.homologation.wishes import check_words
from app.identity.acts import check_act, prove_act
from app.identity.factors import FactorProof
from app.identity.models import Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import attachments, clock, jobs
from app.platform.attachments import Attachment
from app.platform.database import new_id
from app.platform.links import link_to
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from reports import dossier as content
from reports.frozen import FrozenLifting


@transaction
def ask_lifting(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    reservation_id: str,
    how: str,
    file: Attachment | None,
) -> None:
    """The team says what it did, and shows it; a later asking replaces the former. Raises `Refusal`."""
    reservation = _open(dossier, reservation_id)
    check_act(session, actor, BindingAct.ASK_LIFTING, scope_of_product(session, product.id))
    check_words(how, "how")
    if file is None:
        raise Refusal(_l("Joignez ce qui le montre : qui lève la réserve le lira."), "file")
    reservation.proof_sha256 = attachments.keep_attachment(session, file, by=actor.id, of=product.id)
    reservation.proof_name, reservation.asked_how = file.name, how
    reservation.asked_on, reservation.asked_by = clock.today(), actor.name
    reservation.asked_by_id = actor.id
    people = [*([dossier.authority] if dossier.authority else []), *_reviewers(dossier)]
    notifications.tell_people(session, actor, product, Heard.LIFT_ASKED, people, number=dossier.number)
    record(session, actor, Action.ASK_LIFTING, reservation.text[:200], product_id=product.id)


@transaction
def lift_reservation(
    session: Session, actor: Person, product: Product, dossier: Dossier, reservation_id: str, proof: FactorProof
) -> None:
    """Takes what the team shows for a lifting, on a sealed page. Raises `Refusal`."""
    reservation = _open(dossier, reservation_id)
    quality = quality_of(session, actor, dossier)
    if not quality:
        raise Refusal(_l("Une réserve est levée par l’autorité, ou par le RSSI nommé dans le dossier."))
    if reservation.asked_on is None:
        raise Refusal(_l("L’équipe n’a pas encore dit ni montré comment cette réserve est levée."))
    check_apart(session, BindingAct.LIFT_RESERVATION, actor, dossier)
    scope, asked_by = scope_of_product(session, product.id), reservation.asked_by_id or ""
    prove_act(session, actor, BindingAct.LIFT_RESERVATION, proof, lift_purpose(reservation), scope, about=asked_by)
    page = _page(session, actor, product, dossier, reservation, quality)
    reservation.lifted_on, reservation.how = clock.today(), reservation.asked_how
    reservation.lifted_by = page.by.in_full[:200]
    text = content.dumps(page)
    row = Lifting(
        id=new_id(),
        dossier_id=dossier.id,
        reservation_id=reservation.id,
        lifted_by_id=actor.id,
        content=text,
        content_sha256=content.sha256(text),
    )
    session.add(row)
    session.flush()
    jobs.enqueue(session, IssueLifting(row.id))
    people = notifications.concerned_people(session, product, dossier)
    notifications.tell_people(session, actor, product, Heard.LIFTED, people, number=dossier.number)
    record(
        session,
        actor,
        Action.LIFT_RESERVATION,
        reservation.text[:200],
        product_id=product.id,
        sha256=row.content_sha256,
    )


def lift_purpose(reservation: Reservation) -> str:
    """What a key is asked to sign for: this reservation, on that proof."""
    return f"lift:{reservation.id}:{reservation.proof_sha256}"


def quality_of(session: Session, person: Person, dossier: Dossier) -> str:
    """As what `person` may lift a reservation of `dossier`: `authority`, `rssi`, or nothing."""
    if deciding.may_withdraw_homologation(session, person, dossier):
        return "authority"
    return "rssi" if any(r.id == person.id for r in _reviewers(dossier)) else ""


def _reviewers(dossier: Dossier) -> list[Person]:
    return [o.reviewer for o in dossier.opinions if o.role is ReviewerRole.RSSI]


def _open(dossier: Dossier, reservation_id: str) -> Reservation:
    if dossier.withdrawal is not None:
        raise Refusal(_l("L’homologation est retirée : ses réserves ne se lèvent plus."))
    found = next((r for r in dossier.reservations if r.id == reservation_id), None)
    if found is None or found.lifted_on is not None:
        raise Refusal(_l("Cette réserve est déjà levée."))
    return found


def _page(
    session: Session, actor: Person, product: Product, dossier: Dossier, reservation: Reservation, quality: str
) -> FrozenLifting:
    decision = dossier.decision
    if decision is None or reservation.asked_on is None:
        raise ValueError("a reservation is of a decision, and its lifting is asked for")
    return FrozenLifting(
        product=product.name,
        number=dossier.number,
        verify_at=link_to("register_pages.verify"),
        decided_on=decision.decided_on,
        decided_by=decision.signatory,
        reservation=reservation.text,
        lift_by=reservation.lift_by,
        asked_by=reservation.asked_by,
        asked_on=reservation.asked_on,
        how=reservation.asked_how,
        proof_name=reservation.proof_name,
        proof_sha256=reservation.proof_sha256 or "",
        frozen_on=clock.today(),
        by=deciding.signer_of(session, actor, dossier),
        quality=quality,
        decision_sha256=dossier.content_sha256 or "",
        trial=sealing.is_trial(),
    )
