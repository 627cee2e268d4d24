"""Where a product stands and what is next: one reading of every step, for its home page."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _ln
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.analysis import result_cache, study
from app.analysis import services as analysis
from app.homologation import drift, register
from app.homologation.kinds import DossierState
from app.homologation.models import Decision, Dossier
from app.mitigations.services import ANSWERED
from app.platform import clock
from app.platform.i18n import format_day, language
from app.products.models import Product
from app.renewals import deadlines, standings
from app.renewals.deadlines import Deadline
from reports.figures.matrix import count_needs, draw_matrix
from risk_models.assessment import Assessment
from risk_models.rules.standing import DecisionState, NextAct, PastDispensation, ProductState, Standing
from risk_models.system import System

_WEAK_POINTS_TO_ANSWER = 3


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One step of the journey; `state` is done, now, todo or waiting."""

    title: Any
    endpoint: str
    state: str
    note: Any


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

    track: tuple[TrackStep, ...]
    action: NextAction | None
    waiting: Any
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
    version = analysis.latest_version(session, product.id)
    stands = standings.standing_of_product(session, product)
    last, dossier = stands.last, stands.in_hand
    past = register.past_decision(last) if last else None
    state = past.state(clock.today()) if past else None
    decision = last.decision if last and state and state.ends_itself else None
    profile = study.profile_of(session, product.id) if decision and decision.level is not None else None
    ended = _ended(last, state)
    steps = [
        *_described(product, system, assessment, analysed=version is not None),
        ("dossier", decision is not None and dossier is None, _dossier_note(dossier, last, ended)),
        ("homologated", state is not None and state.in_force, _homologated_note(decision, ended, stands.dispensation)),
    ]
    track = _track(steps, dossier)
    return ProductHome(
        track=track,
        action=_next_action(stands.standing, track, last),
        waiting=_waiting(dossier),
        system=system,
        assessment=assessment,
        deadlines=deadlines.deadlines_of_many(session, [stands])[product.id],
        last=last,
        decision_state=state,
        dispensation=stands.dispensation,
        drifted=bool(decision and _drifted(decision, assessment, profile.level if profile else 0)),
        matrix=draw_matrix(count_needs(assessment), language()),
    )


def _described(
    product: Product, system: System, assessment: Assessment, *, analysed: bool
) -> list[tuple[str, bool, Any]]:
    """The steps before the dossier: each with whether it is done, and a note."""
    callers = any(c.can_suspend for c in product.contacts)
    placed = any(a.lives_in for a in system.assets)
    unanswered = _unanswered(system, assessment)
    components, assets, points = len(system.components), len(system.assets), len(unanswered)
    return [
        ("card", True, _l("à jour")),
        ("team", callers, _ln("%(num)d contact", "%(num)d contacts", len(product.contacts))),
        ("components", bool(components), _ln("%(num)d composant", "%(num)d composants", components)),
        ("assets", placed, _ln("%(num)d valeur métier", "%(num)d valeurs métier", assets)),
        ("weak_points", analysed, _l("analyse faite") if analysed else _l("analyse à terminer")),
        (
            "measures",
            bool(system.measures) and not unanswered,
            _ln("%(num)d point sans réponse", "%(num)d points sans réponse", points),
        ),
    ]


def _drifted(decision: Decision, assessment: Assessment, level: int) -> bool:
    """Whether the picture that was signed is no longer true: see `homologation.drift`."""
    signed = decision.comparable_loss
    then = assessment.loss if signed is None else signed
    raised = decision.level is not None and level > decision.level
    return drift.count_steps(then, assessment.loss, raised=raised) > 0


def _ended(last: Dossier | None, state: DecisionState | None) -> Any:
    """How the last decision came to nothing, in words; None where it homologates."""
    if last and last.withdrawal and state is DecisionState.WITHDRAWN:
        return _l("retirée le %(day)s", day=last.withdrawal.withdrawn_on.strftime("%d/%m/%Y"))
    if last and last.decision and state is DecisionState.REFUSED:
        return _l("refusée le %(day)s", day=last.decision.decided_on.strftime("%d/%m/%Y"))
    return None


def _unanswered(system: System, assessment: Assessment) -> list[str]:
    """The first weak points about which no measure was decided."""
    answered = {c for m in system.measures if m.status in ANSWERED for c in m.on}
    first = [w.component for w in assessment.weak_points[:_WEAK_POINTS_TO_ANSWER] if w.loss_avoided > 0]
    return [c for c in first if c not in answered]


