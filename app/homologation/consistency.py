"""What a dossier says against itself, found before it is frozen: contradictions stop it, doubts go to its authority."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from app.homologation.pieces import PERSONAL, is_personal
from app.platform.i18n import language
from reports.frozen import FrozenDossier
from reports.frozen_decision import FrozenDoubt
from risk_models import catalogue
from risk_models.rules import limits, schedule
from risk_models.rules.evidence import SAYS_NO
from risk_models.scales import (
    CLAIMED,
    STILL_TO_DO,
    VERSIONLESS,
    ComponentKind,
    DataSensitivity,
    Exposure,
    MeasureStatus,
    Patcher,
    ProofState,
    RiskLevel,
    Treatment,
)
from risk_models.study import StudiedScenario
from risk_models.system import Measure

# What a dossier may leave without a version: their own, or that of a publisher.
_NO_VERSION = VERSIONLESS | {
    ComponentKind.NETWORK,
    ComponentKind.FORGE,
    ComponentKind.CI,
    ComponentKind.REGISTRY,
    ComponentKind.CDN,
    ComponentKind.OTHER,
}


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """`what` names the thing; `page` is the endpoint where it is mended; one that `stops` must be mended first."""

    rule: str
    what: str
    page: str
    stops: bool

    def sentence(self, language: str) -> str:
        return catalogue.sentence("inconsistencies", self.rule, language, what=self.what)

    def as_doubt(self) -> FrozenDoubt:
        return FrozenDoubt(self.rule, self.what, self.stops)


def check_content(content: FrozenDossier) -> list[Inconsistency]:
    """Every rule on `content`, as it would be frozen on its own date: what stops it first."""
    found = [
        Inconsistency(rule, what.rstrip("."), page, stops)  # it ends a sentence of ours
        for rule, (stops, page, look) in RULES.items()
        for what in dict.fromkeys(look(content))
    ]
    return sorted(found, key=lambda i: not i.stops)


def _end(c: FrozenDossier) -> date:
    return schedule.expiry_day(c.frozen_on, c.requested_months)


def _before(c: FrozenDossier, months: int) -> date:
    return schedule.add_months(c.frozen_on, -months)


def _kept(c: FrozenDossier) -> Iterator[StudiedScenario]:
    """The scenarios of the register that nobody set aside."""
    return (line for line in (c.study.register if c.study else ()) if line.kept)


def _accepted(c: FrozenDossier) -> Iterator[StudiedScenario]:
    return (line for line in _kept(c) if line.treatment is Treatment.ACCEPT)


def _high(c: FrozenDossier) -> Iterator[StudiedScenario]:
    return (line for line in _kept(c) if line.risk is RiskLevel.HIGH)


def _told(c: FrozenDossier, line: StudiedScenario) -> str:
    names = {a.id: a.name for a in c.system.assets}
    need = catalogue.word(line.need, language()).lower() if line.need else ""
    return line.story or f"{names.get(line.asset, line.asset)} ({need})"


def _measures(c: FrozenDossier, *statuses: MeasureStatus) -> Iterator[Measure]:
    """The team's own measures; what a common service brings is its business."""
    return (m for m in c.system.measures if m.status in statuses and not m.inherited_from)


def _named(measure: Measure) -> str:
    kind = catalogue.measures().get(measure.measure)
    return kind.name.in_(language()) if kind else measure.measure


def _worse_views(c: FrozenDossier) -> Iterator[str]:
    names = {a.id: a.name for a in c.system.assets}
    now = {(a.id, a.need): a.likelihood for a in c.assessment.assets}
    for after in c.assessment.residual_assets:
        if after.likelihood > now.get((after.id, after.need), 1.0) + 1e-9:
            yield names.get(after.id, after.id)


def _alone(c: FrozenDossier) -> Iterator[str]:
    linked = {end for link in c.system.links for end in (link.source, link.target)}
    return (x.name for x in c.system.components if x.id not in linked)


def _unfeared(c: FrozenDossier) -> Iterator[str]:
    feared = {e.asset for e in c.feared_events}
    return (a.name for a in c.system.assets if a.id not in feared)


def _plan_for_high(c: FrozenDossier) -> Iterator[str]:
    if not any(_measures(c, *STILL_TO_DO)):
        yield from (_told(c, x) for x in _high(c) if x.treatment is Treatment.REDUCE)


