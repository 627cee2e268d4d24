"""The sixteen pieces of a dossier: what each approach asks, what Jalon fills, what is missing and who owes it."""

from collections.abc import Callable
from dataclasses import dataclass

from app.homologation.kinds import PieceAnswer
from app.homologation.models import Dossier
from reports.frozen import FrozenDossier, FrozenPiece
from risk_models import catalogue
from risk_models.catalogue.pieces import ChecklistPiece, pieces
from risk_models.rules import proportionality
from risk_models.scales import (
    STILL_TO_DO,
    Approach,
    DataKind,
    DataSensitivity,
    MeasureStatus,
    PieceNeed,
    PieceState,
)
from risk_models.study import Study


@dataclass(frozen=True, slots=True)
class PieceLine:
    """One piece of one dossier. `owner`: who owes it (pieces.yaml)."""

    id: str
    name: str
    need: PieceNeed
    owner: str
    state: PieceState
    text: str

    def as_frozen(self) -> FrozenPiece:
        return FrozenPiece(self.id, self.name, self.need, self.owner, self.state, self.text)


def as_line(piece: FrozenPiece, language: str, *, decided: bool) -> PieceLine:
    """A frozen piece in the reader's language; the decision fills its own piece."""
    names = {known.id: known.name for known in pieces(Approach.ADVANCED, language)}
    state = PieceState.FILLED if decided and piece.state is PieceState.LATER else piece.state
    return PieceLine(piece.id, names.get(piece.id, piece.name), piece.need, piece.owner, state, piece.text)


# What Jalon itself writes into the dossier, where there is something to write. `d`: the content about to be frozen.
_FILLED: dict[str, Callable[[FrozenDossier], object]] = {
    "map": lambda d: d.system.components,
    "measures": lambda d: d.system.measures,
    "exemptions": lambda d: [m for m in d.system.measures if m.status is MeasureStatus.NOT_APPLICABLE],
    "analysis": lambda d: d.analysis,
    "plan": lambda d: [m for m in d.system.measures if m.status in STILL_TO_DO],
}


def approach_of_study(study: Study | None) -> Approach | None:
    """How deep the dossier goes, once the level is known."""
    return proportionality.approach_of(study.level.level) if study and study.level else None


def read_pieces(dossier: Dossier, content: FrozenDossier, language: str) -> list[PieceLine]:
    """The sixteen pieces, in the checklist's order; at the lightest approach while no level is known."""
    approach = approach_of_study(content.study) or Approach.SIMPLIFIED
    answers = {p.piece: p for p in dossier.pieces}
    attached = {d.piece for d in dossier.documents}
    found = []
    for piece in pieces(approach, language):
        need = piece.need
        if need is PieceNeed.COMPLEMENT:
            need = PieceNeed.MANDATORY if is_personal(content) else PieceNeed.OPTIONAL
        if piece.id == "incidents" and need is PieceNeed.OPTIONAL and content.renewal:
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


PERSONAL = frozenset({DataKind.PERSONAL, DataKind.SENSITIVE})


def is_personal(content: FrozenDossier) -> bool:
    """What the questionnaire says, or what a component is said to hold: the graver of the two."""
    level = content.study.level if content.study else None
    held = {kind for component in content.system.components for kind in component.data}
    return bool(level and level.answers.data >= DataSensitivity.PERSONAL) or not held.isdisjoint(PERSONAL)


def is_known_piece(piece: str) -> bool:
    """Whether the checklist has a piece of this id, which a team can answer for."""
    return piece != "decision" and any(p.id == piece for p in pieces(Approach.ADVANCED, "fr"))


def is_document(piece: str) -> bool:
    """Whether only a document is this piece, or the reason why there is none."""
    return any(p.id == piece and p.document for p in pieces(Approach.ADVANCED, "fr"))


def checklist(language: str) -> dict[str, ChecklistPiece]:
    """By id, what each piece is, who writes it and in how long."""
    return {piece.id: piece for piece in pieces(Approach.ADVANCED, language)}


def owner_word(owner: str, language: str) -> str:
    return catalogue.sentence("piece_owners", owner, language)
