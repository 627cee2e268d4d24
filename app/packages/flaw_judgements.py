"""Judging a match: a person says whether a flaw concerns the product, why, and until when."""

from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.packages.kinds import FlawState, Justification
from app.packages.matching import Match, is_judgement_of, matches_of
from app.packages.models import Judgement
from app.platform import clock
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product

LONGEST_ACCEPTANCE = timedelta(days=366)


def match_of(session: Session, product_id: str, ref: str, package: str, version: str, flaw: str) -> Match | None:
    wanted = (ref, package, version)
    found = matches_of(session, [product_id])[product_id]
    return next((m for m in found if (m.component_ref, m.package, m.version) == wanted and flaw in m.names), None)


def is_acceptance_bounded(state: FlawState, until: date | None) -> bool:
    """Whether what is said, where it accepts a flaw, ends within the year."""
    if state is not FlawState.ACCEPTED:
        return True
    return until is not None and clock.today() < until <= clock.today() + LONGEST_ACCEPTANCE


@transaction
def judge_flaw(
    session: Session,
    actor: Person,
    product: Product,
    match: Match,
    *,
    state: FlawState,
    justification: Justification | None,
    reason: str,
    until: date | None,
) -> None:
    """Keeps what `actor` says of `match`; it holds while the version and the ranges stay. Raises `Refusal`."""
    if state is FlawState.NOT_AFFECTED and justification is None:
        raise Refusal(_l("Dites pourquoi le produit n’est pas concerné."), "justification")
    if not is_acceptance_bounded(state, until):
        raise Refusal(
            _l("Donnez une date de fin, dans un an au plus : un risque ne s’accepte pas pour toujours."), "until"
        )
    judgement = keep_judgement(
        session, actor, match, state=state, justification=justification, reason=reason, until=until
    )
    record(
        session,
        actor,
        Action.JUDGE_FLAW,
        f"{match.flaw} – {match.component}",
        product_id=product.id,
        state=state.value,
        justification=judgement.justification.value if judgement.justification else "",
        reason=reason[:500],
    )


def keep_judgement(
    session: Session,
    actor: Person,
    match: Match,
    *,
    state: FlawState,
    justification: Justification | None,
    reason: str,
    until: date | None,
) -> Judgement:
    """Writes the judgement of `match`."""
    known = select(Judgement).where(
        Judgement.component_id == match.component_id,
        Judgement.package == match.package,
        Judgement.version == match.version,
    )
    same = [j for j in session.scalars(known.order_by(Judgement.judged_at.desc())) if is_judgement_of(j, match.names)]
    judgement = next(iter(same), None) or Judgement(
        component_id=match.component_id, package=match.package, flaw=match.flaw, version=match.version
    )
    judgement.names = sorted({*judgement.names, *match.names} if same else match.names)
    judgement.ranges = match.ranges
    judgement.state, judgement.reason = state, reason
    judgement.justification = justification if state is FlawState.NOT_AFFECTED else None
    judgement.until = until if state is FlawState.ACCEPTED else None
    judgement.judged_by, judgement.judged_at = actor.name, clock.now()
    session.add(judgement)
    return judgement
