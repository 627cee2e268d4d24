"""The acts that bind: decide, decide outside Jalon, withdraw. Each needs its author's second factor."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import services as analysis
from app.analysis import study
from app.homologation import consistency, delegating, freezing, notifications, register, sealing, wishes
from app.homologation.dispensation_models import Dispensation
from app.homologation.jobs import IssueWithdrawal, RenderDossier
from app.homologation.kinds import DossierState, Heard, Origin, Outcome
from app.homologation.models import Decision, Dossier, Reservation, Withdrawal
from app.homologation.separation import check_apart, check_vouched, scope_of_product
from app.homologation.services import move_dossier, must_be
from app.homologation.wishes import AskedOfDecider, Wish
from app.identity import directory, factors
from app.identity.acts import prove_act
from app.identity.factors import FactorProof
from app.identity.kinds import FactorKind, Role
from app.identity.models import Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import new_id
from app.platform.links import link_to
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products import services as products
from app.products.models import Product
from app.products.services import holds_role, incubator_name, incubators_of
from reports import dossier as content
from reports import residual
from reports.certificates import fingerprint_of
from reports.frozen import FrozenAuthority, FrozenDossier, FrozenWithdrawal
from reports.frozen_decision import (
    FrozenDecision,
    FrozenDelegation,
    FrozenResidual,
    FrozenSignature,
    FrozenSigner,
    FrozenVouching,
)
from risk_models.rules import schedule


def factor_purpose(shown_sha256: str) -> str:
    """What a key is asked to sign for: this very content."""
    return f"decide:{shown_sha256}"


def may_decide(session: Session, person: Person, of: Dossier | Dispensation) -> bool:
    """Whether `person` is its authority, or signs for it today."""
    return of.authority_id == person.id or delegating.delegation_of(session, person, of) is not None


def prepare_decision(
    session: Session, actor: Person, dossier: Dossier, wish: Wish, shown_sha256: str, factor: FactorKind
) -> str:
    """The whole content as it will be once decided with a factor of this kind, for its author to read before signing.
    Raises `Refusal`.

    `shown_sha256` names the content that the author was shown when choosing.
    """
    if not may_decide(session, actor, dossier):
        raise Refusal(_l("Seule l’autorité nommée dans le dossier peut décider."))
    for person in filter(None, (actor, dossier.authority)):  # nobody signs in the place of who may not
        check_apart(session, BindingAct.DECIDE, person, dossier)
    check_vouched(session, dossier)
    must_be(dossier, DossierState.DECISION)
    if shown_sha256 != dossier.content_sha256:
        raise Refusal(_l("Le dossier a changé depuis que vous l’avez ouvert. Relisez-le avant de décider."))
    if content.sha256(dossier.content or "") != dossier.content_sha256:
        raise Refusal(_l("Le contenu de ce dossier n’est plus celui qui a été figé : l’équipe doit le reprendre."))
    sealing.check_made(dossier)
    decided = _decided(session, dossier, wish, clock.today(), signer_of(session, actor, dossier))
    return content.with_decision(dossier.content or "", replace(decided, factor=factor.value))


def signer_of(session: Session, actor: Person, of: Dossier | Dispensation) -> FrozenSigner:
    """Who signs `of` today, for whom, and how Jalon knows the authority."""
    delegation = None if of.authority_id == actor.id else delegating.delegation_of(session, actor, of)
    vouched = _vouching(session, of.product_id, actor if delegation is None else delegation.authority)
    if delegation is None:
        return FrozenSigner(actor.name, actor.title, vouched=vouched)
    authority = delegation.authority
    behalf = FrozenDelegation(authority.name, authority.title, delegation.deed, delegation.ends_on)
    return FrozenSigner(actor.name, actor.title, behalf, vouched)


def _vouching(session: Session, product_id: str, authority: Person) -> FrozenVouching | None:
    listed = directory.vouching_of(session, authority.id, incubators_of(session, product_id))
    if listed is None or listed.confirmed_by is None or listed.confirmed_at is None:
        return None
    return FrozenVouching(
        name=authority.name,
        function=listed.function,
        entity=listed.entity,
        incubator=incubator_name(session, listed.incubator_id),
        deed=listed.deed,
        deed_on=listed.deed_on,
        added_by=listed.added_by.name,
        confirmed_by=listed.confirmed_by.name,
        confirmed_on=listed.confirmed_at.astimezone(clock.PARIS).date(),
    )


def _decided(session: Session, dossier: Dossier, wish: Wish, decided_on: date, by: FrozenSigner) -> FrozenDecision:
    """What the decision page will hold. Raises `Refusal` for what no authority may decide."""
    frozen = content.loads(dossier.content or "")
    exploited = exploited_flaws(session, dossier.product_id, frozen)
    wish = wishes.complete_wish(frozen, wish)
    wishes.check_wish(frozen, wish, exploited)
    wishes.check_lift_by(wish, decided_on)
    refused = wish.outcome is Outcome.REFUSED
    months = None if refused else wish.months
    expires_on = schedule.expiry_day(decided_on, months) if months else None
    decided = FrozenDecision(
        outcome=wish.outcome.value,
        months=months,
        reservations=wish.reservations,
        to_lift=tuple(wishes.split_lines(wish.reservations)) if months else (),
        lift_by=wish.lift_by,
        decided_on=decided_on,
        expires_on=expires_on,
        by=by,
        asked_sha256=dossier.content_sha256,
        trial=sealing.is_trial(),
        seal_sha256=fingerprint_of(sealing.get_sealer().certificate),
        to_notify=_to_notify(session, dossier),
        accepted=_accepted(frozen, expires_on) if expires_on else (),
        reply="" if refused else wish.reply,
        exploited=() if refused else exploited,
        exploited_reason=wish.exploited_reason if exploited and not refused else "",
    )
    granted = replace(
        frozen,
        requested_months=months or frozen.requested_months,
        authority=FrozenAuthority(by.name, by.title),
        decision=decided,
    )
    return replace(decided, doubts=wishes.doubts_of(granted))


def _to_notify(session: Session, dossier: Dossier) -> tuple[str, ...]:
    """Who is written to once it is decided, by name."""
    product = session.get_one(Product, dossier.product_id)
    return tuple(dict.fromkeys(person.name for person in notifications.concerned_people(session, product, dossier)))


def check_decision(session: Session, dossier: Dossier, wish: Wish, decided_on: date) -> None:
    """Raises `Refusal` for what no authority may decide of the frozen `dossier` on that day."""
    _decided(session, dossier, wish, decided_on, FrozenSigner("", ""))


def _accepted(frozen: FrozenDossier, expires_on: date) -> tuple[FrozenResidual, ...]:
    """The risks that remain, each until the end of the homologation, or sooner where less was asked."""
    return tuple(replace(r, until=min(r.until or expires_on, expires_on)) for r in residual.residual_risks(frozen))


def read_asked(session: Session, product_id: str, frozen: FrozenDossier) -> AskedOfDecider:
    """What a frozen dossier asks of who decides today."""
    exploited = exploited_flaws(session, product_id, frozen)
    return AskedOfDecider(wishes.to_take_over(frozen), wishes.against(frozen), exploited)


def exploited_flaws(session: Session, product_id: str, frozen: FrozenDossier) -> tuple[str, ...]:
    """Component and id of each open flaw known to be exploited, in the content or in the product as it is today."""
    product = products.load_product(session, session.get_one(Product, product_id).slug)
    if product is None:
        raise ValueError("a dossier belongs to a product")
    today = replace(frozen, system=analysis.read_system(session, product))
    return tuple(dict.fromkeys([*consistency.exploited_in(frozen), *consistency.exploited_in(today)]))


@transaction
def decide_dossier(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    wish: Wish,
    *,
    asked_sha256: str,
    signed_sha256: str,
    proof: FactorProof,
) -> Decision:
    """The authority's act on the very content it was shown, `signed_sha256`; begins today. Raises `Refusal`."""
    text = prepare_decision(session, actor, dossier, wish, asked_sha256, proof.kind)
    if content.sha256(text) != signed_sha256:
        raise Refusal(
            _l("Ce que vous alliez signer a changé, ou le jour a changé. Relisez-le avant de signer."), "code"
        )
    purpose, scope = factor_purpose(signed_sha256), scope_of_product(session, product.id)
    factor = prove_act(session, actor, BindingAct.DECIDE, proof, purpose, scope)
    if dossier.recorded is not None:
        said = {"sha256": dossier.recorded.sha256, "recorded_by": dossier.recorded.recorded_by}
        record(session, actor, Action.DISCARD_SIGNED, f"n° {dossier.number}", product_id=product.id, **said)
        dossier.recorded = None
    return _keep(session, actor, product, dossier, text, factor.kind.value, factors.kept_proof(factor, proof))


