"""Where a product stands and what is next, for its home page."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.analysis import result_cache, study
from app.analysis import services as analysis
from app.analysis.kinds import StudyStep
from app.home.journey import Journey, JourneyStep, decision_state, read_journey
from app.homologation import drift
from app.homologation.models import Decision, Dossier
from app.platform.i18n import format_day, language
from app.products.models import Product
from app.renewals import deadlines, standings
from app.renewals.deadlines import Deadline
from reports.figures.matrix import count_needs, draw_matrix
from risk_models.assessment import Assessment
from risk_models.rules.standing import DecisionState, NextAct, PastDispensation, ProductState, Standing
from risk_models.system import System


@dataclass(frozen=True, slots=True)
class NextAction:
    """The one thing to do: why, how many minutes, where."""

    title: Any
    why: Any
    minutes: int
    endpoint: str
    label: Any


@dataclass(frozen=True, slots=True)
class ProductHome:
    """What the home page of a product shows; `last`: the dossier of its last decision, which stands at `decision_state`;
    `dispensation`: the one that holds today."""

    journey: Journey
    action: NextAction | None
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
    journey = read_journey(session, product, stands)
    return ProductHome(
        journey=journey,
        action=_next_action(stands.standing, journey, last),
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


_LABELS = {
    StudyStep.LEVEL: _l("Répondre aux cinq questions"),
    "team": _l("Ajouter un contact"),
    StudyStep.PROTECT: _l("Nommer une valeur métier"),
    StudyStep.FEAR: _l("Raconter le pire"),
    StudyStep.MADE_OF: _l("Ajouter des composants"),
    StudyStep.ATTACKERS: _l("Retenir des sources de risque"),
    StudyStep.DO: _l("Choisir les mesures"),
    StudyStep.REMAINS: _l("Décider de chaque risque"),
    "dossier": _l("Ouvrir le dossier"),
}


def _next_action(standing: Standing, journey: Journey, last: Dossier | None) -> NextAction | None:
    """What is asked of the team: the product's next act, or the first step of the way to it that asks something."""
    if standing.act is not None and standing.act.is_of_others:
        return None
    return _of_act(standing, last) or (_of_step(journey.now) if journey.now else None)


def _of_step(step: JourneyStep) -> NextAction:
    return NextAction(step.title, step.why, step.minutes, step.pages[0].endpoint, _LABELS[step.key])


def _of_act(standing: Standing, last: Dossier | None) -> NextAction | None:
    """None for the acts that the steps of the track lead to."""
    if standing.act is NextAct.LIFT_RESERVATIONS and standing.act_due:
        asked_for = _l(
            "L’autorité les a demandées pour le %(day)s : faites-le, puis dites comment.",
            day=format_day(standing.act_due),
        )
        return NextAction(_l("Lever les réserves"), asked_for, 2, "homologation.dossier", _l("Ouvrir le dossier"))
    if standing.state is ProductState.DISPENSED and standing.act in (NextAct.HOMOLOGATE_AGAIN, NextAct.RENEW):
        return _new_dossier(
            _l("Préparer un nouveau dossier"),
            _l(
                "La dispense se termine le %(day)s : le produit est à homologuer d’ici là.",
                day=format_day(standing.day),
            ),
        )
    if standing.act is NextAct.HOMOLOGATE_AGAIN:
        withdrawn = standing.state is ProductState.WITHDRAWN
        return _new_dossier(
            _l("Préparer un nouveau dossier"),
            _l("L’homologation a été retirée : répondez à ce qui l’a fait retirer.")
            if withdrawn
            else _l("L’homologation a été refusée : répondez aux raisons du refus."),
        )
    if standing.act is NextAct.FINISH_DOSSIER and last is None:
        return None
    return _OF_ACTS.get(standing.act) if standing.act else None


def _new_dossier(title: Any, why: Any) -> NextAction:
    return NextAction(title, why, 30, "homologation.dossier", _l("Ouvrir un nouveau dossier"))


_OF_ACTS = {
    NextAct.TRANSMIT: NextAction(
        _l("Transmettre le dossier à l’autorité"),
        _l("Tous les avis sont rendus : la décision peut être demandée."),
        2,
        "homologation.dossier",
        _l("Ouvrir le dossier"),
    ),
    NextAct.FINISH_DOSSIER: NextAction(
        _l("Terminer le nouveau dossier"),
        _l("Il reprend le dernier : vérifiez ce qui a changé, puis demandez les avis."),
        30,
        "homologation.dossier",
        _l("Continuer le dossier"),
    ),
    NextAct.RENEW: _new_dossier(
        _l("Renouveler l’homologation"),
        _l("Le nouveau dossier reprend le dernier : vérifiez ce qui a changé, puis demandez les avis."),
    ),
}
