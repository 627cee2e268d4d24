"""The acts that bind: decide, decide outside Jalon, withdraw, delegate. Each needs its author's second factor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.homologation import consistency, freezing, sealing, telling
from app.homologation.awaiting import delegated_to
from app.homologation.models import (
    Decision,
    Delegation,
    Dossier,
    DossierState,
    Origin,
    Outcome,
    Reservation,
    Withdrawal,
)
from app.homologation.services import move, must_be
from app.homologation.telling import Heard
from app.identity import factors
from app.identity.factors import Proof
from app.identity.models import Person, Role
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.products.models import Product
from app.products.services import holds_role
from reports import dossier as content
from risk_models import schedule

_PROVISIONAL_MONTHS = 12
_DELEGATED_MONTHS = 36


@dataclass(frozen=True, slots=True)
class Wish:
    """What an authority is about to decide; `months` is none for a refusal."""

    outcome: Outcome
    months: int | None
    reservations: str


def purpose(shown_sha256: str) -> str:
    """What a key is asked to sign for: this very content."""
    return f"decide:{shown_sha256}"


def may_decide(session: Session, person: Person, dossier: Dossier) -> bool:
    """Whether `person` is its authority, or signs for it today."""
    return dossier.authority_id == person.id or delegation_of(session, person, dossier) is not None


def delegation_of(session: Session, person: Person, dossier: Dossier) -> Delegation | None:
    """The delegation by which `person` signs `dossier` for its authority today."""
    return session.scalar(
        delegated_to(person.id)
        .join(Dossier, Dossier.id == dossier.id)
        .options(joinedload(Delegation.authority))
        .limit(1)
    )


def prepare(session: Session, actor: Person, dossier: Dossier, wish: Wish, shown_sha256: str) -> str:
    """The whole content as it will be once decided, for its author to read before signing. Raises `Refusal`.

    `shown_sha256` names the content that the author was shown when choosing.
    """
    if not may_decide(session, actor, dossier):
        raise Refusal(_l("Seule l’autorité nommée dans le dossier peut décider."))
    if _holds(session, actor.id, Role.TEAM_MEMBER, dossier):
        raise Refusal(_l("Qui prépare un dossier ne le décide pas : vous êtes de l’équipe de ce produit."))
    must_be(dossier, DossierState.DECISION)
    if shown_sha256 != dossier.content_sha256:
        raise Refusal(_l("Le dossier a changé depuis que vous l’avez ouvert. Relisez-le avant de décider."))
    check(dossier, wish)
    if content.sha256(dossier.content or "") != dossier.content_sha256:
        raise Refusal(_l("Le contenu de ce dossier n’est plus celui qui a été figé : l’équipe doit le reprendre."))
    if dossier.seal_fault:
        raise Refusal(
            _l(
                "Le PDF de ce dossier n’a pas pu être fait (%(why)s) : prévenez l’équipe de Jalon.",
                why=dossier.seal_fault,
            )
        )
    frozen = content.loads(dossier.content or "")
    decided = _decided(dossier, wish, clock.today(), _signer(session, actor, dossier))
    doubts = _doubts(actor, frozen, wish)
    return content.dumps(frozen | {"decision": decided | ({"doubts": doubts} if doubts else {})})


def _doubts(actor: Person, frozen: dict[str, Any], wish: Wish) -> list[dict[str, Any]]:
    """What the controls find in what is granted and did not in what was asked: another duration, another signatory."""
    if "pieces" not in frozen or not wish.months:
        return []
    granted = frozen | {"requested_months": wish.months, "authority": {"name": actor.name}}
    known = [(d["rule"], d["what"]) for d in frozen["doubts"]]
    found = (i.as_plain() for i in consistency.check(granted))
    return [d for d in found if (d["rule"], d["what"]) not in known]


def check(dossier: Dossier, wish: Wish) -> None:
    """Raises `Refusal` for what no authority may decide on this dossier."""
    frozen = content.loads(dossier.content or "")
    if clock.today().isoformat() < frozen["frozen_on"]:
        raise Refusal(_l("L’horloge du serveur retarde sur la date du dossier : faites-la régler avant de décider."))
    if lacks := [p["name"] for p in frozen.get("pieces", []) if p["state"] == "missing"]:
        raise Refusal(
            _l(
                "Des pièces obligatoires manquent : %(what)s. L’équipe doit reprendre le dossier.",
                what=", ".join(lacks),
            )
        )
    if wish.outcome is not Outcome.REFUSED and wish.months not in schedule.DURATIONS:
        raise Refusal(_l("Choisissez une durée."), "months")
    if wish.outcome is Outcome.FAVOURABLE and wish.reservations:
        raise Refusal(_l("Choisissez « avec réserves », ou effacez les réserves."), "reservations")
    if wish.outcome is Outcome.PROVISIONAL and (wish.months or 0) > _PROVISIONAL_MONTHS:
        raise Refusal(_l("Une homologation provisoire dure un an au plus."), "months")
    if wish.outcome in {Outcome.WITH_RESERVATIONS, Outcome.REFUSED} and not lines(wish.reservations):
        raise Refusal(_l("Écrivez les réserves ou les raisons du refus."), "reservations")


def _signer(session: Session, actor: Person, dossier: Dossier) -> dict[str, Any]:
    by: dict[str, Any] = {"name": actor.name, "title": actor.title}
    delegation = None if dossier.authority_id == actor.id else delegation_of(session, actor, dossier)
    if delegation:
        by["on_behalf_of"] = {
            "name": delegation.authority.name,
            "title": delegation.authority.title,
            "deed": delegation.deed,
            "until": delegation.ends_on.isoformat(),
        }
    return by


def _decided(dossier: Dossier, wish: Wish, decided_on: date, by: dict[str, Any]) -> dict[str, Any]:
    months = None if wish.outcome is Outcome.REFUSED else wish.months
    return {
        "outcome": wish.outcome.value,
        "months": months,
        "reservations": wish.reservations,
        "to_lift": lines(wish.reservations) if months else [],
        "decided_on": decided_on.isoformat(),
        "expires_on": schedule.expiry(decided_on, months).isoformat() if months else None,
        "by": by,
        "asked_sha256": dossier.content_sha256,
        "trial": sealing.is_trial(),
    }


def lines(text: str) -> list[str]:
    """One reservation a line."""
    return [line.strip(" -–•\t") for line in text.splitlines() if line.strip(" -–•\t")]


def decide(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    wish: Wish,
    *,
    asked_sha256: str,
    signed_sha256: str,
    proof: Proof,
) -> Decision:
    """The authority's act on the very content it was shown, `signed_sha256`; begins today. Raises `Refusal`."""
    text = prepare(session, actor, dossier, wish, asked_sha256)
    if content.sha256(text) != signed_sha256:
        raise Refusal(
            _l("Ce que vous alliez signer a changé, ou le jour a changé. Relisez-le avant de signer."), "code"
        )
    factors.prove(session, actor, proof, purpose(signed_sha256))
    decided = content.loads(text)["decision"]
    decision = _keep(session, actor, product, dossier, decided, text)
    session.commit()
    return decision


