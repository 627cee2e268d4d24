"""dashlord's report as evidence of many products at once: a table of states first, then written in one transaction."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence import services, sightings
from app.evidence.importers import Reading, dashlord_checks
from app.evidence.importers.dashlord import read_items
from app.evidence.kinds import EvidenceSource
from app.evidence.models import Evidence
from app.evidence.sightings import ScanPreview
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models.rules.evidence import Observation, state_on
from risk_models.scales import Check, ObservationState, ProofState


@dataclass(frozen=True, slots=True)
class SiteStates:
    """One site of a report: the product it is linked to, and the state of each check as of its own date."""

    url: str
    product: Product | None
    readings: Mapping[Check, Reading]
    states: Mapping[Check, ProofState]
    newest: date  # of the tools that tell one: what the others are dated by


def read_sites(session: Session, content: bytes, *, products: Collection[str] | None) -> list[SiteStates]:
    """What a report says, site by site, in its order. Raises `Refusal`; a mere list of sites gives none."""
    items, _ = read_items(content)
    reports = [(item, site) for item, site in items if any(tool in item for tool in dashlord_checks.TOOLS)]
    linked = sightings.products_by_address(session, [site for _, site in reports], products=products)
    today = clock.today()
    found = []
    for item, site in reports:
        readings = {r.check: r for r in dashlord_checks.read_site(item, site.url)}
        newest = max((r.observed_on for r in readings.values() if r.observed_on), default=today)
        states = {
            check: state_on(Observation(r.subject, r.state, r.holds, *services.dates_of(r, min(newest, today))), today)
            for check, r in readings.items()
        }
        found.append(SiteStates(site.url, linked.get(site.url), readings, states, min(newest, today)))
    return found


def _goodness(reading: Reading) -> tuple[int, list[int]]:
    """What is worst comes first: seen to fail, not seen, then seen to hold; of two alike, the worst grade."""
    seen = reading.state is ObservationState.SEEN
    return (2 if reading.holds else 0) if seen else 1, [-ord(letter) for letter in reading.grade]


@transaction
def import_report(
    session: Session, actor: Person | None, content: bytes, file_name: str, *, products: Collection[str] | None
) -> ScanPreview:
    """Writes what dashlord's file may be of the inventory and what it proves, in one transaction. Raises `Refusal`."""
    done = sightings.write_sightings(session, actor, content, file_name, products=products)
    record(session, actor, Action.IMPORT_REPORT, file_name, sha256=hashlib.sha256(content).hexdigest())
    write_scan(session, content, actor.name if actor else file_name, products=products)
    return done


def write_scan(session: Session, content: bytes, by: str, *, products: Collection[str] | None) -> int:
    """Writes a report's readings for the products with these ids (None: all).

    A tool that tells no date is as old as the newest that does, on the same site. Gives how many states changed.
    """
    sites = read_sites(session, content, products=products)
    digest = hashlib.sha256(content).hexdigest()
    by_product: dict[str, list[SiteStates]] = {}
    for site in sites:
        if site.product:
            by_product.setdefault(site.product.id, []).append(site)
    changed = 0
    for group in by_product.values():
        product = group[0].product
        if product is None:
            continue
        readings: dict[tuple[Check, str], Reading] = {}
        for site in group:
            for reading in site.readings.values():
                told = replace(reading, dated_by=site.newest)
                one = (reading.check, reading.subject)
                # Of a site that stands twice, the worst that is seen.
                readings[one] = min(told, readings.get(one, told), key=_goodness)
        arrival = services.Arrival(EvidenceSource.DASHLORD, by, digest, clock.today())
        changed += services.write_readings(session, product, list(readings.values()), arrival)
        followed = set(
            session.scalars(
                select(Evidence.subject).where(
                    Evidence.product_id == product.id, Evidence.source == EvidenceSource.DASHLORD
                )
            )
        )
        services.forget_subjects(
            session, product, EvidenceSource.DASHLORD, followed - {site.url[:500] for site in group}, by
        )
    return changed
