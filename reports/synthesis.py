"""What the first page of a dossier says, on the site as in the PDF: what is done, what nobody decided, what is accepted."""

import re
from collections.abc import Mapping
from datetime import date

from reports.frozen import FrozenDossier, FrozenEvent, FrozenOpinion, FrozenProof
from risk_models import catalogue
from risk_models.rules.evidence import SAYS_NO
from risk_models.scales import CLAIMED, STILL_TO_DO, MeasureStatus, PieceState, ProofState, Treatment
from risk_models.study import StudiedScenario
from risk_models.system import Measure, System

_SHOWN = CLAIMED | STILL_TO_DO
_DENIED = {
    "fr": "l’équipe la dit en place, un relevé dit le contraire",
    "en": "in place says the team, a reading says otherwise",
}


def contradictions(dossier: FrozenDossier, language: str) -> list[str]:
    """What the team says in place and evidence denies: a sentence a measure, with the newest evidence against it."""
    known = catalogue.measures()
    found = []
    for measure in dict.fromkeys(m.measure for m in dossier.system.measures if _is_denied(m)):
        checks = known[measure].proven_by if measure in known else ()
        against = [
            e
            for e in dossier.evidence
            if e.state in SAYS_NO and not e.withdrawn and (e.measure == measure or e.check in checks)
        ]
        found.append(_tell_contradiction(measure, max(against, key=lambda e: e.observed_on, default=None), language))
    return found


def _is_denied(measure: Measure) -> bool:
    return measure.status in CLAIMED and measure.proof in SAYS_NO


def _tell_contradiction(measure: str, evidence: FrozenProof | None, language: str) -> str:
    known = catalogue.measures().get(measure)
    name = known.name.in_(language) if known else measure
    if evidence is None:
        return catalogue.sentence("contradictions", "unknown", language, name=name)
    about = evidence.subject or evidence.file_name or evidence.link or "–"
    day = str(evidence.observed_on)
    return catalogue.sentence("contradictions", evidence.source, language, name=name, date=day, about=about)


def answers_by_component(system: System, language: str) -> dict[str, list[str]]:
    """By component id, the measures of `system` that are done, partial or planned."""
    found: dict[str, list[str]] = {c.id: [] for c in system.components}
    for measure in system.measures:
        if measure.status not in _SHOWN:
            continue
        known = catalogue.measures().get(measure.measure)
        name = known.name.in_(language) if known else measure.measure
        denied = _is_denied(measure)
        said = _DENIED[language] if denied else catalogue.word(measure.status, language).lower()
        sentence = f"{name} – {said}"
        if measure.status is MeasureStatus.PLANNED and measure.due:
            sentence += f" ({', '.join(filter(None, (_day(measure.due), measure.owner)))})"
        if not denied and measure.proof is not ProofState.FRESH:
            sentence += _lacking_proof(measure, language)
        for component in measure.on:
            found[component].append(sentence)
    return found


def _lacking_proof(measure: Measure, language: str) -> str:
    """What the proof of a measure that is said in place lacks."""
    if measure.status not in CLAIMED:
        return ""
    if measure.proof is None:
        return {"fr": " (sans preuve)", "en": " (no proof)"}[language]
    return f" ({ {'fr': 'preuve', 'en': 'proof'}[language] } {catalogue.word(measure.proof, language).lower()})"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


_SENTENCE_END = re.compile(r"[.!?…]\s+\S")
_ONE_SENTENCE = 250


def short_pieces(dossier: FrozenDossier) -> int:
    """How many pieces of the checklist are one sentence that the team wrote."""
    written = (p.text for p in dossier.pieces if p.state in {PieceState.WRITTEN, PieceState.NOT_APPLICABLE})
    return sum(len(text) < _ONE_SENTENCE and not _SENTENCE_END.search(text) for text in written)


def unproved_measures(system: System) -> list[Measure]:
    """What the team says that it does, and no proof of today shows; what a common service brings is its business."""
    return [
        m for m in system.measures if m.status in CLAIMED and m.proof is not ProofState.FRESH and not m.inherited_from
    ]


def proposed_scenarios(dossier: FrozenDossier) -> list[StudiedScenario]:
    """The scenarios of the register that the team proposes to accept."""
    return [x for x in split_register(dossier)[0] if x.treatment is Treatment.ACCEPT]


def split_register(dossier: FrozenDossier) -> tuple[list[StudiedScenario], list[StudiedScenario]]:
    """The scenarios of the register that are kept, and those set aside."""
    register = dossier.study.register if dossier.study else ()
    return [x for x in register if x.kept], [x for x in register if not x.kept]


def list_set_aside(dossier: FrozenDossier, language: str) -> list[str]:
    """What the team does not do, each in a sentence with its reason: risks, then flaws, findings and measures."""
    names, known = dossier.system.names(), catalogue.measures()
    findings = {f.key: catalogue.finding_text(f, language, names) for f in dossier.assessment.findings}
    left = [
        *(("risk", _told(x, names, language), x.why_not) for x in split_register(dossier)[1]),
        *(("flaw", f"{j.flaw}, {j.component}", j.reason) for j in dossier.judgements if j.state == "accepted"),
        *(
            ("finding", findings[a.finding].rstrip("."), a.reason)
            for a in dossier.accepted_findings
            if a.finding in findings and a.until >= dossier.frozen_on
        ),
        *(
            ("measure", known[m.measure].name.in_(language) if m.measure in known else m.measure, m.reason or "–")
            for m in dossier.system.measures
            if m.status is MeasureStatus.NOT_APPLICABLE
        ),
    ]
    return [catalogue.sentence("set_aside", kind, language, what=what, why=why) for kind, what, why in left]


def _told(scenario: StudiedScenario, names: Mapping[str, str], language: str) -> str:
    asset = names.get(scenario.asset, scenario.asset)
    need = f", {catalogue.word(scenario.need, language).lower()}" if scenario.need else ""
    return scenario.story or f"{asset}{need}"


def feared_events_by_severity(dossier: FrozenDossier) -> list[FrozenEvent]:
    """The worst first."""
    return sorted(dossier.feared_events, key=lambda e: -e.severity)


def opinions_gravest_first(dossier: FrozenDossier) -> list[FrozenOpinion]:
    """The unfavourable first, then those with reservations."""
    order = ("unfavourable", "with_reservations", "favourable")
    return sorted((o for o in dossier.opinions if o.verdict in order), key=lambda o: order.index(o.verdict))