def _personal_without_dpo(c: FrozenDossier) -> Iterator[str]:
    if is_personal(c) and not any(o.role == "dpo" and o.set_aside_on is None for o in c.opinions):
        yield "DPO"


def _more_personal_than_said(c: FrozenDossier) -> Iterator[str]:
    """Components that hold personal data where the questionnaire says that there is none."""
    level = c.study.level if c.study else None
    if level and level.answers.data < DataSensitivity.PERSONAL:
        yield from (x.name for x in c.system.components if not PERSONAL.isdisjoint(x.data))


def _ended(c: FrozenDossier) -> Iterator[str]:
    for component in c.system.components:
        if component.eol and component.eol.is_past(c.frozen_on):
            yield f"{component.name}, {component.eol.date}" if component.eol.date else component.name


def exploited_in(c: FrozenDossier) -> Iterator[str]:
    """Component and id of each flaw known to be exploited."""
    for component in c.system.components:
        for flaw in component.vulnerabilities:
            if flaw.kev:
                yield f"{component.name}, {flaw.id}"


def _high_for_long(c: FrozenDossier) -> Iterator[str]:
    if c.requested_months > limits.LONG_WITH_STRONG_RISK_MONTHS:
        yield from (_told(c, x) for x in _high(c) if x.treatment not in {Treatment.AVOID, Treatment.TRANSFER})


def _of_dossier(c: FrozenDossier) -> Iterator[tuple[str, date]]:
    """The risks accepted in the dossier, each with its last day."""
    return ((risk.text, risk.until) for risk in c.accepted_risks)


def _of_register(c: FrozenDossier) -> Iterator[tuple[str, date]]:
    """Those accepted in the register of scenarios."""
    return ((_told(c, line), line.accepted_until) for line in _accepted(c) if line.accepted_until)


def _expired(accepted: Iterator[tuple[str, date]], c: FrozenDossier) -> list[str]:
    return [text for text, until in accepted if until < c.frozen_on]


def _ends_before(accepted: Iterator[tuple[str, date]], c: FrozenDossier) -> list[str]:
    return [text for text, until in accepted if c.frozen_on <= until < _end(c)]


def _changes_since(c: FrozenDossier) -> list[str]:
    return [str(c.analysis.changes_since)] if c.analysis and c.analysis.changes_since else []


def _plan_after_reservations(c: FrozenDossier) -> list[str]:
    """What is planned after the day by which the authority wants its reservations lifted."""
    by = c.decision.lift_by if c.decision else None
    return [f"{_named(m)}, {m.due}" for m in _measures(c, *STILL_TO_DO) if by and m.due and m.due > by]


def _without_version(c: FrozenDossier) -> Iterator[str]:
    for component in c.system.components:
        if component.patched_by is Patcher.TEAM and not component.version and component.kind not in _NO_VERSION:
            yield component.name


def _when(condition: object) -> list[str]:
    return [""] if condition else []