_ENDPOINTS = {
    "card": ("products.card", _l("Fiche")),
    "team": ("products.team", _l("Équipe et contacts")),
    "components": ("inventory.components", _l("Composants")),
    "assets": ("analysis.assets", _l("Ce que l’on protège")),
    "weak_points": ("analysis.weak_points", _l("Points de faiblesse")),
    "measures": ("mitigations.measures", _l("Mesures")),
    "dossier": ("homologation.dossier", _l("Dossier")),
    "homologated": ("renewals.deadlines", _l("Homologué")),
}


def _track(steps: list[tuple[str, bool, Any]], dossier: Dossier | None) -> tuple[TrackStep, ...]:
    track, found_now = [], False
    for key, done, note in steps:
        endpoint, title = _ENDPOINTS[key]
        state = "done" if done else "todo"
        if not done and not found_now:
            state, found_now = "now", True
        if key == "dossier" and dossier and dossier.state in {DossierState.OPINIONS, DossierState.DECISION}:
            state = "waiting"
        track.append(TrackStep(title, endpoint, state, note))
    return tuple(track)


def _dossier_note(dossier: Dossier | None, last: Dossier | None, ended: Any) -> Any:
    if dossier:
        return _waiting(dossier) or _l("en préparation")
    if last is None:
        return _l("à ouvrir")
    return _l("à refaire") if ended else _l("décidé")


def _waiting(dossier: Dossier | None) -> Any:
    """Whom the dossier waits for and since when; None when it waits for its team or nobody."""
    if dossier is None or dossier.state not in {DossierState.OPINIONS, DossierState.DECISION}:
        return None
    days = (clock.today() - dossier.state_since.astimezone(clock.PARIS).date()).days
    if dossier.state is DossierState.DECISION:
        if not dossier.has_pdf:
            return _l("transmis : son PDF se prépare")
        names = dossier.authority.name if dossier.authority else ""
    else:
        names = ", ".join(o.reviewer.name for o in dossier.opinions if o.given_at is None)
    if not names:
        return _l("avis rendus : à transmettre à l’autorité")
    if days == 0:
        return _l("attend %(names)s depuis aujourd’hui", names=names)
    return _ln("attend %(names)s depuis %(num)d jour", "attend %(names)s depuis %(num)d jours", days, names=names)


def _homologated_note(decision: Decision | None, ended: Any, dispensation: PastDispensation | None) -> Any:
    in_force = decision and decision.expires_on and decision.expires_on >= clock.today()
    if dispensation and not in_force:
        return _l("dispensé jusqu’au %(day)s", day=dispensation.last_day.strftime("%d/%m/%Y"))
    if ended:
        return ended
    if decision is None or decision.expires_on is None:
        return _l("jamais")
    return _l("jusqu’au %(day)s", day=decision.expires_on.strftime("%d/%m/%Y"))


_ACTIONS = {
    "products.team": NextAction(
        _l("Dire qui appeler en cas d’urgence"),
        _l("Quand une faille éclate, il faut joindre en quelques minutes quelqu’un qui peut suspendre le service."),
        5,
        "products.team",
        _l("Ajouter un contact"),
    ),
    "inventory.components": NextAction(
        _l("Décrire vos composants"),
        _l("Sans cette liste, personne ne saura dire si une faille vous touche, ni qui doit la corriger."),
        30,
        "inventory.components",
        _l("Ajouter des composants"),
    ),
    "analysis.assets": NextAction(
        _l("Dire ce que vous protégez"),
        _l("Le classement des points de faiblesse part de ce que le produit doit protéger."),
        20,
        "analysis.assets",
        _l("Nommer une valeur métier"),
    ),
    "analysis.weak_points": NextAction(
        _l("Continuer l’analyse de risques"),
        _l("Relisez les scénarios que votre schéma rend possibles, décidez de chaque risque, puis terminez l’analyse."),
        45,
        "study.overview",
        _l("Continuer pas à pas"),
    ),
    "mitigations.measures": NextAction(
        _l("Répondre aux premiers points de faiblesse"),
        _l("Pour chacun, dites ce qui est fait, prévu ou sans objet : le risque qui reste se recalcule aussitôt."),
        20,
        "mitigations.measures",
        _l("Choisir les mesures"),
    ),
    "homologation.dossier": NextAction(
        _l("Composer le dossier d’homologation"),
        _l("Tout ce que vous avez saisi y est déjà ; il reste le périmètre, l’autorité et les avis."),
        25,
        "homologation.dossier",
        _l("Ouvrir le dossier"),
    ),
}


def _next_action(standing: Standing, track: tuple[TrackStep, ...], last: Dossier | None) -> NextAction | None:
    """What is asked of the team: the product's next act, or the first step of the way to it that is not done."""
    if standing.act is not None and standing.act.is_of_others:
        return None
    action = _of_act(standing, last)
    if action is not None:
        return action
    return next((_ACTIONS[step.endpoint] for step in track if step.state == "now" and step.endpoint in _ACTIONS), None)


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
