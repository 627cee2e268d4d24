"""The third way out, beside homologating and refusing: an authority dispenses a product for a while, on a sealed page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.homologation import deciding, notifications, register, sealing
from app.homologation.dispensation_cases import known_cases, usable_cases
from app.homologation.dispensation_models import Dispensation, DispensationEnd
from app.homologation.dispensation_register import (
    ShownDispensation,
    dispensations_of,
    granted_of_many,
    page_of,
    read_states,
)
from app.homologation.jobs import IssueDispensation
from app.homologation.kinds import Act, DispensationHeard, DispensationState
from app.homologation.separation import check_apart, check_vouched, scope_of_product
from app.identity import factors
from app.identity import services as identity
from app.identity.acts import check_act, prove_act
from app.identity.factors import FactorProof
from app.identity.kinds import Role
from app.identity.models import Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import attachments, clock, jobs
from app.platform.attachments import Attachment
from app.platform.database import new_id
from app.platform.i18n import format_day
from app.platform.links import link_to
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from app.products.services import incubators_of
from reports import dossier as content
from reports.frozen import FrozenDispensation, FrozenDispensationEnd
from reports.frozen_decision import FrozenSigner
from risk_models.catalogue.dispensations import DispensationCase
from risk_models.rules import schedule

# A sentence: what is shorter tells an authority nothing.
LEAST_REASON = 40


@dataclass(frozen=True, slots=True)
class AskedDispensation:
    """What a team asks: by its id, under which case, why, until when, of which authority."""

    case: str
    reason: str
    ends_on: date
    authority_id: str


@transaction
def ask_dispensation(
    session: Session, actor: Person, product: Product, asked: AskedDispensation, file: Attachment | None
) -> Dispensation:
    """Puts the request before its authority. Raises `Refusal` at the field to mend."""
    case = _check_asked(session, product, asked)
    check_act(session, actor, BindingAct.ASK_DISPENSATION, scope_of_product(session, product.id))
    last = session.scalar(select(func.max(Dispensation.number)).where(Dispensation.product_id == product.id)) or 0
    found = Dispensation(
        id=new_id(),
        product_id=product.id,
        number=last + 1,
        case=case.id,
        reason=asked.reason,
        ends_on=asked.ends_on,
        to_homologate=case.to_homologate,
        document_sha256=attachments.keep_attachment(session, file, by=actor.id, of=product.id) if file else None,
        document_name=file.name if file else "",
        asked_by_id=actor.id,
        asked_by=actor.name,
        asked_at=clock.now(),
        authority=session.get_one(Person, asked.authority_id),
        authority_id=asked.authority_id,
    )
    _check_authority(session, found)
    session.add(found)
    session.flush()
    notifications.tell_of_dispensation(session, actor, found, DispensationHeard.ASKED, [found.authority])
    record(
        session, actor, Action.ASK_DISPENSATION, case.name.fr, product_id=product.id, until=asked.ends_on.isoformat()
    )
    return found


def _check_authority(session: Session, found: Dispensation) -> None:
    try:
        check_vouched(session, found)
        check_apart(session, BindingAct.DISPENSE, found.authority, found)
    except Refusal as refusal:
        raise Refusal(refusal.args[0], "authority") from refusal


def _check_asked(session: Session, product: Product, asked: AskedDispensation) -> DispensationCase:
    case = next((one for one in usable_cases(session) if one.id == asked.case), None)
    if case is None:
        raise Refusal(_l("Choisissez un cas."), "case")
    if len(asked.reason) < LEAST_REASON:
        raise Refusal(_l("C’est trop court pour que l’autorité en juge : une phrase entière au moins."), "reason")
    if product.archived_on:
        raise Refusal(_l("Ce produit est archivé : on n’en demande plus rien."))
    _check_case(session, product, case, asked.ends_on)
    if any(one.is_waiting for one in dispensations_of(session, [product.id])):
        raise Refusal(_l("Une demande est déjà devant l’autorité : attendez sa réponse, ou retirez-la."))
    return case


def _check_case(session: Session, product: Product, case: DispensationCase, ends_on: date) -> None:
    """Raises `Refusal` where the product cannot be in this case until that day, as far as Jalon knows."""
    today, latest = clock.today(), schedule.add_months(clock.today(), case.months)
    if ends_on <= today:
        raise Refusal(_l("La fin d’une dispense est à venir."), "ends_on")
    if ends_on > latest:
        raise Refusal(
            _l(
                "Ce cas permet %(months)d mois au plus : choisissez le %(day)s ou avant.",
                months=case.months,
                day=format_day(latest),
            ),
            "ends_on",
        )
    running = _homologated_until(session, product.id)
    if case.homologated and running is None:
        raise Refusal(
            _l(
                "Ce cas suppose une homologation en cours, et Jalon n’en connaît aucune : choisissez un autre cas, ou"
                " enregistrez d’abord celle qui a été faite ailleurs, que l’incubateur confirme."
            ),
            "case",
        )
    if case.homologated and running and ends_on > running:
        raise Refusal(
            _l(
                "Ce cas dure autant que l’homologation en cours : choisissez le %(day)s ou avant.",
                day=format_day(running),
            ),
            "ends_on",
        )
    former = granted_of_many(session, [product.id]).get(product.id, [])
    if case.to_homologate and (urgent := [d for d in former if d.to_homologate and d.closed_on is None]):
        raise Refusal(
            _l(
                "Ce produit a déjà été dispensé en urgence, jusqu’au %(day)s, et rien n’en a été décidé depuis : il est à"
                " homologuer.",
                day=format_day(urgent[-1].until),
            ),
            "case",
        )


def _homologated_until(session: Session, product_id: str) -> date | None:
    """The end of the homologation that holds today, taken here or confirmed by the incubator."""
    running = register.dossier_in_force(session, product_id)
    if running is None or running.is_declared_only or running.decision is None:
        return None
    return running.decision.expires_on


@transaction
def cancel_dispensation(session: Session, actor: Person, product: Product, found: Dispensation) -> None:
    """The team takes its request back before the authority answers. Raises `Refusal`."""
    _check_waiting(found)
    check_act(session, actor, BindingAct.ASK_DISPENSATION, scope_of_product(session, product.id))
    found.cancelled_on = clock.today()
    notifications.tell_of_dispensation(session, actor, found, DispensationHeard.CANCELLED, [found.authority])
    record(session, actor, Action.CANCEL_DISPENSATION, _case_of(session, found).name.fr, product_id=product.id)


def prepare_grant(session: Session, actor: Person, product: Product, found: Dispensation) -> str:
    """The page as it will be sealed if `actor` grants it today, to be read before signing. Raises `Refusal`."""
    check_answering(session, actor, found)
    if product.archived_on:
        raise Refusal(_l("Ce produit est archivé : on n’en demande plus rien."))
    if found.ends_on <= clock.today():
        raise Refusal(_l("La date demandée est passée : refusez, ou l’équipe retire sa demande et en fait une autre."))
    _check_case(session, product, _case_of(session, found), found.ends_on)
    return content.dumps(_page(session, actor, product, found, granted=True, answer=""))


@transaction
def grant_dispensation(
    session: Session, actor: Person, product: Product, found: Dispensation, signed_sha256: str, proof: FactorProof
) -> None:
    """The authority's act on the very page it was shown, `signed_sha256`; holds from today. Raises `Refusal`."""
    text = prepare_grant(session, actor, product, found)
    if content.sha256(text) != signed_sha256:
        raise Refusal(
            _l("Ce que vous alliez signer a changé, ou le jour a changé. Relisez-le avant de signer."), "code"
        )
    _answer(session, actor, product, found, text, grant_purpose(signed_sha256), proof)


