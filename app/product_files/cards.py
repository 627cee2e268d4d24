"""Startup cards in and out: what a card says of a product, and the infrastructure that it may carry."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ruamel.yaml import YAML
from sqlalchemy import select, true
from sqlalchemy.orm import Session, selectinload

from app.analysis import services as analysis
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import changes_of, record
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.product_files import files
from app.products import moves
from app.products import services as products
from app.products.changes import hold_products
from app.products.importers.cards import Card, IncubatorCard
from app.products.importers.collections import Collection
from app.products.models import Incubator, Product
from app.products.services import CardValues, phase_values
from risk_models import product_file
from risk_models.rules import schedule
from risk_models.scales import PhaseName
from risk_models.system import Phase


class Archiving(StrEnum):
    """Why a product leaves the lists."""

    ABANDONED = "abandoned"
    GONE = "gone"


_ABANDONED = {PhaseName.ABANDON, PhaseName.ABANDON_INVESTIGATION}


@dataclass(frozen=True, slots=True)
class CardDifference:
    """One thing that a card says otherwise; `what` is one of the words `card_parts`."""

    what: str
    before: str
    after: str


@dataclass(slots=True)
class ImportReport:
    """What an import of cards did, by slug; `gone` were seen before and are not among the cards, `irregular` and
    `refused` tell what is odd or wrong."""

    incubators_added: int = 0
    added: list[str] = field(default_factory=list)
    changed: dict[str, list[CardDifference]] = field(default_factory=dict)
    unchanged: int = 0
    gone: list[str] = field(default_factory=list)
    archived: dict[str, Archiving] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)
    irregular: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@transaction
def create_from_card(session: Session, actor: Person, card: Card) -> Product:
    """A new product from its startup card. Raises `Refusal` at the field `card`."""
    try:
        product = products.add_product(session, actor, _card_values(card), slug=card.slug)
        product.from_card = True
        if card.infrastructure is not None:
            files.complete_product(session, product, card.infrastructure)
    except Refusal as refusal:
        raise Refusal(refusal.args[0], "card") from refusal
    return product


def import_cards(session: Session, actor: Person | None, read: Collection, *, archive_gone: bool) -> ImportReport:
    """Adds and updates products from their cards; running it again changes nothing.

    Of an infrastructure, what the product has not yet is added; what people wrote in Jalon stays. Abandoned products are
    archived, and with `archive_gone` those whose card is no longer there.
    """
    report = ImportReport(refused=dict(read.refused))
    _write_incubators(session, read.incubators, report)
    hold_products(session, true())
    existing = {
        p.slug: p
        for p in session.scalars(
            select(Product).options(
                selectinload(Product.incubators), selectinload(Product.phases), selectinload(Product.contacts)
            )
        )
    }
    for card in read.cards:
        if card.irregularities:
            report.irregular[card.slug] = [str(odd.message) for odd in card.irregularities]
        _import_one(session, actor, card, existing.get(card.slug), report)
    present = read.slugs
    for product in existing.values():
        if product.from_card and product.archived_on is None and product.slug not in present:
            report.gone.append(product.slug)
            if archive_gone:
                _archive(session, actor, product, Archiving.GONE, report)
    if report.added or report.changed or report.incubators_added or report.archived or report.restored:
        what = f"{len(read.cards)} cards: {len(report.added)} added, {len(report.changed)} changed, {len(report.archived)} archived"
        record(session, actor, Action.IMPORT_CARDS, what)
    return report


def _write_incubators(session: Session, incubators: Sequence[IncubatorCard], report: ImportReport) -> None:
    known = {i.slug: i for i in session.scalars(select(Incubator))}
    for incubator in incubators:
        found = known.get(incubator.slug)
        if found is None:
            report.incubators_added += 1
            found = known[incubator.slug] = Incubator(id=new_id(), slug=incubator.slug)
            session.add(found)
        found.name, found.contact = incubator.name, incubator.contact
    session.flush()


def _import_one(
    session: Session, actor: Person | None, card: Card, product: Product | None, report: ImportReport
) -> None:
    values, new = _card_values(card), product is None
    if product is None:
        product = Product(id=new_id(), slug=card.slug, created_at=clock.now())
        product.incubators, product.phases, product.contacts = [], [], []
    changes, before = _differences(product, card), list(product.incubators)
    said: dict[str, dict[str, str]] = {}
    if changes:
        try:
            wanted = products.write_card(session, product, values)
        except Refusal as refusal:
            report.refused[f"startups/{card.slug}"] = str(refusal)
            return
        if card.declared_analysis is not None:
            product.declared_analysis = card.declared_analysis
        session.add(product)
        said = changes_of(product)
        if not new and _is_asked_already(session, actor, product, before, wanted):
            changes = [change for change in changes if change.what != "incubators"]
    product.from_card = True
    session.flush()
    if card.infrastructure is not None:
        try:
            if files.complete_product(session, product, card.infrastructure):
                changes.append(CardDifference("infrastructure", "", str(len(card.infrastructure.components))))
        except Refusal as refusal:
            report.irregular.setdefault(card.slug, []).append(str(refusal))
    if changes:
        record(session, actor, Action.IMPORT_CARD, product.name, product_id=product.id, **said)
    if new:
        report.added.append(card.slug)
    elif changes:
        report.changed[card.slug] = changes
    else:
        report.unchanged += 1
    _follow_phase(session, actor, product, report)


def _is_asked_already(
    session: Session, actor: Person | None, product: Product, before: list[Incubator], wanted: list[Incubator]
) -> bool:
    """A card only proposes other incubators: they are asked, unless they have been and have not answered yet."""
    product.incubators = before
    asked = moves.is_asked(session, product, wanted)
    if not asked:
        moves.propose_move(session, actor, product, wanted)
    return asked


def _follow_phase(session: Session, actor: Person | None, product: Product, report: ImportReport) -> None:
    """A card of an abandoned product archives it; one that lives again puts it back in the lists."""
    phase = schedule.current_phase(phase_values(product.phases), clock.today())
    abandoned = phase is not None and phase.name in _ABANDONED
    if abandoned and product.archived_on is None:
        _archive(session, actor, product, Archiving.ABANDONED, report)
    elif not abandoned and product.archived_on is not None:
        products.put_back(session, actor, product)
        report.restored.append(product.slug)


def _archive(session: Session, actor: Person | None, product: Product, why: Archiving, report: ImportReport) -> None:
    product.archived_on = clock.today()
    record(session, actor, Action.ARCHIVE_PRODUCT, product.name, product_id=product.id, why=why.value)
    report.archived[product.slug] = why


def _differences(product: Product, card: Card) -> list[CardDifference]:
    """What `card` says otherwise than `product`, in the order of the words `card_parts`."""
    old, new = _values_of(product), _card_values(card)
    pairs = {
        "name": (old.name if product.name else "", new.name),
        "mission": (old.mission, new.mission),
        "address": (old.address, new.address),
        "repository": (old.repository, new.repository),
        "contact": (old.contact, new.contact),
        "incubators": (", ".join(sorted(old.incubators)), ", ".join(sorted(new.incubators))),
        "phases": (_said(old.phases), _said(new.phases)),
    }
    if card.declared_analysis is not None:
        pairs["analysis"] = (_yes(product.declared_analysis), _yes(card.declared_analysis))
    return [CardDifference(what, *pair) for what, pair in pairs.items() if pair[0] != pair[1]]


def _said(phases: Sequence[Phase]) -> str:
    return " ; ".join(f"{p.name.value} {p.start}{f' → {p.end}' if p.end else ''}" for p in phases)


def _yes(said: bool | None) -> str:  # noqa: FBT001 - true, false, or never said
    return "" if said is None else str(said).lower()


def _card_values(card: Card) -> CardValues:
    return CardValues(
        card.name, card.mission, card.address, card.repository, card.contact, card.incubators, card.phases
    )


def _values_of(product: Product) -> CardValues:
    return CardValues(
        product.name,
        product.mission,
        product.address,
        product.repository,
        product.contact,
        tuple(i.slug for i in product.incubators),
        phase_values(product.phases),
    )


def export_card(session: Session, product: Product) -> str:
    """The product's card, its infrastructure as `product-file.md` describes it."""
    system = product_file.to_dict(analysis.described_system(session, product))
    front = {
        "title": product.name,
        "mission": product.mission,
        "incubators": [i.slug for i in product.incubators],
        "link": product.address,
        "repository": product.repository,
        "contact": product.contact,
        "phases": system["product"].get("phases"),
        "analyse_risques": product.declared_analysis,
        "infrastructure": {
            key: system[key] for key in ("components", "links", "assets", "measures") if system.get(key)
        },
    }
    yaml = YAML()
    yaml.default_flow_style = False
    out = io.StringIO()
    yaml.dump({key: value for key, value in front.items() if value not in (None, "", [], {})}, out)
    return f"---\n{out.getvalue()}---\n"