def keep_outside(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    wish: Wish,
    decided_on: date,
    signed: dict[str, Any],
) -> None:
    """A decision signed outside Jalon, recorded by `actor`, in the caller's transaction."""
    authority = dossier.authority
    by = {"name": authority.name if authority else "", "title": authority.title if authority else ""}
    decided = _decided(dossier, wish, decided_on, by) | {"outside": signed}
    frozen = content.loads(dossier.content or "")
    _keep(session, actor, product, dossier, decided, content.dumps(frozen | {"decision": decided}))


def _keep(
    session: Session, actor: Person, product: Product, dossier: Dossier, decided: dict[str, Any], text: str
) -> Decision:
    """Writes a decision, its reservations, its content and what follows, in the caller's transaction."""
    frozen = content.loads(text)
    decision = Decision(
        id=new_id(),
        dossier_id=dossier.id,
        outcome=Outcome(decided["outcome"]),
        months=decided["months"],
        reservations=decided["reservations"],
        decided_on=date.fromisoformat(decided["decided_on"]),
        expires_on=date.fromisoformat(decided["expires_on"]) if decided["expires_on"] else None,
        decided_by_id=actor.id,
        decided_by=_by(decided["by"]),
        loss=frozen["assessment"]["loss"],
        level=((frozen.get("study") or {}).get("level") or {}).get("level"),
        outside_sha256=(decided.get("outside") or {}).get("sha256"),
    )
    dossier.decision = decision
    session.add(decision)
    session.add_all(
        Reservation(id=new_id(), dossier_id=dossier.id, position=n, text=reservation)
        for n, reservation in enumerate(decided["to_lift"], 1)
    )
    session.flush()  # the database takes no decision of a dossier that is decided
    move(dossier, DossierState.DECIDED)
    freezing.write(dossier, text)
    jobs.enqueue(session, "dossier_pdf", dossier_id=dossier.id)
    telling.tell(
        session, actor, product, Heard.DECIDED, telling.concerned(session, product, dossier), number=dossier.number
    )
    record(
        session,
        actor,
        "decide",
        decision.outcome.value,
        product_id=product.id,
        sha256=dossier.content_sha256,
        months=decision.months,
    )
    return decision


def _by(by: dict[str, Any]) -> str:
    """Who decided, as lists say it."""
    behalf = by.get("on_behalf_of")
    return f"{by['name']} (par délégation de {behalf['name']})"[:200] if behalf else by["name"]