@transaction
def refuse_dispensation(
    session: Session, actor: Person, product: Product, found: Dispensation, reason: str, proof: FactorProof
) -> None:
    """The authority says no, and why, on a sealed page too. Raises `Refusal`."""
    check_answering(session, actor, found)
    text = content.dumps(_page(session, actor, product, found, granted=False, answer=reason))
    _answer(session, actor, product, found, text, refuse_purpose(found), proof)


def grant_purpose(signed_sha256: str) -> str:
    """What a key is asked to sign for: this very page."""
    return f"dispense:{signed_sha256}"


def refuse_purpose(found: Dispensation) -> str:
    return f"refuse_dispensation:{found.id}"


def end_purpose(found: Dispensation) -> str:
    return f"end_dispensation:{found.id}"


def _answer(
    session: Session,
    actor: Person,
    product: Product,
    found: Dispensation,
    text: str,
    purpose: str,
    proof: FactorProof,
) -> None:
    page = content.loads_any(text)
    if not isinstance(page, FrozenDispensation):
        raise ValueError("a dispensation is answered on its own page")
    factor = prove_act(session, actor, BindingAct.DISPENSE, proof, purpose, scope_of_product(session, product.id))
    found.granted, found.answer, found.decided_on = page.granted, page.answer, page.frozen_on
    found.answered_at = clock.now()
    found.decided_by_id, found.decided_by = actor.id, _signer_name(page.by)
    found.factor_kind, found.factor_proof = factor.kind.value, factors.kept_proof(factor, proof)
    found.content, found.content_sha256 = text, content.sha256(text)
    session.flush()
    jobs.enqueue(session, IssueDispensation(found.id, Act.DISPENSATION))
    heard = DispensationHeard.GRANTED if page.granted else DispensationHeard.REFUSED
    notifications.tell_of_dispensation(session, actor, found, heard, _concerned(session, product, found))
    action = Action.GRANT_DISPENSATION if page.granted else Action.REFUSE_DISPENSATION
    record(session, actor, action, page.case, product_id=product.id, sha256=found.content_sha256)


