"""Startup and incubator cards of beta.gouv.fr: YAML front matter between two lines of `---`."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.platform import clock
from app.platform.forms import is_clean, without_hidden_marks
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.products.kinds import RESERVED_SLUGS
from risk_models import product_file
from risk_models.product_file import source_yaml
from risk_models.product_file.checked_map import ProductFileError
from risk_models.scales import PhaseName
from risk_models.system import Phase, System

MAX_CHARACTERS = 200_000
SLUG = re.compile(r"(?!\.+$)[\w.][\w.-]{0,99}")  # dots alone are another folder of the site


@dataclass(frozen=True, slots=True)
class Irregularity:
    """Something odd in a card that was still read; `message` is lazy, in the reader's language."""

    message: Any


@dataclass(frozen=True, slots=True)
class Card:
    """A startup card; `declared_analysis` is None where the card never said."""

    slug: str
    name: str
    mission: str
    incubators: tuple[str, ...]
    phases: tuple[Phase, ...]
    address: str
    repository: str
    contact: str
    declared_analysis: bool | None
    infrastructure: System | None = field(default=None, compare=False)
    irregularities: tuple[Irregularity, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class IncubatorCard:
    slug: str
    name: str
    contact: str


def read_card(slug: str, text: str) -> Card:
    """The card in `text`. Raises `Refusal` saying what is wrong when it cannot be used."""
    return card_of(slug, _front_matter(text))


def card_of(slug: str, front: dict[str, object]) -> Card:
    """The card whose front matter is `front`. Raises `Refusal`."""
    odd: list[Irregularity] = []
    _check_slug(slug)
    name = _line(front, "title", 200)
    if not name:
        raise Refusal(_l("La fiche n’a pas de titre (« title »)."), "card")
    incubators = _incubators(front)
    if not incubators:
        raise Refusal(_l("La fiche ne nomme aucun incubateur (« incubator »)."), "card")
    phases = _phases(front, odd)
    return Card(
        slug=slug,
        name=name,
        mission=_text(front, "mission", 4000),
        incubators=incubators,
        phases=phases,
        address=_address(front, "link", odd),
        repository=_address(front, "repository", odd),
        contact=_line(front, "contact", 254),
        declared_analysis=_declared(front, odd),
        infrastructure=_infrastructure(front, name, odd),
        irregularities=tuple(odd),
    )


def _check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise Refusal(
            _l("Le nom du fichier ne peut pas servir d’identifiant : lettres, chiffres, point et tirets."), "card"
        )
    if slug in RESERVED_SLUGS:
        raise Refusal(_l("Ce nom de fichier est celui d’une page de Jalon : donnez-lui-en un autre."), "card")


def read_incubator(slug: str, text: str) -> IncubatorCard:
    """The incubator card in `text`. Raises `Refusal`."""
    return incubator_of(slug, _front_matter(text))


def incubator_of(slug: str, front: dict[str, object]) -> IncubatorCard:
    """The incubator whose front matter is `front`. Raises `Refusal`."""
    _check_slug(slug)
    name = _line(front, "title", 200)
    if not name:
        raise Refusal(_l("La fiche n’a pas de titre (« title »)."), "card")
    return IncubatorCard(slug, name, _line(front, "contact", 254))


def _front_matter(text: str) -> dict[str, object]:
    if len(text) > MAX_CHARACTERS:
        raise Refusal(_l("Ce fichier est trop long pour être une fiche."), "card")
    parts = re.split(r"^---\s*$", text.lstrip("\ufeff"), maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0].strip():
        raise Refusal(
            _l("Ce n’est pas une fiche produit : elle commence par une ligne « --- » puis des clés YAML."), "card"
        )
    try:
        front = source_yaml.load_yaml(parts[1], 40, 100_000)
    except source_yaml.UnreadableYaml as error:
        why = LazyString(lambda said=error.text: said(language()))
        line = error.line + parts[0].count("\n")
        raise Refusal(
            _l("La fiche n’est pas lisible, ligne %(line)d : %(why)s.", line=line, why=why), "card"
        ) from error
    if not isinstance(front, dict):
        raise Refusal(_l("La fiche ne contient pas de clés."), "card")
    return front


def _infrastructure(front: dict[str, object], name: str, odd: list[Irregularity]) -> System | None:
    """What the product is made of, where its card says so; a wrong one is told and leaves the card usable."""
    block = front.get("infrastructure")
    if block is None:
        return None
    known = {"components", "links", "assets", "measures"}
    try:
        if not isinstance(block, dict) or block.keys() - known:
            raise ProductFileError("not_infrastructure", keys=", ".join(sorted(known)))
        return product_file.from_dict({"jalon": 1, "product": {"name": name}, **block})
    except ProductFileError as error:
        why = LazyString(lambda said=error.text: said(language()))
        odd.append(Irregularity(_l("« infrastructure » n’est pas lisible et n’est pas importée. %(why)s", why=why)))
        return None


def _text(front: dict[str, object], key: str, most: int) -> str:
    value = front.get(key)
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise Refusal(_l("« %(key)s » devrait être un texte.", key=key), "card")
    text = str(value).strip()
    if len(text) > most:
        raise Refusal(_l("« %(key)s » dépasse %(most)d caractères.", key=key, most=most), "card")
    if not is_clean(text, most, lines=True):
        raise Refusal(_l("« %(key)s » contient un caractère invisible.", key=key), "card")
    return text


def _line(front: dict[str, object], key: str, most: int) -> str:
    return without_hidden_marks(" ".join(_text(front, key, most).split()))


def _incubators(front: dict[str, object]) -> tuple[str, ...]:
    """`incubators`, when present, wins over `incubator`."""
    several = front.get("incubators")
    if isinstance(several, list) and several:
        return tuple(dict.fromkeys(str(one).strip() for one in several))
    one = _text(front, "incubator", 100)
    return (one,) if one else ()


def _phases(front: dict[str, object], odd: list[Irregularity]) -> tuple[Phase, ...]:
    listed = front.get("phases")
    if not isinstance(listed, list) or not listed:
        odd.append(Irregularity(_l("aucune phase : la date d’analyse ne peut pas être calculée")))
        return ()
    phases: list[Phase] = []
    for number, item in enumerate(listed, start=1):
        if not isinstance(item, dict):
            raise Refusal(_l("La phase %(number)d n’a pas de nom.", number=number), "card")
        try:
            name = PhaseName(str(item.get("name")))
        except ValueError:
            raise Refusal(
                _l("La phase %(number)d a un nom inconnu : « %(name)s ».", number=number, name=str(item.get("name"))),
                "card",
            ) from None
        start, end = _day(item.get("start"), number), _day(item.get("end"), number)
        if start is None:
            raise Refusal(
                _l("La phase %(number)d (%(name)s) n’a pas de date de début.", number=number, name=name.value), "card"
            )
        if end is not None and end < start:
            odd.append(Irregularity(_l("la phase %(name)s finit avant de commencer", name=name.value)))
            end = None
        if phases and start < phases[-1].start:
            odd.append(Irregularity(_l("la phase %(name)s commence avant la précédente", name=name.value)))
        phases.append(Phase(name, start, end))
    return tuple(phases)


def _day(value: object, number: int) -> date | None:
    if value is None or value == "":
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise Refusal(
            _l(
                "La phase %(number)d a une date illisible : « %(value)s ». Écrivez-la ainsi : 2026-03-01.",
                number=number,
                value=str(value)[:40],
            ),
            "card",
        ) from None
    if day.year not in clock.YEARS:
        raise Refusal(
            _l(
                "La phase %(number)d a une date impossible, « %(value)s » : l’année doit être comprise entre 1990 et 2100.",
                number=number,
                value=day.isoformat()[:40],
            ),
            "card",
        )
    return day.date() if isinstance(day, datetime) else day


def _address(front: dict[str, object], key: str, odd: list[Irregularity]) -> str:
    address = _text(front, key, 500)
    if address and not re.fullmatch(r"https?://\S+", address):
        odd.append(Irregularity(_l("« %(key)s » n’est pas une adresse : « %(value)s »", key=key, value=address[:60])))
        return ""
    return address


def _declared(front: dict[str, object], odd: list[Irregularity]) -> bool | None:
    value = front.get("analyse_risques")
    if value is None or isinstance(value, bool):
        return value
    odd.append(Irregularity(_l("« analyse_risques » devrait être true ou false")))
    return None