def keep_outside(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    wish: Wish,
    decided_on: date,
    signed: FrozenSignature,
    factor_kind: str,
) -> None:
    """A decision signed outside Jalon, that `actor` confirms with a factor."""
    authority = dossier.authority
    by = FrozenSigner(authority.name if authority else "", authority.title if authority else "")
    decided = replace(_decided(session, dossier, wish, decided_on, by), outside=signed)
    dossier.recorded = None
    _keep(session, actor, product, dossier, content.with_decision(dossier.content or "", decided), factor_kind)


def _keep(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    text: str,
    factor_kind: str | None = None,
    factor_proof: Mapping[str, str] | None = None,
) -> Decision:
    """Writes the decision that the content `text` bears, its reservations and what follows."""
    frozen = content.loads(text)
    decided = frozen.decision
    if decided is None:
        raise ValueError("a content without decision decides nothing")
    decision = _row_of(actor, dossier, frozen, decided)
    decision.factor_kind, decision.factor_proof = factor_kind, factor_proof
    dossier.decision = decision
    session.add(decision)
    session.add_all(reservations_of(dossier.id, decided))
    session.flush()  # the database takes no decision of a dossier that is decided
    move_dossier(dossier, DossierState.DECIDED)
    freezing.write_content(dossier, text)
    study.level_decided_on(session, product.id)
    jobs.enqueue(session, RenderDossier(dossier.id))
    notifications.tell_people(
        session,
        actor,
        product,
        Heard.DECIDED,
        notifications.concerned_people(session, product, dossier),
        number=dossier.number,
    )
    by_another = decision.recorded_by and actor.id != dossier.authority_id
    said = {"decided_by": decision.decided_by, "recorded_by": decision.recorded_by} if by_another else {}
    record(
        session,
        actor,
        Action.CONFIRM_SIGNED if by_another else Action.DECIDE,
        decision.outcome.value,
        product_id=product.id,
        sha256=dossier.content_sha256,
        months=decision.months,
        **said,
    )
    return decision


