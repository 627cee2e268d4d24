"""What a dossier holds at each depth, in the reader's language."""

from dataclasses import dataclass
from functools import cache

from risk_models.catalogue.reading import read_yaml
from risk_models.scales import Approach, PieceNeed

_NEEDS = {"M": PieceNeed.MANDATORY, "o": PieceNeed.OPTIONAL, "-": PieceNeed.NOT_ASKED, "c": PieceNeed.COMPLEMENT}


@dataclass(frozen=True, slots=True)
class ChecklistPiece:
    """One of the sixteen pieces, how much an approach asks for it, and who owes it: team, dpo, authority or jalon.

    `document`: only a document is one, or the reason why there is none. `about`, `writer`, `days`: what it is, who writes it
    and in how many days; `filled`: Jalon writes it from what was said.
    """

    id: str
    name: str
    need: PieceNeed
    owner: str
    document: bool
    about: str
    writer: str
    days: int
    filled: bool

    @property
    def is_asked_of_team(self) -> bool:
        """Whether somebody of the team has to write it, or to have it written."""
        return self.need is PieceNeed.MANDATORY and self.owner == "team" and not self.filled


@cache
def pieces(approach: Approach, language: str) -> tuple[ChecklistPiece, ...]:
    """The sixteen pieces of a dossier. Source: pieces.yaml."""
    column = list(Approach).index(approach)
    return tuple(
        ChecklistPiece(
            p["id"],
            p["name"][language],
            _NEEDS[p["asked"][column]],
            p["owner"],
            p.get("document", False),
            p["about"][language],
            p["writer"][language],
            p["days"],
            p.get("filled", False),
        )
        for p in read_yaml("pieces.yaml")["pieces"]
    )
