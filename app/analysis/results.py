"""Assessments of large products: computed once for a content and a model, beside the site, and kept by their hash.

One of 2,500 components takes a quarter of a minute of a processor, some take ten: a web process never makes one. Small
products are assessed where they are asked for, in some milliseconds.
"""

import dataclasses
import hashlib
import json
import tempfile
from datetime import datetime, timedelta
from functools import lru_cache

from flask import current_app
from sqlalchemy import String, Text, delete, func, select, union_all
from sqlalchemy.orm import Mapped, Session, mapped_column

import risk_models
from app.inventory.models import Component, Link
from app.platform import clock, jobs
from app.platform.database import Base, Database, Instant
from app.platform.jobs import Job
from app.platform.logs import get_logger
from reports.bounded import Bounds, TookTooLong, run_python
from risk_models import catalogue
from risk_models.assessment import Assessment
from risk_models.plain_values import from_plain, plain
from risk_models.scales import View
from risk_models.system import System

LARGE = 400  # components and links; 60 ms of a processor, measured
KIND = "assess_product"
_BOUNDS = Bounds(seconds=1200, processor_seconds=1000, memory=4 << 30, file=1 << 20)
_KEPT = timedelta(days=30)


class StillComputing(Exception):
    """The assessment of a large product is not there yet; its page says so, with the last result."""

    def __init__(self, product: str) -> None:
        super().__init__(product)
        self.product = product


class StoredAssessment(Base):
    """A result, by what it is the result of."""

    __tablename__ = "stored_assessment"

    key: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of content, view and model")
    slug: Mapped[str] = mapped_column(String(100), index=True, comment="of the product that asked for it")
    made_at: Mapped[Instant] = mapped_column(index=True)
    content: Mapped[str] = mapped_column(Text, comment="JSON; empty where it could not be made in the time given")


def assess(system: System, view: View) -> Assessment:
    """The assessment of `system`: made here where it is small, read where it is large. Raises `StillComputing`."""
    if not is_large(system):
        return risk_models.assess(system, view=view)
    try:
        return _stored(current_app.extensions["database"], key_of(system, view))
    except KeyError:
        raise StillComputing(system.product.id) from None


def is_large(system: System) -> bool:
    return len(system.components) + len(system.links) > LARGE


@lru_cache(maxsize=64)
def key_of(system: System, view: View) -> str:
    """What names a result: the content, the day where an end of life makes it matter, the view and the model."""
    day = str(system.as_of) if any(c.eol and c.eol.date for c in system.components) else ""
    text = json.dumps(plain(dataclasses.replace(system, as_of=None)), sort_keys=True)
    whole = "|".join((catalogue.model().version, view.value, day, text))
    return hashlib.sha256(whole.encode()).hexdigest()


@lru_cache(maxsize=16)
def _stored(database: Database, key: str) -> Assessment:
    """Raises `KeyError` where it is not there yet, which is asked again each time."""
    with database.reading() as session:
        content = session.scalar(select(StoredAssessment.content).where(StoredAssessment.key == key))
    if not content:
        raise KeyError(key)
    return from_plain(json.loads(content), Assessment)


def last_of(session: Session, slug: str) -> tuple[datetime, Assessment] | None:
    """The newest result of a product, with its instant."""
    newest = (
        select(StoredAssessment.made_at, StoredAssessment.content)
        .where(StoredAssessment.slug == slug, StoredAssessment.content != "")
        .order_by(StoredAssessment.made_at.desc())
        .limit(1)
    )
    row = session.execute(newest).one_or_none()
    return (row[0], from_plain(json.loads(row[1]), Assessment)) if row else None


def large_products(session: Session) -> list[str]:
    """The ids of those whose components and links are too many for a web process."""
    parts = union_all(select(Component.product_id), select(Link.product_id)).subquery()
    held = select(parts.c.product_id).group_by(parts.c.product_id).having(func.count() > LARGE)
    return list(session.scalars(held))


def enqueue_missing(database: Database) -> None:
    """Asks for the assessment of each large product, unless one is under way; what is there already is not made again."""
    with database.reading() as session:
        ids = large_products(session)
        under_way = select(Job.arguments).where(Job.kind == KIND, Job.done_at.is_(None))
        busy = {arguments["product_id"] for arguments in session.scalars(under_way)} if ids else set()
    wanted = [product_id for product_id in ids if product_id not in busy]
    if wanted:
        with database.writing() as session:
            for product_id in wanted:
                jobs.enqueue(session, KIND, product_id=product_id)


def compute(database: Database, system: System) -> None:
    """Makes and keeps what is missing of `system`, in a process of its own, within bounds."""
    for view in (View.CURRENT, View.RAW):
        key = key_of(system, view)
        with database.reading() as session:
            if session.get(StoredAssessment, key):
                continue
        content = _computed(system, view)
        with database.writing() as session:
            session.execute(delete(StoredAssessment).where(StoredAssessment.made_at < clock.now() - _KEPT))
            session.merge(StoredAssessment(key=key, slug=system.product.id, made_at=clock.now(), content=content))


def _computed(system: System, view: View) -> str:
    """The result as JSON; empty where the bounds were passed."""
    given = json.dumps(plain(system)).encode()
    arguments = ["-m", "risk_models.assessment_child", view.value]
    with tempfile.TemporaryDirectory(prefix="jalon-assess-") as folder:
        try:
            done = run_python(arguments, folder, _BOUNDS, environment={}, given=given)
        except TookTooLong:
            done = None
    if done is None or done.returncode:
        why = done.stderr.decode(errors="replace")[-500:] if done else "time"
        get_logger().error("assessment not made", product=system.product.id, why=why)
        return ""
    return done.stdout.decode()
