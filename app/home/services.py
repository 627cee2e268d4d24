"""Where a product stands and what is next: one reading of every step, for its home page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _ln
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.analysis import kept, study
from app.analysis import services as analysis
from app.homologation import drift, register
from app.homologation import services as homologation
from app.homologation.models import Decision, Dossier, DossierState, Outcome
from app.mitigations.services import ANSWERED
from app.platform import clock
from app.platform.i18n import day, language
from app.products.models import Product
from app.renewals import deadlines
from app.renewals.deadlines import Deadline
from app.renewals.models import DeadlineKind
from reports.figures.matrix import draw_matrix
from risk_models import schedule
from risk_models.assessment import Assessment
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
class Standing:
    """A product at a glance; `last`: the dossier of its last decision, `decision`: that one where it homologates."""

    track: tuple[TrackStep, ...]
    action: NextAction | None
    waiting: Any
    system: System
    assessment: Assessment
    deadlines: tuple[Deadline, ...]
    decision: Decision | None
    last: Dossier | None
    expires_soon: bool
    expired: bool
    drifted: bool
    matrix: Markup


def standing(session: Session, product: Product) -> Standing:
    """Where `product` stands, read anew once something of it changed; a constant number of queries."""
    return kept.once(session, product, ("standing", language()), lambda: _standing(session, product))


def _standing(session: Session, product: Product) -> Standing:
    system = analysis.read_system(session, product)
    assessment = analysis.assess(system)
    version = analysis.latest_version(session, product.id)
    dossier = homologation.latest(session, product.id)
    last = register.last_dossiers(session, [product.id]).get(product.id)
    ended = _ended(last)
    decision = last.decision if last and not ended else None
    profile = study.profile_of(session, product.id) if decision and decision.level is not None else None
    valid = bool(decision and decision.expires_on and decision.expires_on >= clock.today())
    decided = bool(decision and dossier and dossier.state is DossierState.DECIDED)
    steps = [
        *_described(product, system, assessment, analysed=version is not None),
        ("dossier", decided, _dossier_note(dossier, ended)),
        ("homologated", valid, ended or _homologated_note(decision)),
    ]
    track = _track(steps, dossier)
    owed = deadlines.of_many(session, [product], {product.id: decision} if decision else {})[product.id]
    return Standing(
        track=track,
        action=_to_lift(owed) or _next(track, dossier, last, renewable=bool(last) and (not valid or _soon(decision))),
        waiting=_waiting(dossier),
        system=system,
        assessment=assessment,
        deadlines=owed,
        decision=decision,
        last=last,
        expires_soon=_soon(decision),
        expired=bool(decision and not valid),
        drifted=bool(decision and _drifted(decision, assessment, profile.level if profile else 0)),
        matrix=draw_matrix(assessment.to_dict(), language()),
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
    then = assessment.loss if decision.loss is None else decision.loss
    raised = decision.level is not None and level > decision.level
    return drift.height(then, assessment.loss, raised=raised) > 0


def _ended(last: Dossier | None) -> Any:
    """How the last decision came to nothing, in words; None where it homologates."""
    if last and last.withdrawal:
        return _l("retirée le %(day)s", day=last.withdrawal.withdrawn_on.strftime("%d/%m/%Y"))
    if last and last.decision and last.decision.outcome is Outcome.REFUSED:
        return _l("refusée le %(day)s", day=last.decision.decided_on.strftime("%d/%m/%Y"))
    return None


def _soon(decision: Decision | None) -> bool:
    if decision is None or decision.expires_on is None or decision.months is None:
        return False
    return schedule.is_soon(decision.expires_on, decision.months, clock.today())


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


def _dossier_note(dossier: Dossier | None, ended: Any) -> Any:
    if dossier is None:
        return _l("à ouvrir")
    if dossier.state is DossierState.DECIDED:
        return _l("à refaire") if ended else _l("décidé")
    return _waiting(dossier) or _l("en préparation")


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


def _homologated_note(decision: Decision | None) -> Any:
    if decision is None or decision.expires_on is None:
        return _l("jamais")
    return _l("jusqu’au %(day)s", day=decision.expires_on.strftime("%d/%m/%Y"))


_ACTIONS = {
    "products.team": NextAction(
        _l("Dire qui appeler en cas d’urgence"),
        _l("Quand une faille éclate, il faut joindre en quelques minutes quelqu’un qui peut suspendre le service."),
        5, "products.team", _l("Ajouter un contact"),
    ),
    "inventory.components": NextAction(
        _l("Décrire vos composants"),
        _l("Sans cette liste, personne ne saura dire si une faille vous touche, ni qui doit la corriger."),
        30, "inventory.components", _l("Ajouter des composants"),
    ),
    "analysis.assets": NextAction(
        _l("Dire ce que vous protégez"),
        _l("Le classement des points de faiblesse part de ce que le produit doit protéger."),
        20, "analysis.assets", _l("Nommer une valeur métier"),
    ),
    "analysis.weak_points": NextAction(
        _l("Continuer l’analyse de risques"),
        _l("Relisez les scénarios que votre schéma rend possibles, décidez de chaque risque, puis terminez l’analyse."),
        45, "study.overview", _l("Continuer pas à pas"),
    ),
    "mitigations.measures": NextAction(
        _l("Répondre aux premiers points de faiblesse"),
        _l("Pour chacun, dites ce qui est fait, prévu ou sans objet : le risque qui reste se recalcule aussitôt."),
        20, "mitigations.measures", _l("Choisir les mesures"),
    ),
    "homologation.dossier": NextAction(
        _l("Composer le dossier d’homologation"),
        _l("Tout ce que vous avez saisi y est déjà ; il reste le périmètre, l’autorité et les avis."),
        25, "homologation.dossier", _l("Ouvrir le dossier"),
    ),
}  # fmt: skip


def _next(
    track: tuple[TrackStep, ...], dossier: Dossier | None, last: Dossier | None, *, renewable: bool
) -> NextAction | None:
    """What is asked of the team. Once a product was decided, its next homologation comes before what could be bettered."""
    if last and dossier and dossier.state is DossierState.DRAFT:
        return NextAction(
            _l("Terminer le nouveau dossier"),
            _l("Il reprend le dernier : vérifiez ce qui a changé, puis demandez les avis."),
            30, "homologation.dossier", _l("Continuer le dossier"),
        )  # fmt: skip
    if last and renewable and dossier and dossier.state is DossierState.DECIDED:
        return _again(last)
    for step in track:
        if step.state == "waiting":
            if dossier and dossier.state is DossierState.OPINIONS and all(o.given_at for o in dossier.opinions):
                return NextAction(
                    _l("Transmettre le dossier à l’autorité"),
                    _l("Tous les avis sont rendus : la décision peut être demandée."),
                    2, "homologation.dossier", _l("Ouvrir le dossier"),
                )  # fmt: skip
            return None
        if step.state == "now" and step.endpoint in _ACTIONS:
            return _ACTIONS[step.endpoint]
    return None


def _to_lift(owed: Iterable[Deadline]) -> NextAction | None:
    """What the authority asked comes first in its last month: of it the incubator is told when it is late."""
    month_ahead = schedule.add_months(clock.today(), 1)
    due = next((d for d in owed if d.kind is DeadlineKind.RESERVATION and d.due <= month_ahead), None)
    if due is None:
        return None
    return NextAction(
        _l("Lever les réserves"),
        _l("L’autorité les a demandées pour le %(day)s : faites-le, puis dites comment.", day=day(due.due)),
        2, "homologation.dossier", _l("Ouvrir le dossier"),
    )  # fmt: skip


def _again(last: Dossier) -> NextAction:
    if last.withdrawal:
        title, why = (
            _l("Préparer un nouveau dossier"),
            _l("L’homologation a été retirée : répondez à ce qui l’a fait retirer."),
        )
    elif last.decision and last.decision.outcome is Outcome.REFUSED:
        title, why = (
            _l("Préparer un nouveau dossier"),
            _l("L’homologation a été refusée : répondez aux raisons du refus."),
        )
    else:
        title = _l("Renouveler l’homologation")
        why = _l("Le nouveau dossier reprend le dernier : vérifiez ce qui a changé, puis demandez les avis.")
    return NextAction(title, why, 30, "homologation.dossier", _l("Ouvrir un nouveau dossier"))
