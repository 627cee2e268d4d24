"""Many cards at once: a folder, an archive of beta.gouv.fr's repository, or its public JSON."""

import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from flask_babel import lazy_gettext as _l

from app.platform.foreign_json import load_json
from app.platform.i18n import language
from app.platform.refusals import Refusal, unreadable_json
from app.products.importers.cards import Card, IncubatorCard, card_of, incubator_of, read_card, read_incubator
from risk_models.draft import UnreadableTree
from risk_models.draft.tree import from_archive

_FILE = re.compile(r"(?:^|/)_?(startups|incubators)/([^/]+)\.md$")

Read = TypeVar("Read", Card, IncubatorCard)


@dataclass(slots=True)
class Collection:
    """What was read; `refused` maps the name of a card that cannot be used to what is wrong."""

    incubators: list[IncubatorCard] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def slugs(self) -> set[str]:
        """Of every card that is there, even those that cannot be used."""
        refused = (name.removeprefix("startups/") for name in self.refused if name.startswith("startups/"))
        return {card.slug for card in self.cards} | set(refused)

    def _take(self, into: list[Read], kind: str, slug: str, read: Callable[[], Read]) -> None:
        try:
            one = read()
            if any(known.slug == one.slug for known in into):
                raise Refusal(_l("Cette fiche est donnée deux fois."))
            into.append(one)
        except Refusal as refusal:
            self.refused[f"{kind}/{slug}"] = str(refusal)


def read_folder(folder: Path) -> Collection:
    """The cards of a folder (its `startups/` and `incubators/`). Raises `Refusal`."""
    return _read_files((str(file.relative_to(folder)), _text_of(file)) for file in sorted(folder.glob("**/*.md")))


def _text_of(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None


def read_file(content: bytes, name: str) -> Collection:
    """The cards of an archive, or of the public JSON. Raises `Refusal`."""
    if content.lstrip()[:1] in {b"{", b"["}:
        return _read_json(content)
    try:
        tree = from_archive(io.BytesIO(content), name, lambda path: bool(_FILE.search(path)))
    except UnreadableTree as error:
        raise Refusal(f"{error.text(language())}.", "file") from error
    if not tree.whole:  # what it does not name would be taken for gone
        raise Refusal(
            _l("Cette archive contient trop de fichiers, ou trop d’illisibles : n’y mettez que les fiches."), "file"
        )
    left = ((path, None) for path, _why in tree.skipped)
    return _read_files([*sorted(tree.texts.items()), *left])


def _read_files(files: Iterable[tuple[str, str | None]]) -> Collection:
    found = Collection()
    for path, text in files:
        match = _FILE.search(unicodedata.normalize("NFC", path))  # macOS writes an accent apart from its letter
        if match is None:
            continue
        kind, slug = match[1], match[2]
        if text is None:
            found.refused[f"{kind}/{slug}"] = str(_l("Ce fichier n’est pas un texte lisible."))
        elif kind == "incubators":
            found._take(found.incubators, kind, slug, partial(read_incubator, slug, text))
        else:
            found._take(found.cards, kind, slug, partial(read_card, slug, text))
    return _some(found)


def _some(found: Collection) -> Collection:
    if not found.cards and not found.refused:
        raise Refusal(_l("Aucune fiche ici : des fichiers « startups/….md » sont attendus, ou le JSON public."), "file")
    return found


def _read_json(content: bytes) -> Collection:
    """The public JSON: startups under `data`, incubators under `included`.

    Source: https://github.com/betagouv/beta.gouv.fr, api/v2.6/startups.json and v2.7.
    """
    try:
        document = load_json(content)
    except (ValueError, RecursionError) as error:
        raise unreadable_json(error) from error
    if not isinstance(document, dict):
        raise Refusal(_l("Ce JSON n’est pas celui des fiches de beta.gouv.fr."), "file")
    found = Collection()
    for slug, item in _items(document.get("included"), "incubator"):
        found._take(found.incubators, "incubators", slug, partial(incubator_of, slug, _attributes(item)))
    for slug, item in _items(document.get("data"), "startup"):
        found._take(found.cards, "startups", slug, partial(card_of, slug, _front(item)))
    return _some(found)


def _items(listed: object, kind: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and item.get("type") == kind:
            yield str(item.get("id")).strip("/").rpartition("/")[2], item


def _attributes(item: Mapping[str, object]) -> dict[str, object]:
    attributes = item.get("attributes")
    return {str(k): v for k, v in attributes.items() if v != ""} if isinstance(attributes, dict) else {}


def _front(item: Mapping[str, object]) -> dict[str, object]:
    """The front matter that gave this item."""
    said = _attributes(item)
    front = {key: said.get(key) for key in ("link", "repository", "contact", "phases")}
    declared = str(said["analyse_risques"]).lower() if "analyse_risques" in said else None
    front |= {
        "title": said.get("name"),
        "mission": said.get("pitch"),
        "incubator": next(iter(_related(item, "incubator")), None),
        "incubators": _related(item, "incubators"),
        "analyse_risques": {"true": True, "false": False}.get(declared or "", declared),
    }
    return {key: value for key, value in front.items() if value is not None}


def _related(item: Mapping[str, object], name: str) -> list[str]:
    """The ids that a relationship of this item names."""
    related = item.get("relationships")
    linked = related.get(name) if isinstance(related, dict) else None
    data = linked.get("data") if isinstance(linked, dict) else None
    several = data if isinstance(data, list) else [data]
    return [str(one["id"]) for one in several if isinstance(one, dict) and one.get("id")]