Look = Callable[[FrozenDossier], Iterable[str]]
_COMPOSE, _REGISTER, _MEASURES = "homologation.compose", "register.scenarios", "mitigations.measures"
_PIECES, _COMPONENTS, _STUDY = "pieces.index", "inventory.components", "study.overview"
# rule: does it stop the dossier, where it is mended, what it finds
RULES: dict[str, tuple[bool, str, Look]] = {
    "acceptance_expired": (True, _COMPOSE, lambda c: _expired(_of_dossier(c), c)),
    "register_acceptance_expired": (True, _REGISTER, lambda c: _expired(_of_register(c), c)),
    "acceptance_undated": (
        True,
        _REGISTER,
        lambda c: [_told(c, x) for x in _accepted(c) if not x.accepted_until],
    ),
    "residual_above_current": (
        True,
        _MEASURES,
        lambda c: _when(c.assessment.residual_loss > c.assessment.loss + 1e-9),
    ),
    "residual_asset_above_current": (True, _MEASURES, _worse_views),
    "high_undecided": (
        True,
        _REGISTER,
        lambda c: [_told(c, x) for x in _high(c) if x.treatment is None],
    ),
    "set_aside_without_reason": (
        True,
        _REGISTER,
        lambda c: [_told(c, x) for x in (c.study.register if c.study else ()) if not x.kept and not x.why_not],
    ),
    "plan_without_owner": (
        True,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, MeasureStatus.PLANNED) if not m.owner],
    ),
    "plan_without_date": (
        True,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, MeasureStatus.PLANNED) if not m.due],
    ),
    "measure_refused_without_reason": (
        True,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, MeasureStatus.NOT_APPLICABLE) if not m.reason],
    ),
    "asset_nowhere": (
        True,
        "analysis.assets",
        lambda c: [a.name for a in c.system.assets if not a.lives_in],
    ),
    "level_pending": (True, "study.level", lambda c: _when(c.study and c.study.level and c.study.level.wanted)),
    "document_in_future": (
        True,
        _PIECES,
        lambda c: [d.title for d in c.documents if d.dated_on > c.frozen_on],
    ),
    "opinion_in_future": (True, _COMPOSE, lambda c: [o.by for o in c.opinions if o.given_on > c.frozen_on]),
    "done_without_proof": (
        False,
        "evidence.index",
        lambda c: [_named(m) for m in _measures(c, *CLAIMED) if not m.proof],
    ),
    "proof_not_fresh": (
        False,
        "evidence.index",
        lambda c: [
            _named(m)
            for m in _measures(c, *CLAIMED)
            if m.proof and m.proof is not ProofState.FRESH and m.proof not in SAYS_NO
        ],
    ),
    "proof_denies": (
        False,
        "evidence.index",
        lambda c: [_named(m) for m in _measures(c, *CLAIMED) if m.proof in SAYS_NO],
    ),
    "plan_late": (
        False,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, *STILL_TO_DO) if m.due and m.due < c.frozen_on],
    ),
    "plan_after_end": (
        False,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, *STILL_TO_DO) if m.due and m.due > _end(c)],
    ),
    "plan_after_reservations": (False, _MEASURES, _plan_after_reservations),
    "acceptance_before_end": (False, _COMPOSE, lambda c: _ends_before(_of_dossier(c), c)),
    "register_acceptance_before_end": (False, _REGISTER, lambda c: _ends_before(_of_register(c), c)),
    "finding_acceptance_expired": (
        False,
        "analysis.findings",
        lambda c: [f.finding for f in c.accepted_findings if f.until < c.frozen_on],
    ),
    "asset_without_fear": (False, "study.fears", _unfeared),
    "component_alone": (False, _COMPONENTS, _alone),
    "nothing_exposed": (
        False,
        _COMPONENTS,
        lambda c: _when(c.system.components and all(x.exposure is Exposure.INTERNAL for x in c.system.components)),
    ),
    "version_unknown": (
        False,
        _COMPONENTS,
        _without_version,
    ),
    "support_ended": (False, _COMPONENTS, _ended),
    "known_exploited": (False, "packages.flaws", exploited_in),
    "reduced_without_plan": (False, _MEASURES, _plan_for_high),
    "high_for_long": (False, _COMPOSE, _high_for_long),
    "analysis_old": (
        False,
        _STUDY,
        lambda c: _when(c.analysis and c.analysis.done_on < _before(c, limits.OLD_ANALYSIS_MONTHS)),
    ),
    "analysis_overtaken": (
        False,
        _STUDY,
        _changes_since,
    ),
    "nobody_suspends": (
        False,
        "products.team",
        lambda c: _when(not any(p.can_suspend for p in c.system.product.contacts)),
    ),
    "personal_without_dpo": (False, _COMPOSE, _personal_without_dpo),
    "data_understated": (False, "study.level", _more_personal_than_said),
    "document_old": (
        False,
        _PIECES,
        lambda c: [d.title for d in c.documents if d.dated_on < _before(c, limits.OLD_DOCUMENT_MONTHS)],
    ),
    "judge_and_party": (
        False,
        _COMPOSE,
        lambda c: [o.by for o in c.opinions if c.authority and o.by == c.authority.name],
    ),
    "unfavourable": (False, _COMPOSE, lambda c: [o.by for o in c.opinions if o.verdict == "unfavourable"]),
    "remark_open": (
        False,
        _STUDY,
        lambda c: [x.text[:80] for x in (c.study.comments if c.study else ()) if not x.settled_by],
    ),
    "mission_missing": (False, "products.card", lambda c: _when(not c.mission)),
    "reservation_not_lifted": (
        False,
        "homologation.dossier",
        lambda c: [r.text for r in (c.renewal.reservations if c.renewal else ()) if not r.lifted_on],
    ),
}
