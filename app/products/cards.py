"""Startup cards in and out: what a card says of a product, and the infrastructure that it may carry."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.analysis import services as analysis
from app.identity.models import Person
from app.journal.services import record
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.products import files
from app.products import services as products
from app.products.importers.cards import Card, IncubatorCard
from app.products.models import Incubator, Product
from app.products.services import CardValues, phase_values
from risk_models import product_file


@dataclass(slots=True)
class ImportReport:
    """What an import of cards did; `irregular` and `refused` map a slug to what is odd or wrong."""

    incubators_added: int = 0
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    irregular: dict[str, list[object]] = field(default_factory=dict)
    refused: dict[str, object] = field(default_factory=dict)


def create_from_card(session: Session, actor: Person, card: Card) -> Product:
    """A new product from its startup card. Raises `Refusal` at the field `card`."""
    try:
        product = products.add(session, actor, _card_values(card), slug=card.slug)
        if card.infrastructure is not None:
            files.complete(session, product, card.infrastructure)
    except Refusal as refusal:
        raise Refusal(refusal.args[0], "card") from refusal
    session.commit()
    return product


def import_cards(session: Session, incubators: Sequence[IncubatorCard], cards: Sequence[Card]) -> ImportReport:
    """Adds and updates products from their cards in one transaction; running it again changes nothing.

    Of an infrastructure, what the product has not yet is added; what people wrote in Jalon stays.
    """
    report = ImportReport()
    known = {i.slug: i for i in session.scalars(select(Incubator))}
    for incubator in incubators:
        found = known.get(incubator.slug)
        if found is None:
            report.incubators_added += 1
            found = known[incubator.slug] = Incubator(id=new_id(), slug=incubator.slug)
            session.add(found)
        found.name, found.contact = incubator.name, incubator.contact
    session.flush()
    existing = {
        p.slug: p
        for p in session.scalars(
            select(Product).options(
                selectinload(Product.incubators), selectinload(Product.phases), selectinload(Product.contacts)
            )
        )
    }
    for card in cards:
        if card.irregularities:
            report.irregular[card.slug] = [odd.message for odd in card.irregularities]
        _import_one(session, card, existing.get(card.slug), report)
    if report.added or report.changed or report.incubators_added:
        what = f"{len(cards)} cards: {len(report.added)} added, {len(report.changed)} changed"
        record(session, None, "import_cards", what)
    session.commit()
    return report


def _import_one(session: Session, card: Card, product: Product | None, report: ImportReport) -> None:
    values, new = _card_values(card), product is None
    same = product is not None and _values_of(product) == values and product.declared_analysis == card.declared_analysis
    if product is None:
        product = Product(id=new_id(), slug=card.slug, created_at=clock.now())
        product.incubators, product.phases, product.contacts = [], [], []
    if not same:
        try:
            products.write_card(session, product, values)
        except Refusal as refusal:
            report.refused[card.slug] = refusal.args[0]
            return
        product.declared_analysis = card.declared_analysis
        session.add(product)
        session.flush()
    if card.infrastructure is not None:
        try:
            same = not files.complete(session, product, card.infrastructure) and same
        except Refusal as refusal:
            report.irregular.setdefault(card.slug, []).append(refusal.args[0])
    if same:
        report.unchanged += 1
    else:
        record(session, None, "import_card", product.name, product_id=product.id)
        (report.added if new else report.changed).append(card.slug)


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
