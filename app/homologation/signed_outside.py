"""A dossier of ours that its authority signed by other means: recorded by one person, in force once another confirms it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.homologation import deciding, notifications, sealing
from app.homologation.kinds import DossierState, Heard, Outcome
from app.homologation.models import Dossier, RecordedSignature
from app.homologation.separation import check_apart, check_vouched, scope_of_product
from app.homologation.services import must_be
from app.homologation.wishes import Wish
from app.identity import policy
from app.identity.acts import check_act, prove_act
from app.identity.factors import FactorProof
from app.identity.kinds import Role
from app.identity.models import Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import attachments, clock, i18n
from app.platform.attachments import Attachment
from app.platform.extensions import document_storage
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from reports import dossier as content
from reports import outside
from reports.frozen_decision import FrozenSignature
from reports.outside import SignedOutside
from risk_models.rules import schedule

_RECORDERS = {Role.INCUBATOR_MEMBER, Role.ADMINISTRATOR}
_REASONS = {
    "no_pdf": _l("Ce fichier n’est ni un PDF, ni une image PNG ou JPEG."),
    "other_file": _l(
        "Ce PDF signé n’est pas ce dossier : signez le fichier que Jalon a transmis, sans le réenregistrer."
    ),
    "broken_signature": _l("Ce PDF n’est pas signé, ou sa signature est abîmée, ou quelque chose y a été ajouté."),
    "no_code": _l(
        "Le code imprimé sous la signature ne se lit nulle part dans ce fichier : numérisez toute la page de décision, bien"
        " éclairée."
    ),
    "other_code": _l("La page signée est celle d’un autre dossier, ou d’une autre version de celui-ci."),
    "no_ink": _l("Le cadre de la signature est vide, ou coupé : numérisez toute la page, une fois signée."),
    "slow": _l("Ce serveur est trop occupé pour vérifier ce fichier : réessayez dans une minute."),
}


@transaction
def record_signed(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    wish: Wish,
    *,
    decided_on: date,
    file: Attachment | None,
    proof: FactorProof,
) -> bool:
    """Records that the authority signed our frozen PDF by its own means; whether the decision is taken. Raises `Refusal`.

    An electronic signature is checked; a scan bears the code of the decision page, and ink. Neither says whose hand it was:
    unless the authority itself records it, another person confirms it before anything is decided. Who signs by delegation is not
    the authority: the page bears the authority's hand, not theirs.
    """
    if not may_record(actor, product) and not deciding.may_decide(session, actor, dossier):
        raise Refusal(_l("Cette signature s’enregistre par l’autorité nommée dans le dossier, ou par l’incubateur."))
    _check_may_be_signed(session, dossier)
    _check_apart(session, BindingAct.RECORD_SIGNED, actor, product, dossier)
    if dossier.recorded is not None:
        raise Refusal(
            _l(
                "%(name)s a déjà enregistré une signature : elle se confirme, ou s’écarte.",
                name=dossier.recorded.recorded_by,
            )
        )
    given_file, signed = _read_signed(session, dossier, wish, decided_on, file)
    purpose = f"record:{dossier.content_sha256}"
    given = prove_act(session, actor, BindingAct.RECORD_SIGNED, proof, purpose, scope_of_product(session, product.id))
    digest = attachments.keep_attachment(session, given_file, by=actor.id, of=product.id)
    found = _recorded_by(actor, wish, decided_on, digest, signed)
    found.exploited = list(deciding.exploited_flaws(session, product.id, content.loads(dossier.content or "")))
    said = {"sha256": digest, "decided_on": decided_on.isoformat()}
    record(session, actor, Action.RECORD_SIGNED, f"n° {dossier.number}", product_id=product.id, **said)
    if dossier.authority_id == actor.id:  # with its factor, it confirms what it records
        deciding.keep_outside(
            session, actor, product, dossier, wish, decided_on, _signature(found, actor), given.kind.value
        )
        return True
    dossier.recorded = found
    people = notifications.concerned_people(session, product, dossier)
    notifications.tell_people(session, actor, product, Heard.RECORDED, people, number=dossier.number)
    return False


def _recorded_by(actor: Person, wish: Wish, decided_on: date, digest: str, signed: SignedOutside) -> RecordedSignature:
    return RecordedSignature(
        wish=_plain(wish),
        decided_on=decided_on,
        sha256=digest,
        electronic=signed.electronic,
        signers=list(signed.signers),
        recorded_by_id=actor.id,
        recorded_by=actor.name,
        recorded_at=clock.now(),
    )


def _read_signed(
    session: Session, dossier: Dossier, wish: Wish, decided_on: date, file: Attachment | None
) -> tuple[Attachment, SignedOutside]:
    """The file, and what it shows of the decision that `wish` copies. Raises `Refusal` at the field to mend."""
    frozen = content.loads(dossier.content or "")
    if not frozen.frozen_on <= decided_on <= clock.today():
        raise Refusal(_l("La décision vient après le gel du dossier, et pas après aujourd’hui."), "decided_on")
    deciding.check_decision(session, dossier, wish, decided_on)
    if file is None:
        raise Refusal(_l("Choisissez le fichier signé."), "file")
    sealing.check_made(dossier)
    try:
        signed = outside.read_apart(
            document_storage().get(dossier.pdf_sha256 or ""), file.content, dossier.content_sha256 or ""
        )
    except outside.NotThisDossier as error:
        raise Refusal(_REASONS[str(error)], "file") from error
    return file, signed


@transaction
def confirm_signed(session: Session, actor: Person, product: Product, dossier: Dossier, proof: FactorProof) -> None:
    """The authority, or somebody of the incubator who did not record it, takes the recorded signature for true: the decision
    it tells is taken. Raises `Refusal`."""
    found = _recorded(dossier)
    if not may_record(actor, product) and not deciding.may_decide(session, actor, dossier):
        raise Refusal(_l("Cette signature se confirme par l’autorité nommée dans le dossier, ou par l’incubateur."))
    _check_may_be_signed(session, dossier)
    _check_apart(session, BindingAct.CONFIRM_SIGNED, actor, product, dossier)
    _check_still(session, product, dossier, found)
    scope = scope_of_product(session, product.id)
    given = prove_act(
        session, actor, BindingAct.CONFIRM_SIGNED, proof, confirm_purpose(dossier), scope, about=found.recorded_by_id
    )
    deciding.keep_outside(
        session, actor, product, dossier, wish_of(found), found.decided_on, _signature(found, actor), given.kind.value
    )


def _check_apart(session: Session, act: BindingAct, actor: Person, product: Product, dossier: Dossier) -> None:
    """What keeps a person from the act; and from deciding, of who is there for the authority and not for the incubator."""
    check_apart(session, act, actor, dossier)
    if not may_record(actor, product):
        check_apart(session, BindingAct.DECIDE, actor, dossier)


def _check_still(session: Session, product: Product, dossier: Dossier, found: RecordedSignature) -> None:
    """Raises `Refusal` where what was recorded is no longer what would be decided."""
    wish = wish_of(found)
    if wish.outcome is Outcome.REFUSED:
        return
    until = schedule.expiry_day(found.decided_on, wish.months or 0)
    if until < clock.today():
        raise Refusal(_l("Cette homologation a déjà pris fin, le %(day)s : écartez-la.", day=i18n.format_day(until)))
    known = deciding.exploited_flaws(session, product.id, content.loads(dossier.content or ""))
    if more := [flaw for flaw in known if flaw not in found.exploited]:
        raise Refusal(
            _l(
                "Depuis que cette signature est enregistrée, on sait exploitées : %(what)s. L’autorité ne le savait pas en"
                " signant : écartez-la, et demandez-lui de décider de nouveau.",
                what=" ; ".join(more),
            )
        )


def confirm_purpose(dossier: Dossier) -> str:
    """What a key is asked to sign for: this content and this file."""
    return f"confirm:{dossier.content_sha256}:{dossier.recorded.sha256 if dossier.recorded else ''}"


@transaction
def discard_signed(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    """Puts a recorded signature aside: nothing was decided. Raises `Refusal`."""
    found = _recorded(dossier)
    if not may_record(actor, product) and not deciding.may_decide(session, actor, dossier):
        raise Refusal(_l("Cette signature s’écarte par l’autorité nommée dans le dossier, ou par l’incubateur."))
    check_act(session, actor, BindingAct.DISCARD_SIGNED, scope_of_product(session, product.id))
    record(
        session,
        actor,
        Action.DISCARD_SIGNED,
        f"n° {dossier.number}",
        product_id=product.id,
        sha256=found.sha256,
        recorded_by=found.recorded_by,
    )
    dossier.recorded = None


def may_record(actor: Person, product: Product) -> bool:
    """Whether the actor answers for an incubator of the product, or for the platform."""
    incubators = [i.id for i in product.incubators]
    return bool(policy.roles_on(actor.grants, product_id=product.id, incubator_ids=incubators) & _RECORDERS)


def _check_may_be_signed(session: Session, dossier: Dossier) -> None:
    """The decision is the authority's, whoever records it: what keeps them from signing here keeps them from it there."""
    must_be(dossier, DossierState.DECISION)
    if dossier.authority is not None:
        check_apart(session, BindingAct.DECIDE, dossier.authority, dossier)
    check_vouched(session, dossier)


def _recorded(dossier: Dossier) -> RecordedSignature:
    if dossier.recorded is None or dossier.state is not DossierState.DECISION:
        raise Refusal(_l("Aucune signature enregistrée n’attend ici."))
    return dossier.recorded


def _signature(found: RecordedSignature, confirmed_by: Person) -> FrozenSignature:
    return FrozenSignature(
        sha256=found.sha256,
        electronic=found.electronic,
        signers=tuple(found.signers),
        recorded_by=found.recorded_by,
        confirmed_by=confirmed_by.name,
    )


def _plain(wish: Wish) -> dict[str, Any]:
    return asdict(wish) | {"outcome": wish.outcome.value, "lift_by": wish.lift_by.isoformat() if wish.lift_by else None}


def wish_of(found: RecordedSignature) -> Wish:
    """What a recorded signature decides, as it was copied."""
    plain: Mapping[str, Any] = found.wish
    lift_by = date.fromisoformat(plain["lift_by"]) if plain["lift_by"] else None
    return Wish(**{**plain, "outcome": Outcome(plain["outcome"]), "lift_by": lift_by})
