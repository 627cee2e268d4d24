"""The guided analysis: its steps, how far each is, who takes it, what is left to settle."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.kinds import StudyStep
from app.analysis.models import EssentialAsset, FearedEvent
from app.analysis.study_models import RiskScenario, RiskSource, SecurityProfile, StepComment, StepMark
from app.identity.models import Person
from app.inventory.models import Component
from app.journal.actions import Action
from app.journal.services import record
from app.mitigations.models import Measure
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models.rules.proportionality import security_level
from risk_models.scales import SecurityLevel

MINUTES = {
    StudyStep.LEVEL: 5,
    StudyStep.PROTECT: 20,
    StudyStep.FEAR: 15,
    StudyStep.MADE_OF: 20,
    StudyStep.ATTACKERS: 10,
    StudyStep.WEAK: 15,
    StudyStep.DO: 20,
    StudyStep.REMAINS: 10,
}
ENDPOINTS = {
    StudyStep.LEVEL: "study.level",
    StudyStep.PROTECT: "analysis.assets",
    StudyStep.FEAR: "study.fears",
    StudyStep.MADE_OF: "study.made_of",
    StudyStep.ATTACKERS: "study.attackers",
    StudyStep.WEAK: "register.scenarios",
    StudyStep.DO: "mitigations.measures",
    StudyStep.REMAINS: "register.remains",
}
WHY = {
    StudyStep.LEVEL: _l("Cinq questions disent jusqu’où aller : inutile d’en faire trop, ni trop peu."),
    StudyStep.PROTECT: _l("Deux à cinq choses dont la perte ferait du tort aux personnes ou à la mission."),
    StudyStep.FEAR: _l("Le pire, raconté en une phrase, comme un titre de journal."),
    StudyStep.MADE_OF: _l("Les composants, et ceux dont vous dépendez : fournisseurs, partenaires, prestataires."),
    StudyStep.ATTACKERS: _l("Qui aurait intérêt à vous attaquer, et pour quoi faire."),
    StudyStep.WEAK: _l("Les scénarios que votre schéma rend possibles : relisez, corrigez, écartez."),
    StudyStep.DO: _l("Ce qui est fait, prévu ou sans objet, et ce qui le prouve."),
    StudyStep.REMAINS: _l("Pour chaque risque : réduire, transférer, éviter ou accepter. Puis l’analyse est faite."),
}
# Workshops 2 and 3 of EBIOS RM are asked of the advanced approach only (ANSSI's checklist of 2025-10).
_ADVANCED_ONLY = frozenset({StudyStep.ATTACKERS})
_MOST_COMMENTS = 500


@dataclass(frozen=True, slots=True)
class GuideStep:
    step: StudyStep
    minutes: int
    endpoint: str
    why: Any
    optional: bool
    done: bool
    mark: StepMark | None
    comments: tuple[StepComment, ...]

    @property
    def open_comments(self) -> int:
        return sum(c.settled_at is None for c in self.comments)


@dataclass(frozen=True, slots=True)
class Guide:
    """The whole analysis; `current` is the page being shown, where it is one of its steps."""

    steps: tuple[GuideStep, ...]
    current: GuideStep | None
    level: SecurityLevel | None

    @property
    def number(self) -> int:
        return 1 + self.steps.index(self.current) if self.current else 0

    @property
    def following(self) -> GuideStep | None:
        return self.steps[self.number] if self.current and self.number < len(self.steps) else None

    @property
    def before(self) -> GuideStep | None:
        return self.steps[self.number - 2] if self.number > 1 else None

    @property
    def next_to_do(self) -> GuideStep | None:
        return next((s for s in self.steps if not s.done and not s.optional), None)

    @property
    def minutes_left(self) -> int:
        return sum(s.minutes for s in self.steps if not s.done and not s.optional)

    @property
    def done_count(self) -> int:
        return sum(s.done for s in self.steps)


def level_of_profile(profile: SecurityProfile | None) -> SecurityLevel | None:
    """The level in force."""
    return SecurityLevel(profile.level) if profile else None


def computed_level(profile: SecurityProfile) -> SecurityLevel:
    return SecurityLevel(
        security_level(
            data=profile.data,
            volume=profile.volume,
            outage=profile.outage,
            audience=profile.audience,
            openness=profile.openness,
        )
    )


def read_guide(session: Session, product_id: str, current: StudyStep | None = None) -> Guide:
    """Where the analysis of a product stands; a step emptied since it was said to be done is not; four queries."""
    profile = session.get(SecurityProfile, product_id)
    level = level_of_profile(profile)
    marks = {m.step: m for m in session.scalars(select(StepMark).where(StepMark.product_id == product_id))}
    comments: dict[StudyStep, list[StepComment]] = defaultdict(list)
    for comment in session.scalars(
        select(StepComment).where(StepComment.product_id == product_id).order_by(StepComment.at, StepComment.id)
    ):
        comments[comment.step].append(comment)
    empty = empty_steps(session, product_id)
    steps = tuple(
        GuideStep(
            step=step,
            minutes=MINUTES[step],
            endpoint=ENDPOINTS[step],
            why=WHY[step],
            optional=step in _ADVANCED_ONLY and level is not None and level is not SecurityLevel.HIGH,
            done=step not in empty and (step is StudyStep.LEVEL or bool(step in marks and marks[step].done_at)),
            mark=marks.get(step),
            comments=tuple(comments[step]),
        )
        for step in StudyStep
    )
    return Guide(steps, next((s for s in steps if s.step is current), None), level)


def _mark(session: Session, product: Product, step: StudyStep) -> StepMark:
    found = session.get(StepMark, (product.id, step)) or StepMark(product_id=product.id, step=step)
    session.add(found)
    return found


@transaction
def take_step(session: Session, actor: Person, product: Product, step: StudyStep) -> None:
    """Says that `actor` is on this step; says so no more when that was already so."""
    mark = _mark(session, product, step)
    mark.taken_by = "" if mark.taken_by == actor.name else actor.name
    record(session, actor, Action.TAKE_STEP, step.value, product_id=product.id, taken=bool(mark.taken_by))


@transaction
def set_done(session: Session, actor: Person, product: Product, step: StudyStep, *, done: bool) -> None:
    """Says that a step is done, or no longer. Raises `Refusal` for one that holds nothing: it would say what is not."""
    if done and step in empty_steps(session, product.id):
        raise Refusal(_l("Cette étape est encore vide : écrivez-y au moins une ligne avant de la dire terminée."))
    mark = _mark(session, product, step)
    mark.done_by, mark.done_at = (actor.name, clock.now()) if done else ("", None)
    record(session, actor, Action.STEP_DONE if done else Action.STEP_REOPENED, step.value, product_id=product.id)


def empty_steps(session: Session, product_id: str) -> set[StudyStep]:
    """The steps of which nobody wrote anything; scenarios come from what is protected and what it is made of."""
    assets = select(EssentialAsset.id).where(EssentialAsset.product_id == product_id)
    components = select(Component.id).where(Component.product_id == product_id)
    written = {
        StudyStep.LEVEL: select(SecurityProfile.product_id).where(SecurityProfile.product_id == product_id),
        StudyStep.PROTECT: assets,
        StudyStep.FEAR: select(FearedEvent.id).join(EssentialAsset).where(EssentialAsset.product_id == product_id),
        StudyStep.MADE_OF: components,
        StudyStep.ATTACKERS: select(RiskSource.id).where(RiskSource.product_id == product_id),
        StudyStep.WEAK: assets.where(components.exists()),
        StudyStep.DO: select(Measure.id).where(Measure.product_id == product_id),
        StudyStep.REMAINS: select(RiskScenario.id).where(
            RiskScenario.product_id == product_id, RiskScenario.treatment.is_not(None)
        ),
    }
    found = session.execute(select(*(rows.exists() for rows in written.values()))).one()
    return {step for step, held in zip(written, found, strict=True) if not held}


def mark_all_done(session: Session, actor: Person, product: Product) -> None:
    """Every step that holds something is done once the analysis is."""
    empty = empty_steps(session, product.id)
    for step in StudyStep:
        if step in empty:
            continue
        mark = _mark(session, product, step)
        if mark.done_at is None:
            mark.done_by, mark.done_at = actor.name, clock.now()


@transaction
def add_comment(session: Session, actor: Person, product: Product, step: StudyStep, text: str) -> None:
    """Adds a remark to a step; the same one sent twice is kept once. Raises `Refusal`."""
    known = _comments(session, product, step)
    if any(c.by == actor.name and c.text == text and c.settled_at is None for c in known):
        raise Refusal(_l("Cette remarque est déjà là."), "text")
    if len(known) >= _MOST_COMMENTS:
        raise Refusal(_l("Trop de remarques sur cette étape : réglez-en quelques-unes."), "text")
    session.add(StepComment(id=new_id(), product_id=product.id, step=step, text=text, by=actor.name, at=clock.now()))
    record(session, actor, Action.COMMENT, text[:200], product_id=product.id, step=step.value)


def _comments(session: Session, product: Product, step: StudyStep) -> Sequence[StepComment]:
    return session.scalars(
        select(StepComment).where(StepComment.product_id == product.id, StepComment.step == step)
    ).all()


@transaction
def settle_comment(session: Session, actor: Person, product: Product, comment_id: str) -> StepComment:
    found = session.get(StepComment, comment_id)
    if found is None or found.product_id != product.id or found.settled_at is not None:
        raise Refusal(_l("Cette remarque est déjà réglée."))
    found.settled_by, found.settled_at = actor.name, clock.now()
    record(session, actor, Action.SETTLE_COMMENT, found.text[:200], product_id=product.id)
    return found
