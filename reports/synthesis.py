"""What the first page of a dossier says, on the site as in the PDF: what is done, what nobody decided, what is accepted."""

from datetime import date

from reports.frozen import FrozenDossier, FrozenEvent, FrozenOpinion
from risk_models import catalogue
from risk_models.scales import CLAIMED, STILL_TO_DO, MeasureStatus, ProofState, RiskLevel
from risk_models.study import StudiedScenario
from risk_models.system import Measure, System

_SHOWN = CLAIMED | STILL_TO_DO


def answers_by_component(system: System, language: str) -> dict[str, list[str]]:
    """By component id, the measures of `system` that are done, partial or planned."""
    found: dict[str, list[str]] = {c.id: [] for c in system.components}
    for measure in system.measures:
        if measure.status not in _SHOWN:
            continue
        known = catalogue.measures().get(measure.measure)
        name = known.name.in_(language) if known else measure.measure
        sentence = f"{name} – {catalogue.word(measure.status, language).lower()}"
        if measure.status is MeasureStatus.PLANNED and measure.due:
            sentence += f" ({', '.join(filter(None, (_day(measure.due), measure.owner)))})"
        if measure.proof and measure.proof is not ProofState.FRESH:
            sentence += {"fr": " ; preuve ", "en": "; proof "}[language] + catalogue.word(
                measure.proof, language
            ).lower()
        for component in measure.on:
            found[component].append(sentence)
    return found


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def unproved_measures(system: System) -> list[Measure]:
    """What the team says that it does, and no proof of today shows; what a common service brings is its business."""
    return [
        m for m in system.measures if m.status in CLAIMED and m.proof is not ProofState.FRESH and not m.inherited_from
    ]


def undecided_risks(dossier: FrozenDossier) -> list[StudiedScenario]:
    """The strong risks of the register that nobody decided on."""
    return [x for x in split_register(dossier)[0] if x.risk is RiskLevel.HIGH and x.treatment is None]


def accepted_scenarios(dossier: FrozenDossier) -> list[StudiedScenario]:
    """The scenarios of the register that somebody is said to accept."""
    return [x for x in split_register(dossier)[0] if x.accepted_by]


def split_register(dossier: FrozenDossier) -> tuple[list[StudiedScenario], list[StudiedScenario]]:
    """The scenarios of the register that are kept, and those set aside."""
    register = dossier.study.register if dossier.study else ()
    return [x for x in register if x.kept], [x for x in register if not x.kept]


def feared_events_by_severity(dossier: FrozenDossier) -> list[FrozenEvent]:
    """The worst first."""
    return sorted(dossier.feared_events, key=lambda e: -e.severity)


def opinions_gravest_first(dossier: FrozenDossier) -> list[FrozenOpinion]:
    """The unfavourable first, then those with reservations."""
    order = ("unfavourable", "with_reservations", "favourable")
    return sorted((o for o in dossier.opinions if o.verdict in order), key=lambda o: order.index(o.verdict))
