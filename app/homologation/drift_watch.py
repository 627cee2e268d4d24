"""The drift watched each day: once the signed picture is no longer true, its people are told, once for each height.

Both are weighed under today's model: what was signed is weighed again when the model changes, and keeps its own figures.

What came back to the signed picture is forgotten, so that the next time is told too; the journal keeps both.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.analysis.study_models import SecurityProfile
from app.homologation import drift, register
from app.homologation.jobs import TellDrift
from app.homologation.models import Decision, Dossier, DriftNotice, SignedLoss
from app.identity import services as identity
from app.identity.kinds import Role
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.mitigations.models import LossPoint
from app.platform import clock, jobs, mail_templates
from app.platform.database import Database
from app.platform.links import link_to
from app.platform.logs import get_logger
from app.products.models import Product
from reports import dossier as content
from risk_models import catalogue

_AT_ONCE = 20


def watch_drift(database: Database) -> None:
    """Compares today's noted losses and levels with what was signed; few rows come back, and each is told once."""
    with database.reading() as session:
        found, over = _drifted(session), _over(session)
    if found or over:
        with database.writing() as session:
            session.execute(delete(DriftNotice).where(DriftNotice.dossier_id.in_(over)))
            for row in found:
                _notice(session, *row)


def _drifted(session: Session) -> list[tuple[str, int, float, float, bool]]:
    """(dossier, height, loss then, loss now, level raised) of what passed a threshold that nobody was told of."""
    told = (
        select(func.max(DriftNotice.height))
        .where(DriftNotice.dossier_id == Dossier.id, DriftNotice.model == catalogue.model().version)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Dossier.id,
            Dossier.product_id,
            SignedLoss.loss,
            LossPoint.loss,
            SecurityProfile.level > Decision.level,
            func.coalesce(told, 0),
        )
        .join(Decision, Decision.dossier_id == Dossier.id)
        .join(SignedLoss, SignedLoss.dossier_id == Dossier.id)
        .join(LossPoint, LossPoint.product_id == Dossier.product_id)
        .outerjoin(SecurityProfile, SecurityProfile.product_id == Dossier.product_id)
        .where(
            *_of_one_model(),
            LossPoint.day == clock.today(),
            LossPoint.noted_at > Dossier.state_since,  # what was noted before the signature says nothing of after
            (LossPoint.loss >= SignedLoss.loss + drift.LEAST) | (SecurityProfile.level > Decision.level),
        )
    )
    found = []
    for dossier_id, product_id, then, now, raised, known in rows:
        height = drift.count_steps(then, now, raised=bool(raised))
        current = register.dossier_in_force(session, product_id)
        if height > known and current is not None and current.id == dossier_id:
            found.append((dossier_id, height, then, now, bool(raised)))
    return found


def _over(session: Session) -> list[str]:
    """The dossiers of which somebody was told, and whose picture is true again by a loss noted since."""
    rows = session.execute(
        select(Dossier.id, SignedLoss.loss, LossPoint.loss, SecurityProfile.level > Decision.level)
        .join(Decision, Decision.dossier_id == Dossier.id)
        .join(SignedLoss, SignedLoss.dossier_id == Dossier.id)
        .join(DriftNotice, DriftNotice.dossier_id == Dossier.id)
        .join(LossPoint, LossPoint.product_id == Dossier.product_id)
        .outerjoin(SecurityProfile, SecurityProfile.product_id == Dossier.product_id)
        .where(*_of_one_model(), LossPoint.day == clock.today(), LossPoint.noted_at > DriftNotice.noted_at)
    )
    return [i for i, then, now, raised in rows if not drift.count_steps(then or 0.0, now, raised=bool(raised))]


def _of_one_model() -> tuple[ColumnElement[bool], ...]:
    """Both losses under today's model: what a new model says anew of an unchanged product is no drift."""
    version = catalogue.model().version
    return SignedLoss.model == version, LossPoint.model == version, SignedLoss.loss.is_not(None)


