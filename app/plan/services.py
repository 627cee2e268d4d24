"""The action plan of a product: proofs to renew, what is planned, what is worth deciding; and the loss over time."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.analysis import services as analysis
from app.analysis.models import EssentialAsset
from app.journal.models import JournalEntry
from app.mitigations.models import LossPoint
from app.platform import clock
from app.platform.csv_safety import defuse_formula
from app.platform.database import Database
from app.platform.i18n import EFFORT_WORDS, language
from app.products.models import Product
from risk_models import catalogue
from risk_models.assessment import Assessment
from risk_models.ranking.burn_down import LossOn
from risk_models.scales import CLAIMED, MeasureStatus
from risk_models.system import Measure, System

_AT_ONCE = 20  # products whose loss is noted at each sweep
# The longest, when summer time ends.
_DAY = timedelta(hours=25)


class PlanKind(StrEnum):
    """What a line of the plan asks for."""

    RESTORE = "restore"
    RENEW_PROOF = "renew_proof"
    PLANNED = "planned"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class PlanLine:
    """`avoided`: points of loss a year, alone; None where the ranking gives it no figure."""

    kind: PlanKind
    measure: str
    on: tuple[str, ...]
    avoided: float | None
    effort: int
    due: date | None
    owner: str
    inherited_from: str

    @property
    def late(self) -> bool:
        return self.due is not None and self.due < clock.today()

    def name(self) -> str:
        kind = catalogue.measures().get(self.measure)
        return kind.name.in_(language()) if kind else self.measure


def read_plan(system: System, assessment: Assessment) -> list[PlanLine]:
    """In the ranking's order, best effect for the effort first; then what it gives no figure, soonest first."""
    decided = {(m.measure, tuple(sorted(set(m.on)))): m for m in system.measures}
    order = {(p.measure, p.on): (n, p) for n, p in enumerate(assessment.action_plan)}
    found: list[tuple[tuple[int, date, str], PlanLine]] = []
    for key, m in decided.items():
        kind = _kind(m)
        if kind is not None:
            number, item = order.get(key, (len(order), None))
            effort = item.effort if item else _effort(m.measure)
            line = PlanLine(
                kind,
                m.measure,
                m.on,
                item.loss_avoided_alone if item else None,
                effort,
                m.due,
                m.owner or "",
                m.inherited_from or "",
            )
            found.append(((number, m.due or date.max, m.measure), line))
    for key, (number, p) in order.items():
        if key not in decided or decided[key].status is MeasureStatus.TO_DO:
            line = PlanLine(PlanKind.PROPOSED, p.measure, p.on, p.loss_avoided_alone, p.effort, None, "", "")
            found.append(((number, date.max, p.measure), line))
    return [line for _, line in sorted(found, key=lambda pair: pair[0])]


def _kind(m: Measure) -> PlanKind | None:
    if m.status is MeasureStatus.PLANNED:
        return PlanKind.PLANNED
    if m.status not in CLAIMED or catalogue.proof_weight(m.proof) == 1:
        return None
    return PlanKind.RENEW_PROOF if catalogue.proof_weight(m.proof) else PlanKind.RESTORE


def _effort(measure: str) -> int:
    kind = catalogue.measures().get(measure)
    return kind.effort if kind else 3


