"""Hints: imported for many products at once, then confirmed or set aside by each product's people."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence.importers.dashlord import SeenThing, Site, host_of, read_dashlord
from app.evidence.kinds import SightingKind, SightingState
from app.evidence.models import Sighting
from app.identity.models import Person
from app.inventory import component_catalogue
from app.inventory import services as inventory
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.database import in_batches, new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models import catalogue
from risk_models.catalogue import UsualComponent
from risk_models.scales import ComponentKind, Hosting


@dataclass(frozen=True, slots=True)
class ProductSightings:
    """What an import does to one product's sightings."""

    product: Product
    sites: tuple[str, ...]
    added: tuple[SeenThing, ...]
    changed: tuple[SeenThing, ...]
    gone: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class ScanPreview:
    """`unlinked`: addresses that are no known product's; `odd`: entries that could not be read."""

    products: tuple[ProductSightings, ...]
    unlinked: tuple[str, ...]
    odd: tuple[str, ...]

    @property
    def count(self) -> int:
        return sum(len(p.added) for p in self.products)


def preview_report(session: Session, content: bytes, *, products: Collection[str] | None) -> ScanPreview:
    """What importing dashlord's file would do to the products with these ids (None: all). Raises `Refusal`."""
    sites, odd = read_dashlord(content)
    statement = select(Product)
    known = session.scalars(statement if products is None else statement.where(Product.id.in_(products))).all()
    linked, unlinked = _linked(known, sites, _named_elsewhere(session, known, sites))
    standing: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in session.scalars(select(Sighting).where(Sighting.product_id.in_(list(linked)))):
        standing[sighting.product_id].append(sighting)
    inventories = inventory.read_many(session, list(linked))
    by_id = {p.id: p for p in known}
    found = [
        _compared(by_id[i], linked[i], standing[i], {c.name.lower() for c in inventories[i].components})
        for i in sorted(linked, key=lambda i: by_id[i].name.lower())
    ]
    return ScanPreview(tuple(found), tuple(unlinked), tuple(odd))


def products_by_address(
    session: Session, sites: Sequence[Site], *, products: Collection[str] | None
) -> dict[str, Product]:
    """By address, the product that a site belongs to, among those with these ids (None: all)."""
    statement = select(Product)
    known = session.scalars(statement if products is None else statement.where(Product.id.in_(products))).all()
    linked, _ = _linked(known, sites, _named_elsewhere(session, known, sites))
    by_id = {p.id: p for p in known}
    return {site.url: by_id[product_id] for product_id, group in linked.items() for site in group}


def _named_elsewhere(session: Session, products: Sequence[Product], sites: Sequence[Site]) -> set[str]:
    """The ids, among those that sites name, of products that are not among `products`."""
    named = {site.beta_id for site in sites if site.beta_id} - {product.slug for product in products}
    return {
        slug
        for some in in_batches(named)
        for slug in session.scalars(select(Product.slug).where(Product.slug.in_(some)))
    }


def _linked(
    products: Iterable[Product], sites: Iterable[Site], of_others: Collection[str]
) -> tuple[dict[str, list[Site]], list[str]]:
    """Sites by product: by beta.gouv.fr's id first, then by repository, then by address. `of_others`: ids of products that
    are not looked at, whose sites are nobody else's."""
    by_slug: dict[str, str] = {}
    by_repository: dict[str, str] = {}
    by_address: dict[tuple[str, str], set[str]] = defaultdict(set)
    for product in products:
        by_slug[product.slug] = product.id
        if product.repository:
            by_repository["/".join(product.repository.lower().removesuffix(".git").rstrip("/").split("/")[-2:])] = (
                product.id
            )
        if host := host_of(product.address):
            by_address[host, urlsplit(product.address).path.rstrip("/")].add(product.id)
    linked: dict[str, list[Site]] = defaultdict(list)
    unlinked = []
    for site in sites:
        named = (by_slug.get(site.beta_id), *(by_repository.get(r) for r in site.repositories))
        product_id = next(filter(None, named), None) or _at_address(by_address, site)
        if site.beta_id in of_others:
            product_id = None
        if product_id:
            linked[product_id].append(site)
        else:
            unlinked.append(site.url)
    return linked, unlinked


def _at_address(products: Mapping[tuple[str, str], set[str]], site: Site) -> str | None:
    """The product whose address is the longest that holds the site; none where several share it."""
    path = urlsplit(site.url).path.rstrip("/")
    while True:
        if found := products.get((site.host, path)):
            return next(iter(found)) if len(found) == 1 else None
        if not path:
            break
        path = path.rpartition("/")[0]
    # A site that is all of a host is that of the one product which says to live there.
    beneath = {i for (host, _), ids in products.items() if host == site.host for i in ids}
    return next(iter(beneath)) if len(beneath) == 1 and not urlsplit(site.url).path.rstrip("/") else None


def _compared(
    product: Product, sites: Sequence[Site], standing: Iterable[Sighting], described: Collection[str]
) -> ProductSightings:
    """What nobody knows yet; what a component already bears as its name is no sighting."""
    seen = {(s.kind, s.name.lower()): s for site in sites for s in site.seen if s.name.lower() not in described}
    known = {(h.kind, h.name.lower()): h for h in standing}
    return ProductSightings(
        product=product,
        sites=tuple(site.url for site in sites),
        added=tuple(s for key, s in seen.items() if key not in known),
        changed=tuple(
            s
            for key, s in seen.items()
            if key in known and (s.version, s.seen_on[:500]) != (known[key].version, known[key].seen_on)
        ),
        gone=tuple(h for key, h in known.items() if key not in seen and h.state is SightingState.NEW),
    )


