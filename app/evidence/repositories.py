"""Which repository an incubator's connector reads of each product: the one of its card, once the incubator has said so.

The team writes the card. Without the incubator's word, a team would lead the incubator's token to the repository of
another product, and show its alerts as its own.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence.jobs import RunConnector
from app.evidence.kinds import ConnectorKind
from app.evidence.models import ConfirmedRepository, Connector
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.jobs import enqueue
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Incubator, Product

_REPOSITORY = re.compile(r"(?:https?://github\.com/)?([A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}?)(?:\.git)?/?")


@dataclass(frozen=True, slots=True)
class CardRepository:
    """A repository that a product's card names in a connector's organisation, and who confirmed it, if anybody."""

    product: Product
    repository: str
    confirmed: ConfirmedRepository | None

    @property
    def key(self) -> str:
        """What the incubator ticks: it holds for this repository of this product, and for no later one."""
        return f"{self.product.id}:{self.repository}"


def read_repository_name(address: str) -> str | None:
    """`owner/name` of an address or of that very form, as GitHub names repositories; none for anything else."""
    match = _REPOSITORY.fullmatch(address.strip())
    return match[1] if match and ".." not in match[1] else None


def card_repositories(session: Session, connector: Connector) -> list[CardRepository]:
    """Of an incubator's GitHub connector: the repositories of its products' cards within its organisation, by product."""
    if connector.kind is not ConnectorKind.GITHUB or connector.incubator_id is None:
        return []
    confirmed = {
        row.product_id: row
        for row in session.scalars(
            select(ConfirmedRepository).where(ConfirmedRepository.connector_id == connector.id)
        ).all()
    }
    found = []
    for product in _products(session, connector):
        name = _within(connector, product)
        if name is not None:
            row = confirmed.get(product.id)
            same = row is not None and row.repository.lower() == name.lower()
            found.append(CardRepository(product, name, row if same else None))
    return found


def _within(connector: Connector, product: Product) -> str | None:
    """The repository of the product's card, where it is one of the connector's organisation."""
    name = read_repository_name(product.repository)
    return name if name is not None and name.partition("/")[0].lower() == connector.address.lower() else None


def _products(session: Session, connector: Connector) -> Sequence[Product]:
    return session.scalars(
        select(Product)
        .where(Product.incubators.any(Incubator.id == connector.incubator_id), Product.archived_on.is_(None))
        .order_by(Product.name, Product.id)
    ).all()


def repositories_read(session: Session, connector: Connector, products: Sequence[Product]) -> dict[str, str]:
    """By product id, the one repository that a GitHub connector reads: the card's; for an incubator, once confirmed."""
    if connector.incubator_id is not None:
        return {one.product.id: one.repository for one in card_repositories(session, connector) if one.confirmed}
    named = {product.id: read_repository_name(product.repository) or "" for product in products}
    return {key: name for key, name in named.items() if name.lower() == connector.address.lower()}


def standing_repositories(session: Session, product_ids: Collection[str]) -> dict[str, set[str]]:
    """By product id, in small letters: the repositories of which what is read speaks of the product.

    The card's own, where the product's connector reads it or an incubator of the product confirmed it.
    """
    said = select(Product.id, Product.repository, Connector.address).join(Connector, Connector.product_id == Product.id)
    confirmed = (
        select(Product.id, Product.repository, ConfirmedRepository.repository)
        .join(ConfirmedRepository, ConfirmedRepository.product_id == Product.id)
        .join(Connector, Connector.id == ConfirmedRepository.connector_id)
        .where(Product.incubators.any(Incubator.id == Connector.incubator_id))
    )
    standing: dict[str, set[str]] = {product_id: set() for product_id in product_ids}
    for statement in (said.where(Connector.kind == ConnectorKind.GITHUB), confirmed):
        for product_id, card, name in session.execute(statement.where(Product.id.in_(product_ids))):
            if (read_repository_name(card) or "").lower() == name.lower():
                standing[product_id].add(name.lower())
    return standing


def waits_for_confirmation(session: Session, product: Product, shared: Sequence[Connector]) -> set[str]:
    """Ids of the incubators' connectors that would read the card's repository, had their incubator confirmed it."""
    confirmed = {
        row.connector_id: row.repository.lower()
        for row in session.scalars(select(ConfirmedRepository).where(ConfirmedRepository.product_id == product.id))
    }
    named = {c.id: _within(c, product) for c in shared if c.kind is ConnectorKind.GITHUB}
    return {key for key, name in named.items() if name is not None and confirmed.get(key) != name.lower()}


@transaction
def confirm_repositories(session: Session, actor: Person, connector: Connector, keys: Collection[str]) -> int:
    """Notes that the repositories ticked are those of their products; how many. Raises `Refusal` if a card changed."""
    listed = {one.key: one for one in card_repositories(session, connector)}
    if not keys:
        raise Refusal(_l("Cochez les dépôts que vous confirmez."))
    if not set(keys) <= listed.keys():
        raise Refusal(_l("Une fiche a changé depuis que cette page est affichée : relisez les dépôts."))
    fresh = [listed[key] for key in sorted(keys) if listed[key].confirmed is None]
    for one in fresh:
        row = session.get(ConfirmedRepository, (connector.id, one.product.id))
        if row is None:
            row = ConfirmedRepository(connector_id=connector.id, product_id=one.product.id)
            session.add(row)
        row.repository, row.confirmed_by, row.confirmed_at = one.repository, actor.name, clock.now()
        said = {"product_id": one.product.id, "incubator": connector.incubator_id}
        record(session, actor, Action.CONFIRM_REPOSITORY, one.repository, **said)
    enqueue(session, RunConnector(connector.id))
    return len(fresh)


@transaction
def withdraw_repository(session: Session, actor: Person, connector: Connector, product_id: str) -> None:
    """Takes a confirmation back: the repository is read no more, what was read of it is lost at the next reading."""
    row = session.get(ConfirmedRepository, (connector.id, product_id))
    if row is None:
        return
    said = {"product_id": product_id, "incubator": connector.incubator_id}
    record(session, actor, Action.WITHDRAW_REPOSITORY, row.repository, **said)
    session.delete(row)
    enqueue(session, RunConnector(connector.id))