def reweigh_decisions(database: Database) -> None:
    """Weighs under today's model what was signed, once for each model, a few at each sweep, the newest first."""
    version = catalogue.model().version
    with database.reading() as session:
        wanted = session.execute(
            select(Dossier.id, Dossier.content)
            .join(Decision, Decision.dossier_id == Dossier.id)
            .outerjoin(SignedLoss, SignedLoss.dossier_id == Dossier.id)
            .where(Decision.loss.is_not(None), SignedLoss.model.is_(None) | (SignedLoss.model != version))
            .order_by(Decision.decided_on.desc(), Dossier.id)
            .limit(_AT_ONCE)
        ).all()
    if wanted:
        weighed = [SignedLoss(dossier_id=i, model=version, loss=_loss_signed(i, text or "")) for i, text in wanted]
        with database.writing() as session:
            for row in weighed:
                session.merge(row)


def _loss_signed(dossier_id: str, text: str) -> float | None:
    """None for a content that this version cannot read, which keeps no other waiting."""
    try:
        return drift.loss_signed(content.loads(text))
    except (ValueError, KeyError, TypeError):
        get_logger().exception("a signed content cannot be weighed", dossier=dossier_id)
        return None


def _notice(session: Session, dossier_id: str, height: int, then: float, now: float, raised: bool) -> None:  # noqa: FBT001
    known = session.scalar(
        select(DriftNotice.id).where(
            DriftNotice.dossier_id == dossier_id,
            DriftNotice.height >= height,
            DriftNotice.model == catalogue.model().version,
        )
    )
    if known:
        return
    told_on = _forget_other_models(session, dossier_id)
    session.add(
        DriftNotice(
            dossier_id=dossier_id,
            height=height,
            model=catalogue.model().version,
            noted_at=told_on or clock.now(),
            loss_then=then,
            loss_now=now,
        )
    )
    if told_on:
        return  # the same drift, counted anew under another model: from here on, what grows is told
    dossier = session.get_one(Dossier, dossier_id, options=[joinedload(Dossier.authority)])
    product = session.get_one(Product, dossier.product_id, options=[selectinload(Product.incubators)])
    for person in _told(session, dossier, product):
        at = clock.now().isoformat()
        jobs.enqueue(session, TellDrift(dossier_id, person.id, height, at, then, now, raised))
    record(
        session, None, Action.DRIFT, f"n° {dossier.number}", product_id=product.id, height=height, then=then, now=now
    )


def _forget_other_models(session: Session, dossier_id: str) -> datetime | None:
    """Forgets what was counted under other models, and gives the last instant at which people were told of it."""
    version = catalogue.model().version
    of_others = DriftNotice.dossier_id == dossier_id, DriftNotice.model.is_(None) | (DriftNotice.model != version)
    told_on = session.scalar(
        select(DriftNotice.noted_at).where(*of_others).order_by(DriftNotice.noted_at.desc()).limit(1)
    )
    session.execute(delete(DriftNotice).where(*of_others))
    return told_on


def _told(session: Session, dossier: Dossier, product: Product) -> list[Person]:
    """The team, which can renew; the incubator and the authority, who must know."""
    incubators = [i.id for i in product.incubators]
    people = [
        *identity.people_with_role(session, Role.TEAM_MEMBER, product.id, incubators),
        *identity.people_with_role(session, Role.INCUBATOR_MEMBER, product.id, incubators),
        *([dossier.authority] if dossier.authority else []),
    ]
    return list({person.id: person for person in people}.values())


def tell_drift(database: Database, task: TellDrift) -> None:
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
        dossier = session.get_one(Dossier, task.dossier_id, options=[joinedload(Dossier.decision)])
        product = session.get_one(Product, dossier.product_id)
    mail_templates.send_letter(
        mail_templates.compose_letter(
            "drift",
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id("drift", dossier.id, str(task.height), task.at, person.id),
            person=person,
            product=product,
            decision=dossier.decision,
            then=task.then,
            now=task.now,
            raised=task.raised,
            grown=drift.count_steps(task.then, task.now) > 0,
            link=link_to("homologation.since", slug=product.slug, number=dossier.number),
        )
    )


def latest_notice(session: Session, dossier_id: str) -> DriftNotice | None:
    return session.scalar(
        select(DriftNotice).where(DriftNotice.dossier_id == dossier_id).order_by(DriftNotice.height.desc()).limit(1)
    )
