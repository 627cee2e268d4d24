"""Assessments of large products: computed once for a content and a model, beside the site, and kept by their hash.

One of 2,500 components takes a quarter of a minute of a processor, some take ten: a web process never makes one. Small
products are assessed where they are asked for, in half a second at most.
"""

import hashlib
import json
import tempfile
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from flask import current_app
from sqlalchemy import String, Text, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

import risk_models
from app.analysis.jobs import AssessProduct
from app.analysis.models import asset_location
from app.inventory.models import Component, Link
from app.journal.models import JournalEntry
from app.platform import clock, jobs
from app.platform.database import Base, Database, Instant
from app.platform.jobs import Job
from app.platform.logs import get_logger
from app.products.models import Product
from reports.bounded import Bounds, TookTooLong, run_python
from risk_models import catalogue
from risk_models.assessment import Assessment, Outlook, Stability
from risk_models.plain_values import from_plain, plain
from risk_models.ranking import sensitivity
from risk_models.ranking.assess import assess_views, measure_effort
from risk_models.ranking.scenarios import Scenario
from risk_models.ranking.scenarios import draw_scenarios as drawn_scenarios
from risk_models.ranking.whole_assessment import WholeAssessment
from risk_models.scales import View
from risk_models.system import System

LARGE = 20_000  # of `effort`; half a second of a processor, measured
_BOUNDS = Bounds(seconds=1200, processor_seconds=1000, memory=4 << 30, file=1 << 20)
_KEPT = timedelta(days=7)


class StillComputing(Exception):
    """The assessment of a large product is not there yet; its page says so, with the last result.

    `given_up`: it could not be made in the time given, and is tried again the next day or once the product changed.
    """

    def __init__(self, product: str, *, given_up: bool) -> None:
        super().__init__(product)
        self.product = product
        self.given_up = given_up


class StoredAssessment(Base):
    """A result, by what it is the result of."""

    __tablename__ = "stored_assessment"

    key: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of content, day and model")
    slug: Mapped[str] = mapped_column(String(100), index=True, comment="of the product that asked for it")
    made_at: Mapped[Instant] = mapped_column(index=True)
    content: Mapped[str] = mapped_column(Text, comment="JSON; empty where it could not be made in the time given")


def read_assessment(system: System, view: View) -> Assessment:
    """The assessment of `system`, with its measures or raw: made here where it is small, read where it is large.

    Raises `StillComputing`, as the three that follow.
    """
    if not is_large(system):
        return risk_models.assess(system, view=view)
    whole = _whole(system)
    return whole.raw if view is View.RAW else whole.current


def read_outlooks(system: System) -> Mapping[View, Outlook]:
    """Without measure, today and once the plan is kept."""
    return _whole(system).outlooks if is_large(system) else assess_views(system)


def read_stability(system: System) -> Stability:
    """How sure each rank is."""
    return _whole(system).stability if is_large(system) else sensitivity.measure_stability(system)


def read_scenarios(system: System) -> tuple[Scenario, ...]:
    """The risk scenarios of the graph, heaviest first."""
    return _whole(system).scenarios if is_large(system) else drawn_scenarios(system)


def _whole(system: System) -> WholeAssessment:
    database, key = current_app.extensions["database"], key_of(system)
    try:
        return _stored(database, key)
    except KeyError:
        with database.reading() as session:
            given_up = session.get(StoredAssessment, key) is not None
        raise StillComputing(system.product.id, given_up=given_up) from None


def is_large(system: System) -> bool:
    return measure_effort(system) > LARGE


@lru_cache(maxsize=64)
def key_of(system: System) -> str:
    """What names a result: the content with its day, for what is late or past is judged on it, and the model."""
    text = json.dumps(plain(system), sort_keys=True)
    return hashlib.sha256(f"{catalogue.model().version}|{text}".encode()).hexdigest()


@lru_cache(maxsize=16)
def _stored(database: Database, key: str) -> WholeAssessment:
    """Raises `KeyError` where it is not there yet, which is asked again each time."""
    with database.reading() as session:
        content = session.scalar(select(StoredAssessment.content).where(StoredAssessment.key == key))
    if not content:
        raise KeyError(key)
    return from_plain(json.loads(content), WholeAssessment)


