"""The sixteen pieces of a dossier: what each approach asks, what Jalon fills, what is missing and who owes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.homologation.kinds import PieceAnswer
from app.homologation.models import Dossier
from risk_models import catalogue
from risk_models.catalogue.pieces import pieces
from risk_models.rules import proportionality
from risk_models.scales import Approach, DataKind, DataSensitivity, PieceNeed, SecurityLevel


class PieceState(StrEnum):
    FILLED = "filled"  # by Jalon, from what the team described
    ATTACHED = "attached"
    WRITTEN = "written"
    NOT_APPLICABLE = "not_applicable"
    LATER = "later"  # it comes with a later step
    MISSING = "missing"
    ABSENT = "absent"  # not given, and nothing asks for it


@dataclass(frozen=True, slots=True)
class PieceLine:
    """One piece of one dossier. `owner`: who owes it (pieces.yaml)."""

    id: str
    name: str
    need: PieceNeed
    owner: str
    state: PieceState
    text: str

    def as_plain(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "need": self.need.value,
            "owner": self.owner,
            "state": self.state.value,
            "text": self.text,
        }


def from_plain(plain: Mapping[str, Any], language: str, *, decided: bool) -> PieceLine:
    """The inverse of `as_plain`, in the reader's language; the decision fills its own piece."""
    names = {piece.id: piece.name for piece in pieces(Approach.ADVANCED, language)}
    state = PieceState(plain["state"])
    if decided and state is PieceState.LATER:
        state = PieceState.FILLED
    return PieceLine(
        plain["id"],
        names.get(plain["id"], plain["name"]),
        PieceNeed(plain["need"]),
        plain["owner"],
        state,
        plain["text"],
    )


# What Jalon itself writes into the dossier, where there is something to write. `d`: the content about to be frozen.
_FILLED: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "map": lambda d: d["system"].get("components"),
    "strategy": lambda d: d["perimeter"] and d["authority"] and d["conditions"],
    "measures": lambda d: d["system"].get("measures"),
    "exemptions": lambda d: d["system"].get("measures"),
    "analysis": lambda d: d["analysis"],
    "plan": lambda d: [m for m in d["system"].get("measures", ()) if m["status"] in {"planned", "partial"}],
    "commission": lambda d: d["analysis"],
}


def approach_of(study: Mapping[str, Any] | None) -> Approach | None:
    """How deep the dossier goes, once the level is known."""
    level = (study or {}).get("level")
    return proportionality.approach(SecurityLevel(level["level"])) if level else None


def lines(dossier: Dossier, content: Mapping[str, Any], language: str) -> list[PieceLine]:
    """The sixteen pieces, in the checklist's order; at the lightest approach while no level is known."""
    approach = approach_of(content["study"]) or Approach.SIMPLIFIED
    answers = {p.piece: p for p in dossier.pieces}
    attached = {d.piece for d in dossier.documents}
    found = []
    for piece in pieces(approach, language):
        need = piece.need
        if need is PieceNeed.COMPLEMENT:
            need = PieceNeed.MANDATORY if is_personal(content) else PieceNeed.OPTIONAL
        if piece.id == "incidents" and need is PieceNeed.OPTIONAL and content["renewal"]:
            need = PieceNeed.MANDATORY  # a renewal tells what happened since the last one
        answer = answers.get(piece.id)
        if piece.id in attached:
            state = PieceState.ATTACHED
        elif answer:
            state = PieceState.WRITTEN if answer.answer is PieceAnswer.WRITTEN else PieceState.NOT_APPLICABLE
        elif piece.id in _FILLED and _FILLED[piece.id](content):
            state = PieceState.FILLED
        elif piece.id == "decision":
            state = PieceState.LATER
        else:
            state = PieceState.MISSING if need is PieceNeed.MANDATORY else PieceState.ABSENT
        found.append(PieceLine(piece.id, piece.name, need, piece.owner, state, answer.text if answer else ""))
    return found


PERSONAL = {DataKind.PERSONAL.value, DataKind.SENSITIVE.value}


def is_personal(content: Mapping[str, Any]) -> bool:
    """What the questionnaire says, or what a component is said to hold: the graver of the two."""
    level = (content["study"] or {}).get("level") or {"answers": {"data": 0}}
    held = {kind for component in content["system"].get("components", ()) for kind in component.get("data", ())}
    return int(level["answers"]["data"]) >= DataSensitivity.PERSONAL or not held.isdisjoint(PERSONAL)


def known(piece: str) -> bool:
    """Whether the checklist has a piece of this id, which a team can answer for."""
    return piece != "decision" and any(p.id == piece for p in pieces(Approach.ADVANCED, "fr"))


def owner_word(owner: str, language: str) -> str:
    return catalogue.sentence("piece_owners", owner, language)
