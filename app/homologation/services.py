"""The dossier: composed by the team, reviewed, frozen before its authority, decided once and for all."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from app.homologation import freezing
from app.homologation.models import (
    AcceptedRisk,
    ConditionOfUse,
    Decision,
    Dossier,
    DossierState,
    Opinion,
    Outcome,
    ReviewerRole,
    Verdict,
)
from app.identity import services as identity
from app.identity.models import Person, Role
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.products.models import Product
from risk_models import schedule

_WHOLE = (
    joinedload(Dossier.authority),
    selectinload(Dossier.conditions),
    selectinload(Dossier.accepted_risks),
    selectinload(Dossier.opinions).joinedload(Opinion.reviewer),
    joinedload(Dossier.decision),
)


def latest(session: Session, product_id: str) -> Dossier | None:
    """The dossier in hand, or the last decided one."""
    return session.scalar(
        select(Dossier)
        .where(Dossier.product_id == product_id)
        .options(*_WHOLE)
        .order_by(Dossier.number.desc())
        .limit(1)
    )


def dossiers_of(session: Session, product_id: str) -> Sequence[Dossier]:
    return session.scalars(
        select(Dossier).where(Dossier.product_id == product_id).options(*_WHOLE).order_by(Dossier.number.desc())
    ).all()


def dossier_of(session: Session, product_id: str, number: int) -> Dossier | None:
    return session.scalar(
        select(Dossier).where(Dossier.product_id == product_id, Dossier.number == number).options(*_WHOLE)
    )


def in_force(session: Session, product_id: str) -> Decision | None:
    """The last decision that homologates, expired or not; None when there is none or the last one refused."""
    last = session.scalar(
        select(Decision)
        .join(Decision.dossier)
        .where(Dossier.product_id == product_id)
        .options(contains_eager(Decision.dossier))
        .order_by(Dossier.number.desc())
        .limit(1)
    )
    return last if last and last.outcome is not Outcome.REFUSED else None


def open_new(session: Session, actor: Person, product: Product) -> Dossier:
    """Begins a dossier; what was written in the last one is taken up. Raises `Refusal` when one is in hand."""
    last = latest(session, product.id)
    if last and last.state is not DossierState.DECIDED:
        raise Refusal(_l("Un dossier est déjà en cours : continuez-le."))
    now = clock.now()
    dossier = Dossier(
        id=new_id(),
        product_id=product.id,
        number=last.number + 1 if last else 1,
        state=DossierState.DRAFT,
        state_since=now,
        created_at=now,
        perimeter=last.perimeter if last else "",
        requested_months=last.requested_months if last else 12,
        authority_id=last.authority_id if last else None,
    )
    if last:
        dossier.conditions = [
            ConditionOfUse(created_at=c.created_at, text=c.text, check=c.check) for c in last.conditions
        ]
    session.add(dossier)
    record(session, actor, "open_dossier", f"n° {dossier.number}", product_id=product.id)
    session.commit()
    return dossier


def _must_be(dossier: Dossier, *states: DossierState) -> None:
    if dossier.state not in states:
        raise Refusal(
            {
                DossierState.DRAFT: _l("Le dossier est encore en préparation : terminez-le d’abord."),
                DossierState.OPINIONS: _l("Le dossier attend des avis. Reprenez-le pour le modifier."),
                DossierState.DECISION: _l("Le dossier est devant l’autorité. Reprenez-le pour le modifier."),
                DossierState.DECIDED: _l("La décision est prise : ce dossier ne change plus. Ouvrez-en un nouveau."),
            }[dossier.state]
        )


def describe(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    *,
    perimeter: str,
    authority_id: str,
    months: int,
) -> None:
    """Writes perimeter, authority and duration asked for."""
    _must_be(dossier, DossierState.DRAFT)
    authorities = identity.people_with_role(session, Role.AUTHORITY, product.id, [i.id for i in product.incubators])
    if authority_id not in {p.id for p in authorities}:
        raise Refusal(
            _l("Cette personne n’a pas le rôle d’autorité sur ce produit. Invitez-la depuis la page Équipe."),
            "authority",
        )
    dossier.perimeter, dossier.authority_id, dossier.requested_months = perimeter, authority_id, months
    record(session, actor, "describe_dossier", f"n° {dossier.number}", product_id=product.id)
    session.commit()


def add_condition(session: Session, actor: Person, product: Product, dossier: Dossier, text: str, check: str) -> None:
    _must_be(dossier, DossierState.DRAFT)
    if any(c.text == text for c in dossier.conditions):
        raise Refusal(_l("Cette condition est déjà dans la liste."), "text")
    dossier.conditions.append(ConditionOfUse(created_at=clock.now(), text=text, check=check))
    record(session, actor, "add_condition", text, product_id=product.id)
    session.commit()


def accept_risk(
    session: Session, actor: Person, product: Product, dossier: Dossier, text: str, accepted_by: str, until: date
) -> None:
    _must_be(dossier, DossierState.DRAFT)
    if until <= clock.today():
        raise Refusal(_l("Une acceptation porte sur l’avenir : choisissez une date à venir."), "until")
    dossier.accepted_risks.append(AcceptedRisk(created_at=clock.now(), text=text, accepted_by=accepted_by, until=until))
    record(session, actor, "accept_risk", text, product_id=product.id, accepted_by=accepted_by)
    session.commit()


def remove_part(session: Session, actor: Person, product: Product, dossier: Dossier, part_id: str) -> None:
    """Removes a condition, an accepted risk or an opinion not yet given."""
    _must_be(dossier, DossierState.DRAFT)
    held: tuple[list[Any], ...] = (dossier.conditions, dossier.accepted_risks, dossier.opinions)
    for parts in held:
        part = next((p for p in parts if p.id == part_id), None)
        if part is not None:
            parts.remove(part)
            record(session, actor, "remove_dossier_part", type(part).__name__, product_id=product.id)
            session.commit()
            return
    raise Refusal(_l("Cette ligne a déjà été retirée."))


def ask_reviewer(
    session: Session, actor: Person, product: Product, dossier: Dossier, reviewer_id: str, role: ReviewerRole
) -> None:
    """Names who must give an opinion, and as what."""
    _must_be(dossier, DossierState.DRAFT)
    reviewers = identity.people_with_role(session, Role.REVIEWER, product.id, [i.id for i in product.incubators])
    if reviewer_id not in {p.id for p in reviewers}:
        raise Refusal(
            _l("Cette personne n’a pas le rôle d’avis sur ce produit. Invitez-la depuis la page Équipe."), "reviewer"
        )
    if any(o.reviewer_id == reviewer_id and o.role is role for o in dossier.opinions):
        raise Refusal(_l("Cet avis est déjà demandé."), "reviewer")
    dossier.opinions.append(Opinion(reviewer_id=reviewer_id, role=role, asked_at=clock.now()))
    record(session, actor, "ask_reviewer", role.value, product_id=product.id)
    session.commit()


def missing(session: Session, product: Product, dossier: Dossier) -> list[object]:
    """What the team must still write before others are asked; empty when nothing."""
    lacks = freezing.missing_analysis(session, product)
    if not dossier.perimeter:
        lacks.append(_l("le périmètre"))
    if dossier.authority_id is None:
        lacks.append(_l("l’autorité d’homologation"))
    if not dossier.conditions:
        lacks.append(_l("au moins une condition d’emploi, et comment elle est vérifiée"))
    if not dossier.opinions:
        lacks.append(_l("au moins une personne dont l’avis est demandé"))
    return lacks


def ask_opinions(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    """DRAFT → OPINIONS; each reviewer is written to. Raises `Refusal` while something is missing."""
    _must_be(dossier, DossierState.DRAFT)
    lacks = missing(session, product, dossier)
    if lacks:
        raise Refusal(_l("Il manque : %(what)s.", what=", ".join(str(lack) for lack in lacks)))
    _move(dossier, DossierState.OPINIONS)
    for opinion in dossier.opinions:
        jobs.enqueue(session, "dossier_call", dossier_id=dossier.id, person_id=opinion.reviewer_id, what="opinion")
    record(session, actor, "ask_opinions", f"n° {dossier.number}", product_id=product.id)
    session.commit()


def give_opinion(
    session: Session, actor: Person, product: Product, dossier: Dossier, opinion_id: str, verdict: Verdict, text: str
) -> None:
    """A reviewer's own words. Raises `Refusal` for somebody else's opinion, or one already given."""
    _must_be(dossier, DossierState.OPINIONS)
    opinion = next((o for o in dossier.opinions if o.id == opinion_id), None)
    if opinion is None or opinion.reviewer_id != actor.id:
        raise Refusal(_l("Seule la personne à qui l’avis est demandé peut le donner."))
    if opinion.given_at is not None:
        raise Refusal(_l("Cet avis est déjà donné. L’équipe doit reprendre le dossier pour que vous le changiez."))
    if verdict is not Verdict.FAVOURABLE and not text:
        raise Refusal(_l("Écrivez vos réserves ou vos raisons : l’autorité les lira."), "text")
    opinion.verdict, opinion.text, opinion.given_at = verdict, text, clock.now()
    record(session, actor, "give_opinion", verdict.value, product_id=product.id)
    session.commit()


def transmit(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    """OPINIONS → DECISION: freezes the content, asks for its PDF, writes to the authority."""
    _must_be(dossier, DossierState.OPINIONS)
    waited = [o.reviewer.name for o in dossier.opinions if o.given_at is None]
    if waited:
        raise Refusal(_l("Il manque l’avis de %(names)s.", names=", ".join(waited)))
    _move(dossier, DossierState.DECISION)
    freezing.freeze(session, product, dossier)
    jobs.enqueue(session, "dossier_pdf", dossier_id=dossier.id)
    jobs.enqueue(session, "dossier_call", dossier_id=dossier.id, person_id=dossier.authority_id, what="decision")
    record(
        session, actor, "transmit_dossier", f"n° {dossier.number}", product_id=product.id, sha256=dossier.content_sha256
    )
    session.commit()


def take_back(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    """OPINIONS or DECISION → DRAFT: opinions are asked anew, for they spoke of another text."""
    _must_be(dossier, DossierState.OPINIONS, DossierState.DECISION)
    _move(dossier, DossierState.DRAFT)
    dossier.content = dossier.content_sha256 = dossier.pdf_sha256 = dossier.pdf_of = None
    for opinion in dossier.opinions:
        opinion.verdict, opinion.text, opinion.given_at = None, "", None
    record(session, actor, "take_back_dossier", f"n° {dossier.number}", product_id=product.id)
    session.commit()


def decide(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    *,
    outcome: Outcome,
    months: int | None,
    reservations: str,
    shown_sha256: str,
    today: date,
) -> Decision:
    """The authority's act, on the very content it was shown; begins today. Raises `Refusal`."""
    if dossier.authority_id != actor.id:
        raise Refusal(_l("Seule l’autorité nommée dans le dossier peut décider."))
    _must_be(dossier, DossierState.DECISION)
    if shown_sha256 != dossier.content_sha256:
        raise Refusal(_l("Le dossier a changé depuis que vous l’avez ouvert. Relisez-le avant de décider."))
    if outcome is not Outcome.REFUSED and months not in schedule.DURATIONS:
        raise Refusal(_l("Choisissez une durée."), "months")
    if outcome is Outcome.REFUSED:
        months = None
    if outcome in {Outcome.WITH_RESERVATIONS, Outcome.REFUSED} and not reservations:
        raise Refusal(_l("Écrivez les réserves ou les raisons du refus."), "reservations")
    decision = Decision(
        id=new_id(),
        dossier_id=dossier.id,
        outcome=outcome,
        months=months,
        reservations=reservations,
        decided_on=today,
        expires_on=schedule.expiry(today, months) if months else None,
        decided_by_id=actor.id,
        decided_by=actor.name,
    )
    dossier.decision = decision
    session.add(decision)
    _move(dossier, DossierState.DECIDED)
    freezing.seal_decision(dossier, decision, actor)
    jobs.enqueue(session, "dossier_pdf", dossier_id=dossier.id)
    record(session, actor, "decide", outcome.value, product_id=product.id, sha256=dossier.content_sha256, months=months)
    session.commit()
    return decision