def write_sightings(
    session: Session, actor: Person | None, content: bytes, file_name: str, *, products: Collection[str] | None
) -> ScanPreview:
    """Writes the sightings of dashlord's file; what people decided of one stays. Raises `Refusal`."""
    digest = hashlib.sha256(content).hexdigest()
    done = preview_report(session, content, products=products)
    dated = {site.url: site.dated for site in read_dashlord(content)[0]}
    for one in done.products:
        when = max(filter(None, (dated[url] for url in one.sites)), default=None)
        rows = {
            (h.kind, h.name.lower()): h
            for h in session.scalars(select(Sighting).where(Sighting.product_id == one.product.id))
        }
        for seen in (*one.added, *one.changed):
            row = rows.get((seen.kind, seen.name.lower())) or Sighting(
                id=new_id(), product_id=one.product.id, kind=seen.kind, name=seen.name, state=SightingState.NEW
            )
            row.version, row.cpe, row.seen_on = seen.version, seen.cpe, seen.seen_on[:500]
            row.file_name, row.sha256, row.dated, row.imported_at = file_name[:200], digest, when, clock.now()
            session.add(row)
        for gone in one.gone:
            session.delete(gone)
        if one.added or one.changed or one.gone:
            record(
                session,
                actor,
                Action.IMPORT_SIGHTINGS,
                file_name,
                product_id=one.product.id,
                sha256=digest,
                added=len(one.added),
                gone=len(one.gone),
            )
    return done


def sightings_of(session: Session, product_id: str) -> list[Sighting]:
    """A product's sightings, those to decide first, surest kinds first."""
    kinds, states = list(SightingKind), list(SightingState)
    found = session.scalars(select(Sighting).where(Sighting.product_id == product_id))
    return sorted(found, key=lambda h: (states.index(h.state), kinds.index(h.kind), h.name.lower()))


def count_undecided(session: Session, product_id: str) -> int:
    return sum(h.state is SightingState.NEW for h in sightings_of(session, product_id))


@transaction
def accept_sightings(session: Session, actor: Person, product: Product, ids: Collection[str]) -> int:
    """Each sighting becomes a component, described as the catalogue usually does and still to confirm. Raises `Refusal`."""
    chosen = _chosen(session, product, ids)
    known = {name: one for one in component_catalogue.known_usual_components(session) for name in one.names}
    taken = {c.name.lower() for c in inventory.read_inventory(session, product.id).components}
    for sighting in chosen:
        component = _component(sighting, known.get(sighting.name.lower()))
        if component["name"].lower() not in taken:
            taken.add(component["name"].lower())
            inventory.add_assumed(session, product, **component)
        _decide(sighting, actor, SightingState.ACCEPTED, "")
    record(session, actor, Action.ACCEPT_SIGHTINGS, ", ".join(h.name for h in chosen), product_id=product.id)
    return len(chosen)


@transaction
def dismiss_sightings(session: Session, actor: Person, product: Product, ids: Collection[str], reason: str) -> int:
    """Sets sightings aside; they come back in no later import. Raises `Refusal`."""
    chosen = _chosen(session, product, ids)
    for sighting in chosen:
        _decide(sighting, actor, SightingState.DISMISSED, reason[:500])
    record(
        session,
        actor,
        Action.DISMISS_SIGHTINGS,
        ", ".join(h.name for h in chosen),
        product_id=product.id,
        reason=reason[:500],
    )
    return len(chosen)


def _chosen(session: Session, product: Product, ids: Collection[str]) -> list[Sighting]:
    found = [h for h in sightings_of(session, product.id) if h.id in ids and h.state is SightingState.NEW]
    if not found:
        raise Refusal(_l("Cochez au moins un indice qui n’a pas encore de réponse."))
    return found


def _decide(sighting: Sighting, actor: Person, state: SightingState, reason: str) -> None:
    sighting.state, sighting.reason, sighting.decided_by, sighting.decided_at = state, reason, actor.name, clock.now()


_KIND = {
    SightingKind.TECHNOLOGY: ComponentKind.OTHER,
    SightingKind.THIRD_PARTY: ComponentKind.EXTERNAL_API,
    SightingKind.BANNER: ComponentKind.NETWORK,
    SightingKind.IMAGE: ComponentKind.WEB,
}


def _component(sighting: Sighting, known: UsualComponent | None) -> Mapping[str, Any]:
    kind = known.kind if known else _KIND[sighting.kind]
    hosting, exposure = (known.hosting, known.exposure) if known else catalogue.defaults_by_kind()[kind]
    if sighting.kind is SightingKind.THIRD_PARTY:
        hosting = Hosting.SAAS
    return {
        "name": known.name if known else sighting.name,
        "kind": kind,
        "hosting": hosting,
        "exposure": exposure,
        "supplier": known.supplier if known else "",
        "version": sighting.version,
        "purl": known.purl if known else "",
        "cpe": sighting.cpe or (known.cpe if known else ""),
        "eol_product": known.eol_product if known else "",
    }