def last_of(session: Session, slug: str) -> tuple[datetime, Assessment] | None:
    """The newest result of a product, with its instant."""
    newest = (
        select(StoredAssessment.made_at, StoredAssessment.content)
        .where(StoredAssessment.slug == slug, StoredAssessment.content != "")
        .order_by(StoredAssessment.made_at.desc())
        .limit(1)
    )
    row = session.execute(newest).one_or_none()
    return (row[0], from_plain(json.loads(row[1]), WholeAssessment).current) if row else None


def large_products(session: Session) -> list[str]:
    """The ids of those whose ranking asks more than a web process may give: `effort`, read on the rows."""
    components = select(Component.product_id, func.count().label("n")).group_by(Component.product_id).subquery()
    links = select(Link.product_id, func.count().label("n")).group_by(Link.product_id).subquery()
    ways = select(Link.target_id, func.count().label("n")).group_by(Link.target_id).subquery()
    reached = (
        select(Component.product_id, func.sum(1 + func.coalesce(ways.c.n, 0)).label("n"))
        .join(asset_location, asset_location.c.component_id == Component.id)
        .outerjoin(ways, ways.c.target_id == Component.id)
        .group_by(Component.product_id)
        .subquery()
    )
    effort = components.c.n * (func.coalesce(links.c.n, 0) + func.coalesce(reached.c.n, 0))
    held = (
        select(components.c.product_id)
        .outerjoin(links, links.c.product_id == components.c.product_id)
        .outerjoin(reached, reached.c.product_id == components.c.product_id)
        .where(effort > LARGE)
    )
    return list(session.scalars(held))


def enqueue_missing(database: Database) -> None:
    """Asks for the assessment of each large product that changed since its last one, or whose last one is of another day."""
    with database.reading() as session:
        ids = large_products(session)
        if not ids:
            return
        under_way = select(Job.arguments).where(
            Job.kind == AssessProduct.kind, Job.done_at.is_(None), Job.attempts < jobs.MAX_ATTEMPTS
        )
        busy = {arguments["product_id"] for arguments in session.scalars(under_way)}
        made = dict(
            session.execute(
                select(StoredAssessment.slug, func.max(StoredAssessment.made_at)).group_by(StoredAssessment.slug)
            ).all()
        )
        changed = dict(
            session.execute(
                select(JournalEntry.product_id, func.max(JournalEntry.at))
                .where(JournalEntry.product_id.in_(ids))
                .group_by(JournalEntry.product_id)
            ).all()
        )
        slugs = dict(session.execute(select(Product.id, Product.slug).where(Product.id.in_(ids))).all())
    wanted = [i for i in ids if i not in busy and _is_due(made.get(slugs[i]), changed.get(i))]
    if wanted:
        with database.writing() as session:
            for product_id in wanted:
                jobs.enqueue(session, AssessProduct(product_id))


def _is_due(made_at: datetime | None, changed_at: datetime | None) -> bool:
    """Whether a result made then is of another day, or of before the last change."""
    if made_at is None or made_at.astimezone(clock.PARIS).date() < clock.today():
        return True
    return changed_at is not None and changed_at >= made_at


_ONE_AT_ONCE = threading.Lock()


def compute_result(database: Database, system: System, product_id: str) -> None:
    """Makes and keeps the result of `system` where it is missing, in a process of its own, within bounds.

    One at a time in a worker, whose other thread goes on with mails and documents: another comes again in a minute.
    """
    key = key_of(system)
    with database.reading() as session:
        if session.get(StoredAssessment, key):
            return
    if not _ONE_AT_ONCE.acquire(blocking=False):
        with database.writing() as session:
            jobs.enqueue(session, AssessProduct(product_id), run_after=clock.now() + timedelta(minutes=1))
        return
    try:
        content = _computed(system)
    finally:
        _ONE_AT_ONCE.release()
    with database.writing() as session:
        session.execute(delete(StoredAssessment).where(StoredAssessment.made_at < clock.now() - _KEPT))
        session.merge(StoredAssessment(key=key, slug=system.product.id, made_at=clock.now(), content=content))


def _computed(system: System) -> str:
    """The result as JSON; empty where its time was passed. Raises `RuntimeError` for any other failure, to be tried again."""
    with tempfile.TemporaryDirectory(prefix="jalon-assess-") as folder:
        try:
            done = run_python(
                ["-m", "risk_models.ranking.assessment_child"],
                folder,
                _BOUNDS,
                environment={},
                given=json.dumps(plain(system)).encode(),
            )
        except TookTooLong:
            get_logger().error("assessment took too long", product=system.product.id)
            return ""
    if done.returncode:
        raise RuntimeError(f"assessment of {system.product.id}: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout.decode()