def _move(dossier: Dossier, state: DossierState) -> None:
    dossier.state, dossier.state_since = state, clock.now()


def awaiting_decision(session: Session, person_id: str) -> Sequence[tuple[Dossier, Product]]:
    """Dossiers that wait for this authority, oldest first."""
    rows = session.execute(
        select(Dossier, Product)
        .join(Product, Product.id == Dossier.product_id)
        .where(Dossier.state == DossierState.DECISION, Dossier.authority_id == person_id)
        .order_by(Dossier.state_since)
    )
    return [(dossier, product) for dossier, product in rows]


def awaiting_opinion(session: Session, person_id: str) -> Sequence[tuple[Dossier, Product]]:
    """Dossiers that wait for this reviewer, oldest first."""
    rows = session.execute(
        select(Dossier, Product)
        .join(Product, Product.id == Dossier.product_id)
        .join(Opinion, Opinion.dossier_id == Dossier.id)
        .where(Dossier.state == DossierState.OPINIONS, Opinion.reviewer_id == person_id, Opinion.given_at.is_(None))
        .order_by(Dossier.state_since)
    )
    return [(dossier, product) for dossier, product in rows]


def decisions_by_product(session: Session, product_ids: Sequence[str]) -> dict[str, Decision]:
    """The last decision of each product, by product id."""
    newest = (
        select(Dossier.product_id, func.max(Dossier.number).label("number"))
        .join(Decision, Decision.dossier_id == Dossier.id)
        .where(Dossier.product_id.in_(product_ids))
        .group_by(Dossier.product_id)
        .subquery()
    )
    rows = session.execute(
        select(Dossier.product_id, Decision)
        .join(Decision, Decision.dossier_id == Dossier.id)
        .join(newest, (newest.c.product_id == Dossier.product_id) & (newest.c.number == Dossier.number))
    )
    return {product_id: decision for product_id, decision in rows}  # noqa: C416 - dict() would not see rows as pairs
