"""The guided analysis: its steps, how far the content of each is, who takes it, what is left to settle."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _ln
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.analysis.kinds import StepState, StudyStep
from app.analysis.models import AnalysisVersion, EssentialAsset, FearedEvent
from app.analysis.study_models import RiskSource, SecurityProfile, StepComment, StepMark
from app.identity.models import Person
from app.inventory.models import Component
from app.journal.actions import Action
from app.journal.services import record
from app.mitigations.models import Measure
from app.platform import clock
from app.platform.database import new_id
from app.platform.i18n import word
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models.rules.proportionality import security_level
from risk_models.scales import MeasureStatus, SecurityLevel

MINUTES = {
    StudyStep.LEVEL: 5,
    StudyStep.MADE_OF: 20,
    StudyStep.PROTECT: 20,
    StudyStep.FEAR: 15,
    StudyStep.ATTACKERS: 10,
    StudyStep.WEAK: 15,
    StudyStep.DO: 20,
    StudyStep.REMAINS: 10,
}
ENDPOINTS = {
    StudyStep.LEVEL: "study.level",
    StudyStep.MADE_OF: "inventory.components",
    StudyStep.PROTECT: "analysis.assets",
    StudyStep.FEAR: "study.fears",
    StudyStep.ATTACKERS: "study.attackers",
    StudyStep.WEAK: "analysis.weak_points",
    StudyStep.DO: "mitigations.measures",
    StudyStep.REMAINS: "register.remains",
}
WHY = {
    StudyStep.LEVEL: _l("Cinq questions disent jusqu’où aller : inutile d’en faire trop, ni trop peu."),
    StudyStep.MADE_OF: _l("Les composants, et ceux dont vous dépendez : fournisseurs, partenaires, prestataires."),
    StudyStep.PROTECT: _l("Deux à cinq choses dont la perte ferait du tort aux personnes ou à la mission."),
    StudyStep.FEAR: _l("Le pire, raconté en une phrase, comme un titre de journal."),
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
    """A step as its content makes it: what it holds, and what it lacks to be done, both in words."""

    step: StudyStep
    state: StepState
    optional: bool
    holds: Any
    lacks: Any
    taken_by: str
    comments: tuple[StepComment, ...]

    @property
    def minutes(self) -> int:
        return MINUTES[self.step]

    @property
    def endpoint(self) -> str:
        return ENDPOINTS[self.step]

    @property
    def why(self) -> Any:
        return WHY[self.step]

    @property
    def open_comments(self) -> int:
        return sum(c.settled_at is None for c in self.comments)


@dataclass(frozen=True, slots=True)
class Guide:
    """The whole analysis."""

    steps: tuple[GuideStep, ...]
    level: SecurityLevel | None


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


def read_guide(session: Session, product_id: str) -> Guide:
    """Where the analysis of a product stands; four queries."""
    profile = session.get(SecurityProfile, product_id)
    level = level_of_profile(profile)
    marks = {m.step: m for m in session.scalars(select(StepMark).where(StepMark.product_id == product_id))}
    comments: dict[StudyStep, list[StepComment]] = defaultdict(list)
    for comment in session.scalars(
        select(StepComment).where(StepComment.product_id == product_id).order_by(StepComment.at, StepComment.id)
    ):
        comments[comment.step].append(comment)
    written = _count_written(session, product_id)
    contents, finished = _contents(written, level), bool(written.version)
    return Guide(
        tuple(
            _step(step, level, contents[step], marks.get(step), tuple(comments[step]), finished=finished)
            for step in StudyStep
        ),
        level,
    )


def _step(
    step: StudyStep,
    level: SecurityLevel | None,
    content: tuple[Any, Any],
    mark: StepMark | None,
    comments: tuple[StepComment, ...],
    *,
    finished: bool,
) -> GuideStep:
    """`finished`: a version of the analysis was declared done, which alone says that the answers are all there."""
    holds, lacks = content
    optional = is_optional(step, level)
    if step is StudyStep.WEAK:  # nobody is asked anything
        state, lacks = StepState.TODO if lacks else StepState.DEDUCED, None
    elif lacks is None:
        state = StepState.DONE if step is not StudyStep.DO or finished else StepState.STARTED
    else:
        state = StepState.SKIPPED if optional and mark and mark.skipped_at else StepState.TODO
    return GuideStep(step, state, optional, holds, lacks, mark.taken_by if mark else "", comments)


def is_optional(step: StudyStep, level: SecurityLevel | None) -> bool:
    """Whether a product of this level may pass `step`; nothing is optional while its level is not known."""
    return step in _ADVANCED_ONLY and level is not None and level is not SecurityLevel.HIGH


@dataclass(frozen=True, slots=True)
class _Written:
    """How many of each thing a product holds; `unplaced`: assets that live in no component; `version`: the last one."""

    assets: int
    unplaced: int
    fears: int
    components: int
    sources: int
    answers: int
    undecided: int
    version: int


def _count_written(session: Session, product_id: str) -> _Written:
    def count(table: Any, *tests: Any) -> Any:
        return select(func.count()).select_from(table).where(table.product_id == product_id, *tests).scalar_subquery()

    fears = select(func.count()).select_from(FearedEvent).join(EssentialAsset)
    return _Written(
        *session.execute(
            select(
                count(EssentialAsset),
                count(EssentialAsset, ~EssentialAsset.lives_in.any()),
                fears.where(EssentialAsset.product_id == product_id).scalar_subquery(),
                count(Component),
                count(RiskSource),
                count(Measure, Measure.status != MeasureStatus.TO_DO),
                count(Measure, Measure.status == MeasureStatus.TO_DO),
                select(func.coalesce(func.max(AnalysisVersion.number), 0))
                .where(AnalysisVersion.product_id == product_id)
                .scalar_subquery(),
            )
        ).one()
    )


def _contents(n: _Written, level: SecurityLevel | None) -> dict[StudyStep, tuple[Any, Any]]:
    """By step, what it holds and what it lacks, None where it lacks nothing."""
    return {
        StudyStep.LEVEL: (
            _l("niveau %(level)s", level=word(level).lower()) if level else "",
            None if level else _l("répondre aux cinq questions"),
        ),
        StudyStep.MADE_OF: (
            _ln("%(num)d composant", "%(num)d composants", n.components),
            None if n.components else _l("décrire un composant"),
        ),
        StudyStep.PROTECT: (_ln("%(num)d valeur métier", "%(num)d valeurs métier", n.assets), _lacks_of_assets(n)),
        StudyStep.FEAR: (
            _ln("%(num)d événement redouté", "%(num)d événements redoutés", n.fears),
            None if n.fears else _l("raconter le pire en une phrase"),
        ),
        StudyStep.ATTACKERS: (
            _ln("%(num)d source de risque", "%(num)d sources de risque", n.sources),
            None if n.sources else _l("retenir ou écarter une source de risque"),
        ),
        StudyStep.WEAK: ("", _lacks_of_assets(n)),
        StudyStep.DO: (_ln("%(num)d réponse", "%(num)d réponses", n.answers), _lacks_of_answers(n)),
        StudyStep.REMAINS: (
            _l("version %(number)d", number=n.version) if n.version else "",
            None if n.version else _l("décider de chaque risque fort s’il en reste, puis terminer l’analyse"),
        ),
    }


def _lacks_of_assets(n: _Written) -> Any:
    if not n.assets:
        return _l("nommer une chose à protéger")
    if n.unplaced:
        return _ln(
            "dire dans quel composant vit %(num)d chose à protéger",
            "dire dans quels composants vivent %(num)d choses à protéger",
            n.unplaced,
        )
    return None


def _lacks_of_answers(n: _Written) -> Any:
    if n.undecided:
        return _ln("décider de %(num)d mesure absente", "décider de %(num)d mesures absentes", n.undecided)
    return None if n.answers else _l("dire ce qui est fait, prévu ou sans objet")


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
def skip_step(session: Session, actor: Person, product: Product, step: StudyStep) -> None:
    """Passes a step that the product's level does not ask; no longer when it already was. Raises `Refusal` for others."""
    if not is_optional(step, level_of_profile(session.get(SecurityProfile, product.id))):
        raise Refusal(_l("Cette étape est demandée à votre niveau de sécurité : elle ne se passe pas."))
    mark = _mark(session, product, step)
    skipped = mark.skipped_at is None
    mark.skipped_by, mark.skipped_at = (actor.name, clock.now()) if skipped else ("", None)
    record(session, actor, Action.SKIP_STEP, step.value, product_id=product.id, skipped=skipped)


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
