"""What a dossier holds at each depth, in the reader's language."""

from dataclasses import dataclass
from functools import cache

from risk_models.catalogue.reading import read_yaml
from risk_models.scales import Approach, PieceNeed

_NEEDS = {"M": PieceNeed.MANDATORY, "o": PieceNeed.OPTIONAL, "-": PieceNeed.NOT_ASKED, "c": PieceNeed.COMPLEMENT}


@dataclass(frozen=True, slots=True)
class ChecklistPiece:
    """One of the sixteen pieces, how much an approach asks for it, and who owes it: team, dpo, authority or jalon.

    `document`: only a document is one, or the reason why there is none.
    """

    id: str
    name: str
    need: PieceNeed
    owner: str
    document: bool = False


@cache
def pieces(approach: Approach, language: str) -> tuple[ChecklistPiece, ...]:
    """The sixteen pieces of a dossier. Source: pieces.yaml."""
    column = list(Approach).index(approach)
    return tuple(
        ChecklistPiece(p["id"], p["name"][language], _NEEDS[p["asked"][column]], p["owner"], p.get("document", False))
        for p in read_yaml("pieces.yaml")["pieces"]
    )
