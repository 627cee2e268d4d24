"""The product file in the application: exported as it stands, imported after a look at what it changes."""

import dataclasses
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.analysis import comparison
from app.analysis import services as analysis
from app.analysis.comparison import Change
from app.identity.models import Person
from app.inventory import services as inventory
from app.journal.actions import Action
from app.journal.services import record
from app.mitigations import services as mitigations
from app.platform import clock
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.product_files import spreadsheets
from app.products import services as products
from app.products.models import Contact, Phase, Product
from app.products.services import CardValues
from risk_models import product_file
from risk_models.product_file.checked_map import ProductFileError
from risk_models.system import System

MAX_CHARACTERS = 500_000


def read_rows(session: Session, product: Product, text: str) -> System:
    """The product with what a CSV says of its components. Raises `Refusal` at the field `file`, with line and column."""
    _bounded(text)
    system = spreadsheets.read_sheet(text, analysis.described_system(session, product))
    _storable(system)
    return system


def _bounded(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise Refusal(_l("Ce fichier est trop grand : 500 000 caractères au plus."), "file")


def read_product_file(text: str) -> System:
    """The system of an uploaded product file. Raises `Refusal` at the field `file`, with line and column."""
    _bounded(text)
    try:
        system = product_file.loads(text, as_of=clock.today())
    except ProductFileError as error:
        raise Refusal(
            _l("Ce fichier n’est pas un fichier produit. %(why)s", why=error.text(language())), "file"
        ) from error
    _storable(system)
    return _own(system)


def _own(system: System) -> System:
    """What the team itself says: proofs and what common services bring are Jalon's to know."""
    own = (dataclasses.replace(m, proof=None) for m in system.measures if m.inherited_from is None)
    return dataclasses.replace(system, measures=tuple(own))


# The longest texts that the database keeps, by field.
_LONGEST = {
    "name": 200,
    "supplier": 200,
    "version": 100,
    "purl": 500,
    "cpe": 500,
    "sbom": 500,
    "product": 100,
    "cycle": 50,
    "fixed_in": 60,
    "measure": 60,
    "owner": 200,
    "role": 200,
    "email": 254,
    "phone": 40,
}
_LONGEST_FLAW = 60
# Of the JSON under a key x-, and of each text in it: the dossier prints them, in cells of its tables too.
_LONGEST_EXTRA, _LONGEST_TEXT = 10_000, 2_000
_LONGEST_OURS = {"x-patched-by-reason": 500, "x-owner": 200, "x-emergency": 200}
_ADDRESSABLE = re.compile(r"[^/\\\s?#%]+")


def _storable(system: System) -> None:
    """Refuses what the format allows and we do not: long texts, two things of one name, days that no rule can count from."""
    _check_texts(system)
    _check_days(system)
    _check_names(system)


def _check_texts(system: System) -> None:
    flaws = [v for c in system.components for v in c.vulnerabilities]
    keys: list[Any] = [k for c in system.components for said in (c.accounts, c.secrets, c.tokens) for k in said or ()]
    parts: list[Any] = [system.product, *system.product.contacts, *system.components, *system.measures, *flaws, *keys]
    parts += [*system.assets, *(c.eol for c in system.components if c.eol)]
    texts: list[tuple[Any, int]] = [
        (getattr(part, field, None), most) for part in parts for field, most in _LONGEST.items()
    ]
    holders = [system, *parts, *system.product.phases, *system.links]
    for key, written in (pair for holder in holders for pair in holder.extra):
        if len(written) > _LONGEST_EXTRA:
            raise Refusal(_l("« %(key)s » dépasse %(most)d caractères.", key=key[:40], most=_LONGEST_EXTRA), "file")
        texts += [(text, _LONGEST_OURS.get(key, _LONGEST_TEXT)) for text in _texts(json.loads(written))]
    for text, most in [*texts, *((v.id, _LONGEST_FLAW) for v in flaws)]:
        if isinstance(text, str) and len(text) > most:
            raise Refusal(
                _l("« %(text)s… » est trop long : %(most)d caractères au plus.", text=text[:40], most=most), "file"
            )


def _check_days(system: System) -> None:
    for day in (
        *(d for p in system.product.phases for d in (p.start, p.end)),
        *(m.due for m in system.measures),
        *(c.last_tested for c in system.components),
    ):
        if day and day.year not in clock.YEARS:
            raise Refusal(
                _l("« %(day)s » : l’année doit être comprise entre 1990 et 2100.", day=day.isoformat()), "file"
            )


def _check_names(system: System) -> None:
    named_parts: list[Any] = [*system.components, *system.assets]
    for part in named_parts:
        if not _ADDRESSABLE.fullmatch(part.id) or part.id in inventory.RESERVED_REFS:
            raise Refusal(
                _l(
                    "L’identifiant « %(id)s » ne peut pas servir d’adresse : ni /, ni espace, ni ?, ni #.",
                    id=part.id[:40],
                ),
                "file",
            )
        if any(ch in part.name for ch in "\r\n\t"):
            raise Refusal(_l("« %(name)s » : un nom tient sur une ligne.", name=part.id), "file")
    named: list[list[str]] = [[c.name for c in system.components], [a.name for a in system.assets]]
    named += [[v.id for v in c.vulnerabilities] for c in system.components]
    for names in named:
        for name, count in Counter(names).items():
            if count > 1:
                raise Refusal(_l("« %(name)s » est décrit deux fois : donnez des noms différents.", name=name), "file")


def _texts(value: object) -> Iterator[str]:
    """Every text in a value of JSON, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from chain.from_iterable(_texts(part) for pair in value.items() for part in pair)
    elif isinstance(value, list):
        yield from chain.from_iterable(map(_texts, value))


def export_file(session: Session, product: Product) -> str:
    return product_file.dumps(analysis.described_system(session, product))


def digest_of_file(session: Session, product: Product) -> str:
    """What names the whole content of the product's file, in the transaction of whoever is about to replace it."""
    return hashlib.sha256(export_file(session, product).encode()).hexdigest()[:16]


def export_rows(session: Session, product: Product) -> bytes:
    return spreadsheets.write_sheet(analysis.described_system(session, product))


def preview_import(session: Session, product: Product, new: System) -> list[Change]:
    """What importing `new` would change, part by part; parts that stay the same are left out."""
    return comparison.compare_systems(analysis.described_system(session, product), new)


@transaction
def replace_product(session: Session, actor: Person, product: Product, new: System) -> None:
    """Makes the product what the file says: components, links, assets, measures; contacts and phases when it has some."""
    write_system(session, product, new)
    _record(session, actor, product, new)


def _record(session: Session, actor: Person, product: Product, new: System) -> None:
    digest = hashlib.sha256(product_file.dumps(new).encode()).hexdigest()
    record(session, actor, Action.IMPORT_PRODUCT_FILE, product.name, product_id=product.id, sha256=digest)


@transaction
def create_from_file(session: Session, actor: Person, new: System) -> Product:
    """A new product from its file. Raises `Refusal` at the field `file`."""
    slug = products.slug_of(new.product.id)
    values = CardValues(
        name=new.product.name,
        mission="",
        address="",
        repository="",
        contact="",
        incubators=(new.product.incubator,) if new.product.incubator else (),
        phases=new.product.phases,
    )
    try:
        product = products.add_product(session, actor, values, slug=slug)
    except Refusal as refusal:
        raise Refusal(refusal.args[0], "file") from refusal
    write_system(session, product, new)
    _record(session, actor, product, new)
    return product


def complete_product(session: Session, product: Product, more: System) -> bool:
    """Adds what `more` says and the product has not yet; whether anything was new.

    Raises `Refusal` for what cannot be kept.
    """
    old = analysis.described_system(session, product)
    new = with_additions(old, more)
    if new == old:
        return False
    write_system(session, product, new)
    record(session, None, Action.IMPORT_INFRASTRUCTURE, product.name, product_id=product.id)
    return True


def with_additions(old: System, more: System) -> System:
    """`old` with the components, links, assets and measures of `more` that it has not yet."""
    ids, assets = {c.id for c in old.components}, {a.id for a in old.assets}
    links = {(k.source, k.target, k.kind) for k in old.links}
    placed = {(m.measure, c) for m in old.measures for c in m.on or ("",)}
    return dataclasses.replace(
        old,
        components=(*old.components, *(c for c in more.components if c.id not in ids)),
        links=(*old.links, *(k for k in more.links if (k.source, k.target, k.kind) not in links)),
        assets=(*old.assets, *(a for a in more.assets if a.id not in assets)),
        measures=(
            *old.measures,
            *(m for m in more.measures if placed.isdisjoint((m.measure, c) for c in m.on or ("",))),
        ),
    )


def write_system(session: Session, product: Product, new: System) -> None:
    """Makes the product what `new` says. Raises `Refusal` for what cannot be kept."""
    _storable(new)
    product.extra = product_file.extra_dict(new.product.extra)
    product.file_extra = product_file.extra_dict(new.extra)
    if new.product.phases:
        product.phases = [
            Phase(position=n, name=p.name, start=p.start, end=p.end, extra=product_file.extra_dict(p.extra))
            for n, p in enumerate(new.product.phases)
        ]
    if new.product.contacts:
        product.contacts = [
            Contact(
                name=c.name,
                role=c.role,
                email=c.email or "",
                phone=c.phone or "",
                can_suspend=c.can_suspend,
                extra=product_file.extra_dict(c.extra),
            )
            for c in new.product.contacts
        ]
    session.flush()
    rows = inventory.write_inventory(session, product.id, new.components, new.links)
    analysis.write_assets(session, product.id, new.assets, rows)
    mitigations.write_measures(session, product.id, new.measures, rows)
