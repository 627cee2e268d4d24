"""The cases in which an authority may dispense a product from being homologated."""

from dataclasses import dataclass
from functools import cache

from risk_models.catalogue import Text
from risk_models.catalogue.reading import read_yaml


@dataclass(frozen=True, slots=True)
class DispensationCase:
    """`asks`: what the reason is to say; `months`: the longest; `to_homologate`: the product is to be homologated by its end;
    `homologated`: it speaks of a product that is homologated; `source`: the text that it comes from."""

    id: str
    name: Text
    asks: Text
    source: Text
    months: int
    to_homologate: bool = False
    homologated: bool = False


@cache
def dispensation_cases() -> tuple[DispensationCase, ...]:
    """Those that Jalon comes with, in their order. Source: dispensations.yaml, which names the text and how far it is known."""
    read = read_yaml("dispensations.yaml")
    shared = {"source": Text(**read["source"]), "months": read["months"]}
    return tuple(
        DispensationCase(**(shared | row | {"name": Text(**row["name"]), "asks": Text(**row["asks"])}))
        for row in read["cases"]
    )


def longest_months() -> int:
    """How long any dispensation lasts at most."""
    months: int = read_yaml("dispensations.yaml")["months"]
    return months
