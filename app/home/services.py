"""Where a product stands and what is next, for its home page."""

from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.analysis import result_cache, study
from app.analysis import services as analysis
from app.home.journey import decision_state
from app.home.todo import Todo, todo_of
from app.homologation import drift
from app.homologation.models import Decision, Dossier
from app.platform.i18n import language
from app.products.models import Product
from app.renewals import deadlines, standings
from app.renewals.deadlines import Deadline
from reports.figures.matrix import count_needs, draw_matrix
from risk_models.assessment import Assessment
from risk_models.rules.standing import DecisionState, PastDispensation
from risk_models.system import System


@dataclass(frozen=True, slots=True)
class ProductHome:
    """What the home page of a product shows; `last`: the dossier of its last decision, which stands at `decision_state`;
    `dispensation`: the one that holds today."""

    todo: Todo
    system: System
    assessment: Assessment
    deadlines: tuple[Deadline, ...]
    last: Dossier | None
    decision_state: DecisionState | None
    dispensation: PastDispensation | None
    drifted: bool
    matrix: Markup


def read_home(session: Session, product: Product) -> ProductHome:
    """The home of `product`, read anew once something of it changed; a constant number of queries."""
    return result_cache.compute_once(session, product, ("home", language()), lambda: _read_home(session, product))


def _read_home(session: Session, product: Product) -> ProductHome:
    system = analysis.read_system(session, product)
    assessment = analysis.assess_system(system)
    stands = standings.standing_of_product(session, product)
    last, state = stands.last, decision_state(stands)
    decision = last.decision if last and state and state.ends_itself else None
    profile = study.profile_of(session, product.id) if decision and decision.level is not None else None
    return ProductHome(
        todo=todo_of(session, product),
        system=system,
        assessment=assessment,
        deadlines=deadlines.deadlines_of_many(session, [stands])[product.id],
        last=last,
        decision_state=state,
        dispensation=stands.dispensation,
        drifted=bool(decision and _drifted(decision, assessment, profile.level if profile else 0)),
        matrix=draw_matrix(count_needs(assessment), language()),
    )


def _drifted(decision: Decision, assessment: Assessment, level: int) -> bool:
    """Whether the picture that was signed is no longer true: see `homologation.drift`."""
    signed = decision.comparable_loss
    then = assessment.loss if signed is None else signed
    raised = decision.level is not None and level > decision.level
    return drift.count_steps(then, assessment.loss, raised=raised) > 0
