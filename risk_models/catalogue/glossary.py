"""The words of the field, each said in one sentence to who never met it."""

import unicodedata
from dataclasses import dataclass
from functools import cache

from risk_models.catalogue import Text
from risk_models.catalogue.reading import read_yaml


@dataclass(frozen=True, slots=True)
class Term:
    """`marked`: regular expressions of the forms beside which a page says what it is, None where everybody knows it;
    `in_dossier`: the PDF says it too."""

    key: str
    name: Text
    said: Text
    marked: Text | None
    in_dossier: bool


@cache
def glossary() -> dict[str, Term]:
    """By key, which is its place in the page of the glossary. Source: glossary.yaml."""
    return {
        key: Term(
            key,
            Text(**told["term"]),
            Text(**told["said"]),
            Text(**told["marked"]) if "marked" in told else None,
            told.get("dossier", False),
        )
        for key, told in read_yaml("glossary.yaml").items()
    }


def terms_in_order(language: str) -> list[Term]:
    """As a dictionary has them, accents aside."""

    def plain(term: Term) -> str:
        letters = unicodedata.normalize("NFD", term.name.in_(language).lower())
        return "".join(one for one in letters if not unicodedata.combining(one))

    return sorted(glossary().values(), key=plain)
