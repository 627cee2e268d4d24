"""What remains of the risks once the plan is kept: what a decision that homologates accepts."""

from collections import Counter
from collections.abc import Iterator

from reports.figures.matrix import Cell, GridCounts
from reports.frozen import FrozenDossier
from reports.frozen_decision import FrozenResidual
from risk_models import catalogue
from risk_models.scales import Likelihood, Need, RiskLevel, Treatment
from risk_models.study import StudiedScenario

_REMAIN = (RiskLevel.HIGH, RiskLevel.MEDIUM)
_BY_RISK = {RiskLevel.HIGH: 0, RiskLevel.MEDIUM: 1}


def residual_risks(dossier: FrozenDossier) -> list[FrozenResidual]:
    """Every strong and medium risk that remains after the plan, those that nobody treats first, then the strongest.

    Of a scenario of the graph, the likelihood is the smaller of its rating and of what the ranking gives once the plan is
    kept; one that people tell keeps its rating, for nothing computes what the plan changes of it. One set aside is there: who
    signs reads why. Those that the team proposes in words, without a level, come last.
    """
    scenarios = sorted(_of_register(dossier), key=lambda r: (_treated(r), _BY_RISK[r.risk or RiskLevel.MEDIUM]))
    proposed = [
        FrozenResidual(what=r.text, treatment=Treatment.ACCEPT, until=r.until, proposed_by=r.proposed_by)
        for r in dossier.accepted_risks
    ]
    return [*scenarios, *proposed]


def count_risks(dossier: FrozenDossier) -> GridCounts:
    """Every risk of the dossier by where it stands today, and once the plan is kept, as `residual_risks` lists them."""
    before, after = Counter[Cell](), Counter[Cell]()
    for line, left in _remaining_register(dossier):
        before[line.severity, line.likelihood] += 1
        after[line.severity, left] += 1
    told = _told_needs(dossier)
    for counts, needs in (
        (before, dossier.assessment.assets),
        (after, dossier.assessment.residual_assets),
    ):
        counts.update((r.severity, r.level) for r in needs if (r.id, r.need) not in told)
    return GridCounts(before, after)


def _treated(risk: FrozenResidual) -> int:
    """0 where nobody treats it, 1 where the team proposes to accept it, 2 where something is done of it."""
    if risk.untreated:
        return 0
    return 1 if risk.treatment is Treatment.ACCEPT else 2


def _of_register(dossier: FrozenDossier) -> Iterator[FrozenResidual]:
    for line, likelihood in _remaining_register(dossier):
        risk = catalogue.risk_level(line.severity, likelihood)
        if risk in _REMAIN:
            yield FrozenResidual(
                what=tell_scenario_of(dossier, line),
                severity=line.severity,
                likelihood=likelihood,
                risk=risk,
                treatment=line.treatment,
                note=line.treatment_note if line.kept else line.why_not,
                set_aside=not line.kept,
                until=line.accepted_until if line.treatment is Treatment.ACCEPT else None,
                proposed_by=line.proposed_by if line.treatment is Treatment.ACCEPT else "",
            )
    told = _told_needs(dossier)
    for r in dossier.assessment.residual_assets:
        if (r.id, r.need) not in told and r.risk in _REMAIN:
            yield FrozenResidual(
                what=_named(dossier, r.id, r.need), severity=r.severity, likelihood=r.level, risk=r.risk
            )


def _register(dossier: FrozenDossier) -> tuple[StudiedScenario, ...]:
    return dossier.study.register if dossier.study else ()


def _told_needs(dossier: FrozenDossier) -> set[tuple[str, Need | None]]:
    """The needs of assets that the register speaks of, which it then counts by itself."""
    return {(line.asset, line.need) for line in _register(dossier)}


def _remaining_register(dossier: FrozenDossier) -> Iterator[tuple[StudiedScenario, Likelihood]]:
    """Each line of the register, and its likelihood once the plan is kept."""
    after = {(r.id, r.need): r for r in dossier.assessment.residual_assets}
    for line in _register(dossier):
        left = after.get((line.asset, line.need)) if line.need and not line.told else None
        yield line, min(line.likelihood, left.level) if left else line.likelihood


def tell_scenario_of(dossier: FrozenDossier, line: StudiedScenario) -> str:
    """A scenario in words, in French: its story, or the asset and the need that it reaches."""
    return line.story or _named(dossier, line.asset, line.need)


def _named(dossier: FrozenDossier, asset: str, need: Need | None) -> str:
    names = {a.id: a.name for a in dossier.system.assets}
    reached = f" ({catalogue.word(need, 'fr').lower()})" if need else ""
    return names.get(asset, asset) + reached
