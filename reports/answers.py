"""What is done about each component, in one sentence a measure: for the synthesis, on the page and in the PDF."""

from collections.abc import Mapping
from typing import Any

from risk_models import catalogue
from risk_models.scales import MeasureStatus, ProofState

_SHOWN = (MeasureStatus.DONE, MeasureStatus.PARTIAL, MeasureStatus.PLANNED)


def answers(dossier: Mapping[str, Any], language: str) -> dict[str, list[str]]:
    """By component id, the measures of a frozen dossier that are done, partial or planned."""
    found: dict[str, list[str]] = {c["id"]: [] for c in dossier["system"]["components"]}
    for measure in dossier["system"].get("measures", ()):
        status = MeasureStatus(measure["status"])
        if status not in _SHOWN:
            continue
        known = catalogue.measures().get(measure["measure"])
        name = known.name.in_(language) if known else measure["measure"]
        sentence = f"{name} – {catalogue.word(status, language).lower()}"
        if status is MeasureStatus.PLANNED and measure.get("due"):
            sentence += f" ({', '.join(filter(None, (_day(measure['due']), measure.get('owner'))))})"
        proof = measure.get("proof")
        if proof and ProofState(proof) is not ProofState.FRESH:
            sentence += {"fr": " ; preuve ", "en": "; proof "}[language] + catalogue.word(
                ProofState(proof), language
            ).lower()
        for component in measure.get("on", ()):
            found[component].append(sentence)
    return found


def _day(iso: str) -> str:
    year, month, day = str(iso).split("-")
    return f"{day}/{month}/{year}"