def _row_of(actor: Person, dossier: Dossier, frozen: FrozenDossier, decided: FrozenDecision) -> Decision:
    level = frozen.study.level if frozen.study else None
    return Decision(
        id=new_id(),
        dossier_id=dossier.id,
        outcome=Outcome(decided.outcome),
        months=decided.months,
        reservations=decided.reservations,
        decided_on=decided.decided_on,
        expires_on=decided.expires_on,
        decided_by_id=actor.id,
        decided_by=decided.by.name,
        on_behalf_of=decided.by.on_behalf_of.name if decided.by.on_behalf_of else "",
        loss=frozen.assessment.loss,
        level=int(level.level) if level else None,
        outside_sha256=decided.outside.sha256 if decided.outside else None,
        recorded_by=decided.outside.recorded_by if decided.outside else "",
        confirmed_by=decided.outside.confirmed_by if decided.outside else "",
    )


def reservations_of(dossier_id: str, decided: FrozenDecision) -> Iterator[Reservation]:
    """What the team owes after a decision written as its content holds it."""
    for position, text in enumerate(decided.to_lift, 1):
        yield Reservation(id=new_id(), dossier_id=dossier_id, position=position, text=text, lift_by=decided.lift_by)


@transaction
def withdraw_homologation(
    session: Session, actor: Person, product: Product, dossier: Dossier, reason: str, proof: FactorProof
) -> None:
    """Takes a homologation back, on a sealed page of its own; the decision stays whole. Raises `Refusal`."""
    decision = to_withdraw(session, actor, dossier)
    wishes.check_words(reason, "reason")
    scope = scope_of_product(session, product.id)
    prove_act(session, actor, BindingAct.WITHDRAW, proof, f"withdraw:{dossier.id}", scope)
    today, by = clock.today(), signer_of(session, actor, dossier)
    text = content.dumps(
        FrozenWithdrawal(
            product=content.loads_any(dossier.content).product if dossier.content else product.name,
            number=dossier.number,
            verify_at=link_to("register_pages.verify"),
            decided_on=decision.decided_on,
            decided_by=decision.signatory,
            withdrawn_on=today,
            frozen_on=today,
            reason=reason,
            by=by,
            decision_sha256=dossier.content_sha256 or "",
            trial=sealing.is_trial(),
        )
    )
    session.add(
        Withdrawal(
            id=new_id(),
            dossier_id=dossier.id,
            withdrawn_on=today,
            noted_at=clock.now(),
            withdrawn_by=by.in_full[:200],
            withdrawn_by_id=actor.id,
            reason=reason,
            content=text,
            content_sha256=content.sha256(text),
        )
    )
    jobs.enqueue(session, IssueWithdrawal(dossier.id))
    notifications.tell_people(
        session,
        actor,
        product,
        Heard.WITHDRAWN,
        notifications.concerned_people(session, product, dossier),
        number=dossier.number,
    )
    record(session, actor, Action.WITHDRAW, f"n° {dossier.number}", product_id=product.id, sha256=content.sha256(text))