def withdraw(session: Session, actor: Person, product: Product, dossier: Dossier, reason: str, proof: Proof) -> None:
    """Takes a homologation back, on a sealed page of its own; the decision stays whole. Raises `Refusal`."""
    decision = dossier.decision
    if decision is None or decision.outcome is Outcome.REFUSED:
        raise Refusal(_l("Il n’y a pas d’homologation à retirer ici."))
    if dossier.withdrawal is not None:
        raise Refusal(_l("Cette homologation est déjà retirée."))
    if not may_withdraw(session, actor, dossier):
        raise Refusal(_l("Seule l’autorité nommée dans le dossier peut retirer son homologation."))
    factors.prove(session, actor, proof, f"withdraw:{dossier.id}")
    today = clock.today()
    text = content.dumps(
        {
            "format": content.FORMAT,
            "kind": "withdrawal",
            "product": content.loads(dossier.content or "{}").get("product") or product.name,
            "number": dossier.number,
            "verify_at": f"{current_app.config['BASE_URL']}/verifier",
            "decided_on": decision.decided_on,
            "decided_by": decision.decided_by,
            "withdrawn_on": today,
            "frozen_on": today,
            "reason": reason,
            "by": _signer(session, actor, dossier),
            "decision_sha256": dossier.content_sha256,
            "trial": sealing.is_trial(),
        }
    )
    session.add(
        Withdrawal(
            id=new_id(),
            dossier_id=dossier.id,
            withdrawn_on=today,
            withdrawn_by=actor.name,
            withdrawn_by_id=actor.id,
            reason=reason,
            content=text,
            content_sha256=content.sha256(text),
        )
    )
    jobs.enqueue(session, "withdrawal_pdf", dossier_id=dossier.id)
    telling.tell(
        session, actor, product, Heard.WITHDRAWN, telling.concerned(session, product, dossier), number=dossier.number
    )
    record(session, actor, "withdraw", f"n° {dossier.number}", product_id=product.id, sha256=content.sha256(text))
    session.commit()


def may_withdraw(session: Session, person: Person, dossier: Dossier) -> bool:
    """Whether `person`, an authority of the product, may take its homologation back: as the one that decided, or in the
    place of one that no longer is an authority."""
    if dossier.origin is not Origin.JALON or may_decide(session, person, dossier):
        return True
    return not _holds(session, dossier.authority_id, Role.AUTHORITY, dossier)


def _holds(session: Session, person_id: str | None, role: Role, dossier: Dossier) -> bool:
    held = holds_role(Person.id, role, dossier.product_id)
    return session.scalar(select(Person.id).where(Person.id == person_id, held)) is not None


def lift(session: Session, actor: Person, product: Product, dossier: Dossier, reservation_id: str, how: str) -> None:
    """Says that a reservation is lifted, and how. Raises `Refusal`."""
    reservation = next((r for r in dossier.reservations if r.id == reservation_id), None)
    if reservation is None or reservation.lifted_on is not None:
        raise Refusal(_l("Cette réserve est déjà levée."))
    reservation.lifted_on, reservation.lifted_by, reservation.how = clock.today(), actor.name, how
    record(session, actor, "lift_reservation", reservation.text[:200], product_id=product.id)
    session.commit()


def delegations_of(session: Session, product_id: str) -> Sequence[Delegation]:
    """Those that hold or will, with their people."""
    return session.scalars(
        select(Delegation)
        .where(Delegation.product_id == product_id, Delegation.ended_at.is_(None), Delegation.ends_on >= clock.today())
        .options(joinedload(Delegation.authority), joinedload(Delegation.delegate))
        .order_by(Delegation.starts_on)
    ).all()


def delegate(
    session: Session,
    actor: Person,
    product: Product,
    others: Sequence[Person],
    *,
    delegate_id: str,
    starts_on: date,
    ends_on: date,
    deed: str,
    proof: Proof,
) -> None:
    """Lets another authority of this product sign for `actor`, between two dates. Raises `Refusal`."""
    if delegate_id == actor.id or delegate_id not in {p.id for p in others}:
        raise Refusal(_l("Choisissez une autre personne qui a le rôle d’autorité sur ce produit."), "delegate")
    if ends_on < starts_on or ends_on < clock.today():
        raise Refusal(_l("La fin vient après le début, et elle est à venir."), "ends_on")
    if ends_on > schedule.add_months(starts_on, _DELEGATED_MONTHS):
        raise Refusal(_l("Une délégation dure trois ans au plus ; elle se redonne."), "ends_on")
    factors.prove(session, actor, proof, f"delegate:{product.id}")
    session.add(
        Delegation(
            product_id=product.id,
            authority_id=actor.id,
            delegate_id=delegate_id,
            starts_on=starts_on,
            ends_on=ends_on,
            deed=deed,
            given_at=clock.now(),
        )
    )
    telling.tell(session, actor, product, Heard.DELEGATED, [p for p in others if p.id == delegate_id])
    record(session, actor, "delegate", deed, product_id=product.id, until=ends_on.isoformat())
    session.commit()


def end_delegation(session: Session, actor: Person, product: Product, delegation_id: str) -> None:
    """Ends what one gave. Raises `Refusal`."""
    found = session.scalar(
        select(Delegation).where(
            Delegation.id == delegation_id, Delegation.product_id == product.id, Delegation.ended_at.is_(None)
        )
    )
    if found is None or actor.id != found.authority_id:
        raise Refusal(_l("Seule la personne qui a délégué peut y mettre fin."))
    found.ended_at = clock.now()
    record(session, actor, "end_delegation", found.deed, product_id=product.id)
    session.commit()