@transaction
def end_dispensation(
    session: Session, actor: Person, product: Product, found: Dispensation, reason: str, proof: FactorProof
) -> None:
    """The authority ends it from today, on a sealed page of its own. Raises `Refusal`."""
    check_ending(session, actor, found)
    page, scope = page_of(found), scope_of_product(session, product.id)
    prove_act(session, actor, BindingAct.END_DISPENSATION, proof, end_purpose(found), scope)
    today = clock.today()
    text = content.dumps(
        FrozenDispensationEnd(
            product=page.product,
            number=found.number,
            verify_at=link_to("register_pages.verify"),
            case=page.case,
            granted_on=page.frozen_on,
            granted_by=found.decided_by,
            ends_on=found.ends_on,
            reason=reason,
            frozen_on=today,
            by=deciding.signer_of(session, actor, found),
            decision_sha256=found.content_sha256 or "",
            trial=sealing.is_trial(),
        )
    )
    found.end = DispensationEnd(
        ended_on=today,
        ended_by_id=actor.id,
        ended_by=_signer_name(deciding.signer_of(session, actor, found)),
        reason=reason,
        content=text,
        content_sha256=content.sha256(text),
    )
    session.flush()
    jobs.enqueue(session, IssueDispensation(found.id, Act.DISPENSATION_END))
    people = _concerned(session, product, found)
    notifications.tell_of_dispensation(session, actor, found, DispensationHeard.ENDED, people)
    record(session, actor, Action.END_DISPENSATION, page.case, product_id=product.id, sha256=found.end.content_sha256)


def check_ending(session: Session, actor: Person, found: Dispensation) -> None:
    """Raises `Refusal` unless `actor` may end this dispensation today."""
    if read_states(session, [found])[0].state is not DispensationState.IN_FORCE:
        raise Refusal(_l("Il n’y a pas de dispense en cours à terminer ici."))
    if not (deciding.may_decide(session, actor, found) or deciding.succeeds(session, actor, found)):
        raise Refusal(_l("Seule l’autorité qui l’a accordée, ou qui signe pour elle, y met fin."))


def may_answer(session: Session, actor: Person, found: Dispensation) -> bool:
    """Whether it waits for this very person."""
    return found.is_waiting and deciding.may_decide(session, actor, found)


def check_answering(session: Session, actor: Person, found: Dispensation) -> None:
    """Raises `Refusal` unless `actor` may answer this request today."""
    _check_waiting(found)
    if not deciding.may_decide(session, actor, found):
        raise Refusal(_l("Seule l’autorité nommée dans la demande peut y répondre."))
    if actor.id == found.asked_by_id:
        raise Refusal(_l("Vous avez demandé cette dispense : une autre autorité y répond."))
    # Nobody signs in the place of who may not.
    for person in (actor, found.authority):
        check_apart(session, BindingAct.DISPENSE, person, found)
    check_vouched(session, found)


def _check_waiting(found: Dispensation) -> None:
    if found.cancelled_on:
        raise Refusal(_l("L’équipe a retiré cette demande."))
    if found.granted is not None:
        raise Refusal(_l("L’autorité a déjà répondu à cette demande."))


def _case_of(session: Session, found: Dispensation) -> DispensationCase:
    return known_cases(session)[found.case]


def _page(
    session: Session, actor: Person, product: Product, found: Dispensation, *, granted: bool, answer: str
) -> FrozenDispensation:
    cases: Mapping[str, DispensationCase] = known_cases(session)
    case, all_asked = cases[found.case], dispensations_of(session, [product.id])
    return FrozenDispensation(
        product=product.name,
        number=found.number,
        verify_at=link_to("register_pages.verify"),
        case=case.name.fr,
        source=case.source.fr,
        to_homologate=found.to_homologate,
        reason=found.reason,
        asked_by=found.asked_by,
        asked_on=found.asked_at.astimezone(clock.PARIS).date(),
        document_name=found.document_name,
        document_sha256=found.document_sha256 or "",
        homologated_until=_homologated_until(session, product.id),
        former=tuple(_told_former(one, cases) for one in read_states(session, all_asked) if one.past),
        granted=granted,
        answer=answer,
        ends_on=found.ends_on,
        frozen_on=clock.today(),
        by=deciding.signer_of(session, actor, found),
        trial=sealing.is_trial(),
    )


def _told_former(one: ShownDispensation, cases: Mapping[str, DispensationCase]) -> str:
    """As the sealed page says it, in French."""
    row, past = one.row, one.past
    if past is None or past.last_day < past.granted_on:
        return f"n° {row.number}, par {row.decided_by}, terminée le jour même : {cases[row.case].name.fr}"
    days = f"du {past.granted_on:%d/%m/%Y} au {past.last_day:%d/%m/%Y}"
    return f"n° {row.number}, {days}, par {row.decided_by} : {cases[row.case].name.fr}"


def _signer_name(by: FrozenSigner) -> str:
    """Who signed, as the documents say it, which are in French."""
    return f"{by.name} (par délégation de {by.on_behalf_of.name})" if by.on_behalf_of else by.name


def _concerned(session: Session, product: Product, found: Dispensation) -> list[Person]:
    """The team, the incubator and the authority."""
    incubators = incubators_of(session, product.id)
    return [
        *identity.people_with_role(session, Role.TEAM_MEMBER, product.id, incubators),
        *identity.people_with_role(session, Role.INCUBATOR_MEMBER, product.id, incubators),
        found.authority,
    ]