def to_withdraw(session: Session, actor: Person, dossier: Dossier) -> Decision:
    """The decision that `actor` may take back. Raises `Refusal`."""
    decision = dossier.decision
    if decision is None or decision.outcome is Outcome.REFUSED:
        raise Refusal(_l("Il n’y a pas d’homologation à retirer ici."))
    if dossier.withdrawal is not None:
        raise Refusal(_l("Cette homologation est déjà retirée."))
    last = register.last_decided(session, dossier.product_id)
    if last is None or last.id != dossier.id:
        raise Refusal(_l("Une décision plus récente a déjà mis fin à cette homologation."))
    if not may_withdraw_homologation(session, actor, dossier):
        raise Refusal(_l("Seule l’autorité nommée dans le dossier peut retirer son homologation."))
    return decision


def may_withdraw_homologation(session: Session, person: Person, dossier: Dossier) -> bool:
    """Whether `person`, an authority of the product, may take its homologation back: as the one that decided, or, vouched for by
    an incubator, in the place of one that no longer is an authority or that decided elsewhere."""
    if dossier.origin is Origin.JALON:
        return may_decide(session, person, dossier) or succeeds(session, person, dossier)
    return _is_vouched(session, person, dossier)


def succeeds(session: Session, person: Person, of: Dossier | Dispensation) -> bool:
    """Whether `person`, vouched for by an incubator, acts in the place of an authority that no longer is one."""
    still = holds_role(Person.id, Role.AUTHORITY, of.product_id)
    if session.scalar(select(Person.id).where(Person.id == of.authority_id, still)) is not None:
        return False
    return _is_vouched(session, person, of)


def _is_vouched(session: Session, person: Person, of: Dossier | Dispensation) -> bool:
    return directory.vouching_of(session, person.id, incubators_of(session, of.product_id)) is not None
