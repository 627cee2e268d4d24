"""The journey of a product, from its level to its decision: one list of steps, the same on every page of the product."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _ln
from sqlalchemy.orm import Session

from app.analysis import guide, result_cache
from app.analysis.guide import GuideStep
from app.analysis.kinds import StepState, StudyStep
from app.homologation import register
from app.homologation.kinds import DossierState
from app.homologation.models import Dossier
from app.platform import clock
from app.platform.i18n import format_day, language
from app.products.models import Product
from app.renewals import standings
from app.renewals.standings import ProductStanding
from risk_models.rules.standing import DecisionState


@dataclass(frozen=True, slots=True)
class JourneyPage:
    endpoint: str
    title: Any


@dataclass(frozen=True, slots=True)
class JourneyStep:
    """A step of the journey; the first of `pages` is where it is done.

    `holds`, `lacks`: what it holds, and what it lacks to be done; `waits_for`: whom, and since when; `study`: of a step of
    the analysis, who is on it and what people say about it.
    """

    key: str
    title: Any
    why: Any
    pages: tuple[JourneyPage, ...]
    minutes: int
    state: StepState
    optional: bool
    holds: Any
    lacks: Any
    waits_for: Any
    study: GuideStep | None

    @property
    def asks(self) -> bool:
        """Whether something of it is still to do by the team."""
        return self.state is StepState.TODO and self.lacks is not None and not self.optional


_PASSED = frozenset({StepState.DONE, StepState.SKIPPED})


@dataclass(frozen=True, slots=True)
class Journey:
    steps: tuple[JourneyStep, ...]

    def step(self, key: str) -> JourneyStep:
        return next(s for s in self.steps if s.key == key)

    def number(self, step: JourneyStep) -> int:
        return 1 + self.steps.index(step)

    @property
    def now(self) -> JourneyStep | None:
        """The first step that asks something."""
        return next((s for s in self.steps if s.asks), None)

    def after(self, step: JourneyStep) -> JourneyStep | None:
        """Where to go on to from `step`: the first other step that asks something, past it where it asks something itself."""
        later = self.steps[self.number(step) :] if step.asks else ()
        return next((s for s in (*later, *self.steps) if s.asks and s is not step), None)

    @property
    def waiting(self) -> JourneyStep | None:
        return next((s for s in self.steps if s.state is StepState.WAITING), None)

    @property
    def minutes_left(self) -> int:
        return sum(s.minutes for s in self.steps if s.asks)

    @property
    def deduced_count(self) -> int:
        return sum(s.state is StepState.DEDUCED for s in self.steps)

    @property
    def done_count(self) -> int:
        return sum(s.state in _PASSED for s in self.steps)


_TITLES: dict[str, Any] = {
    StudyStep.LEVEL: _l("Niveau de sécurité"),
    "team": _l("Qui appeler"),
    StudyStep.MADE_OF: _l("De quoi il est fait"),
    StudyStep.PROTECT: _l("Ce que l’on protège"),
    StudyStep.FEAR: _l("Ce que l’on craint"),
    StudyStep.ATTACKERS: _l("Qui pourrait attaquer"),
    StudyStep.WEAK: _l("Où il est faible"),
    StudyStep.DO: _l("Ce que l’on fait"),
    StudyStep.REMAINS: _l("Ce qui reste"),
    "dossier": _l("Dossier"),
    "decision": _l("Décision"),
}
# The first page of a step is where it is done; the others are at hand beside it.
_PAGES: dict[str, tuple[JourneyPage, ...]] = {
    StudyStep.LEVEL: (JourneyPage("study.level", _l("Niveau de sécurité")),),
    "team": (JourneyPage("products.team", _l("Équipe et contacts")),),
    StudyStep.MADE_OF: (
        JourneyPage("inventory.components", _l("Composants")),
        JourneyPage("inventory.drawing", _l("Schéma")),
        JourneyPage("versions.index", _l("Versions")),
        JourneyPage("study.made_of", _l("Parties prenantes")),
        JourneyPage("drafts.new", _l("Lire le dépôt")),
        JourneyPage("sightings.index", _l("Indices des sondes")),
        JourneyPage("commons.of_product", _l("Services communs")),
    ),
    StudyStep.PROTECT: (JourneyPage("analysis.assets", _l("Valeurs métier")),),
    StudyStep.FEAR: (JourneyPage("study.fears", _l("Événements redoutés")),),
    StudyStep.ATTACKERS: (JourneyPage("study.attackers", _l("Sources de risque")),),
    StudyStep.WEAK: (
        JourneyPage("analysis.weak_points", _l("Points de faiblesse")),
        JourneyPage("register.scenarios", _l("Scénarios")),
        JourneyPage("analysis.findings", _l("Constats")),
        JourneyPage("packages.flaws", _l("Failles connues")),
    ),
    StudyStep.DO: (
        JourneyPage("mitigations.measures", _l("Mesures")),
        JourneyPage("plan.index", _l("Plan d’action")),
        JourneyPage("evidence.index", _l("Preuves")),
    ),
    StudyStep.REMAINS: (JourneyPage("register.remains", _l("Registre des risques")),),
    "dossier": (
        JourneyPage("homologation.dossier", _l("Dossiers")),
        JourneyPage("dispensations.index", _l("Dispenses")),
    ),
    "decision": (JourneyPage("renewals.deadlines", _l("Échéances et rappels")),),
}
# What is of no step in particular.
OTHER_PAGES = (
    JourneyPage("products.card", _l("Fiche")),
    JourneyPage("product_file.look", _l("Fichier produit")),
    JourneyPage("journal.entries", _l("Journal")),
)
_TEAM_WHY = _l("Quand une faille éclate, il faut joindre en quelques minutes quelqu’un qui peut suspendre le service.")
_DOSSIER_WHY = _l("Tout ce que vous avez saisi y est déjà ; il reste le périmètre, l’autorité et les avis.")
_DECISION_WHY = _l("L’autorité lit une synthèse, décide et signe ; la décision se renouvelle.")


def journey_of(session: Session, product: Product) -> Journey:
    """The journey of `product`, read anew once something of it changed; a constant number of queries, and no ranking."""
    return result_cache.compute_once(session, product, ("journey", language()), lambda: read_journey(session, product))


def read_journey(session: Session, product: Product) -> Journey:
    stands = standings.standing_of_product(session, product)
    found = {s.step: s for s in guide.read_guide(session, product.id).steps}
    steps: dict[str, JourneyStep] = {step: _of_study(found[step]) for step in StudyStep}
    steps |= {"team": _team(product), "dossier": _dossier(stands), "decision": _decision(stands)}
    return Journey(tuple(steps[key] for key in _TITLES))


def _of_study(found: GuideStep) -> JourneyStep:
    return JourneyStep(
        found.step.value,
        _TITLES[found.step],
        found.why,
        _PAGES[found.step],
        found.minutes,
        found.state,
        found.optional,
        found.holds,
        found.lacks,
        None,
        found,
    )


def _other(key: str, why: Any, minutes: int, state: StepState, holds: Any, lacks: Any, waits_for: Any) -> JourneyStep:
    return JourneyStep(
        key,
        _TITLES[key],
        why,
        _PAGES[key],
        minutes,
        state,
        optional=False,
        holds=holds,
        lacks=lacks,
        waits_for=waits_for,
        study=None,
    )


def _team(product: Product) -> JourneyStep:
    holds = _ln("%(num)d contact", "%(num)d contacts", len(product.contacts))
    if any(c.can_suspend for c in product.contacts):
        return _other("team", _TEAM_WHY, 5, StepState.DONE, holds, None, None)
    lacks = _l("nommer quelqu’un qui peut suspendre le service")
    return _other("team", _TEAM_WHY, 5, StepState.TODO, holds, lacks, None)


def _dossier(stands: ProductStanding) -> JourneyStep:
    minutes, state, holds, lacks, waits_for = _of_dossier(stands)
    return _other("dossier", _DOSSIER_WHY, minutes, state, holds, lacks, waits_for)


def _of_dossier(stands: ProductStanding) -> tuple[int, StepState, Any, Any, Any]:
    dossier, decided = stands.in_hand, decision_state(stands)
    if dossier is None:
        if stands.dispensation or (decided and decided.in_force):
            return 0, StepState.DONE, _l("décidé") if decided and decided.in_force else _l("dispensé"), None, None
        return 25, StepState.TODO, "", _l("ouvrir un nouveau dossier") if stands.last else _l("ouvrir le dossier"), None
    if dossier.state is DossierState.DRAFT:
        return 25, StepState.TODO, _l("en préparation"), _l("composer, puis demander les avis"), None
    if dossier.state is not DossierState.OPINIONS:
        return 0, StepState.DONE, _l("transmis"), None, None
    if all(o.given_at for o in dossier.opinions):
        return 2, StepState.TODO, _l("avis rendus"), _l("transmettre à l’autorité"), None
    return 0, StepState.WAITING, "", None, say_waiting(dossier)


def _decision(stands: ProductStanding) -> JourneyStep:
    state, waits = decision_state(stands), None
    if stands.in_hand and stands.in_hand.state is DossierState.DECISION:
        waits = say_waiting(stands.in_hand)
    holds = _say_decision(stands, state)
    if waits:
        return _other("decision", _DECISION_WHY, 0, StepState.WAITING, holds, None, waits)
    if stands.dispensation or (state and state.in_force):
        return _other("decision", _DECISION_WHY, 0, StepState.DONE, holds, None, None)
    return _other("decision", _DECISION_WHY, 0, StepState.TODO, holds, None, None)


def decision_state(stands: ProductStanding) -> DecisionState | None:
    """Where the last decision stands today; None where there never was one."""
    past = register.past_decision(stands.last) if stands.last else None
    return past.state(clock.today()) if past else None


def _say_decision(stands: ProductStanding, state: DecisionState | None) -> Any:
    last = stands.last
    if stands.dispensation and not (state and state.in_force):
        return _l("dispensé jusqu’au %(day)s", day=format_day(stands.dispensation.last_day))
    if last is None or last.decision is None or state is None:
        return ""
    if state is DecisionState.WITHDRAWN and last.withdrawal:
        return _l("retirée le %(day)s", day=format_day(last.withdrawal.withdrawn_on))
    if state is DecisionState.REFUSED or last.decision.expires_on is None:
        return _l("refusée le %(day)s", day=format_day(last.decision.decided_on))
    until = format_day(last.decision.expires_on)
    return _l("jusqu’au %(day)s", day=until) if state.in_force else _l("expirée le %(day)s", day=until)


def say_waiting(dossier: Dossier) -> Any:
    """Whom a dossier that left its team waits for, and since when."""
    days = (clock.today() - dossier.state_since.astimezone(clock.PARIS).date()).days
    if dossier.state is DossierState.DECISION:
        if not dossier.has_pdf:
            return _l("transmis : son PDF se prépare")
        names = dossier.authority.name if dossier.authority else ""
    else:
        names = ", ".join(o.reviewer.name for o in dossier.opinions if o.given_at is None)
    if days == 0:
        return _l("attend %(names)s depuis aujourd’hui", names=names)
    return _ln("attend %(names)s depuis %(num)d jour", "attend %(names)s depuis %(num)d jours", days, names=names)