def as_csv(
    found: Sequence[PlanLine], names: dict[str, str], titles: Sequence[str], words: dict[PlanKind, str]
) -> bytes:
    """The plan for a spreadsheet; a text that it would run as a formula is preceded by an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(titles)
    for n, x in enumerate(found, start=1):
        row = [
            str(n),
            words[x.kind],
            x.name(),
            ", ".join(names.get(c, c) for c in x.on),
            f"{x.avoided:.2f}".replace(".", ",") if x.avoided is not None else "",
            str(EFFORT_WORDS[x.effort]),
            x.due.isoformat() if x.due else "",
            x.owner,
            x.inherited_from,
        ]
        writer.writerow([defuse_formula(cell) for cell in row])
    return ("\ufeff" + out.getvalue()).encode()


def as_ics(found: Sequence[PlanLine], product: Product, stamp: datetime, link: str) -> bytes:
    """Planned measures as all-day events; a measure keeps its identifier when its date moves."""
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//Jalon//FR")
    calendar.add("version", "2.0")
    for x in found:
        if x.due is None:
            continue
        event = Event()
        event.add("uid", f"{product.id}-{x.measure}-{'.'.join(x.on) or 'all'}@jalon")
        event.add("dtstamp", stamp)
        event.add("summary", f"{x.name()} – {product.name}")
        event.add("description", "\n".join(filter(None, (x.owner, link))))
        event.add("dtstart", x.due)
        event.add("dtend", x.due + timedelta(days=1))
        event.add("url", link)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def as_issue(found: Sequence[PlanLine], names: dict[str, str], words: dict[PlanKind, str]) -> str:
    """The plan as a list of tasks in Markdown, ready to paste in an issue; names cannot make markup or mentions."""
    rows = []
    for x in found:
        on = ", ".join(_plain(names.get(c, c)) for c in x.on)
        more = [words[x.kind]]
        more += [f"−{x.avoided:.1f}"] if x.avoided is not None else []
        more += [x.due.isoformat()] if x.due else []
        more += [_plain(x.owner)] if x.owner else []
        rows.append(f"- [ ] **{_plain(x.name())}**{f' ({on})' if on else ''} : {', '.join(more)}")
    return "\n".join(rows) + "\n"


def _plain(text: str) -> str:
    one_line = " ".join(text.split())
    escaped = "".join(f"\\{ch}" if ch in "\\`*_{}[]()<>#|~!&" else ch for ch in one_line)
    return escaped.replace("@", "@\u200b")


def past_losses(session: Session, product_id: str, today: date, now: float) -> list[LossOn]:
    """What was noted under today's model, oldest first, and today's loss as it stands this minute."""
    rows = session.scalars(
        select(LossPoint)
        .where(LossPoint.product_id == product_id, LossPoint.day < today, LossPoint.model == catalogue.model().version)
        .order_by(LossPoint.day.desc())
        .limit(400)
    ).all()
    return [*(LossOn(p.day, p.loss) for p in reversed(rows)), LossOn(today, now)]


def _first_weak_point(system: System, found: Assessment) -> str:
    first = next((w.component for w in found.weak_points if w.loss_avoided > 0), "")
    return next((c.name for c in system.components if c.id == first), "")


def note_losses(database: Database) -> None:
    """Each day, and again after each change, what the loss is of a product that protects something; a few at each sweep."""
    today, now = clock.today(), clock.now()
    with database.reading() as session:
        noted = select(LossPoint.product_id).where(LossPoint.day == today, LossPoint.model == catalogue.model().version)
        changed = noted.join(JournalEntry, JournalEntry.product_id == LossPoint.product_id).where(
            JournalEntry.at >= LossPoint.noted_at,
            JournalEntry.at >= now - _DAY,  # by its index: of a history of years, today's lines
        )
        products = session.scalars(
            select(Product)
            .where(
                Product.id.in_(select(EssentialAsset.product_id)), Product.id.not_in(noted) | Product.id.in_(changed)
            )
            .options(selectinload(Product.incubators), selectinload(Product.phases), selectinload(Product.contacts))
            .limit(_AT_ONCE)
        ).all()
        systems = analysis.read_systems(session, products) if products else []
    found = [
        (p.id, system, assessed)
        for p, system in zip(products, systems, strict=True)
        if (assessed := analysis.assess_if_ready(system)) is not None
    ]
    if not found:
        return
    with database.writing() as session:
        known = {
            point.product_id: point
            for point in session.scalars(
                select(LossPoint).where(LossPoint.day == today, LossPoint.product_id.in_([p.id for p in products]))
            )
        }
        for product_id, system, assessed in found:
            point = known.get(product_id) or LossPoint(product_id=product_id, day=today)
            point.noted_at = now
            point.loss, point.residual_loss, point.model = assessed.loss, assessed.residual_loss, assessed.model
            point.weak_point = _first_weak_point(system, assessed)
            session.add(point)
