"""The steps of the journey, in order, as the stepper of each page shows them."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

STEPS: dict[str, object] = {
    "card": _l("Fiche"),
    "team": _l("Équipe et contacts"),
    "components": _l("Composants"),
    "assets": _l("Ce que l’on protège"),
    "weak_points": _l("Points de faiblesse"),
    "measures": _l("Mesures"),
    "dossier": _l("Dossier"),
}


@dataclass(frozen=True, slots=True)
class JourneyStep:
    number: int
    total: int
    title: Any
    following: Any


def find_step(key: str) -> JourneyStep:
    """Where `key` stands in the journey."""
    keys = list(STEPS)
    index = keys.index(key)
    following = STEPS[keys[index + 1]] if index + 1 < len(keys) else None
    return JourneyStep(index + 1, len(keys), STEPS[key], following)
