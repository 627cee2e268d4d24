"""From evidence to the proof of each measure: what the ranking, the pages and the dossier read."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.evidence.importers import CERTIFICATE_END, CERTIFICATE_SINCE, GOOD_DAYS
from app.evidence.kinds import EvidenceSource
from app.evidence.models import Evidence
from app.feeds import services as feeds
from app.feeds.kinds import FeedName
from app.mitigations.models import Measure as MeasureRow
from app.platform import clock
from risk_models import catalogue
from risk_models.catalogue import MeasureKind
from risk_models.rules import evidence
from risk_models.rules.evidence import Observation
from risk_models.scales import CLAIMED, Check, ObservationState, ProofState
from risk_models.system import Measure, System

_LONGEST = timedelta(days=20 * 366)


def evidence_of_many(session: Session, product_ids: Iterable[str]) -> dict[str, list[Evidence]]:
    """By product, its evidence, withdrawn included, newest proof first."""
    found: dict[str, list[Evidence]] = defaultdict(list)
    rows = session.scalars(
        select(Evidence)
        .where(Evidence.product_id.in_(list(product_ids)))
        .order_by(Evidence.observed_on.desc(), Evidence.subject, Evidence.id)
    )
    for row in rows:
        found[row.product_id].append(row)
    return found


def ends_of_many(session: Session, product_ids: Iterable[str]) -> list[tuple[str, str, date]]:
    """(product, measure, last good day) of the newest proof that a person gave of each measure still claimed."""
    newest = (
        select(Evidence.product_id, Evidence.measure, func.max(Evidence.good_until))
        .where(
            Evidence.product_id.in_(list(product_ids)),
            Evidence.source == EvidenceSource.PERSON,
            Evidence.withdrawn_at.is_(None),
            select(MeasureRow.id)
            .where(
                MeasureRow.product_id == Evidence.product_id,
                MeasureRow.measure == Evidence.measure,
                MeasureRow.status.in_(CLAIMED),
            )
            .exists(),
        )
        .group_by(Evidence.product_id, Evidence.measure)
        .order_by(Evidence.measure)
    )
    return [(product_id, measure, until) for product_id, measure, until in session.execute(newest)]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a tool last saw of the certificate of a site: its first to end, where tools saw several that day."""

    product_id: str
    site: str
    seen_on: date
    known_since: date
    ends_on: date


def certificates_of_many(session: Session, product_ids: Iterable[str]) -> list[Certificate]:
    """Those of the readings that are still good: of a site that nobody reads any more, nothing is known."""
    rows = session.scalars(
        select(Evidence).where(
            Evidence.product_id.in_(list(product_ids)),
            Evidence.check == Check.TLS,
            Evidence.state == ObservationState.SEEN,
            Evidence.withdrawn_at.is_(None),
            Evidence.observed_on >= clock.today() - timedelta(days=GOOD_DAYS),
        )
    )
    found = [c for c in map(_certificate, rows) if c]
    first: dict[tuple[str, str, date], date] = {}
    for c in found:  # whichever tool met it first
        first[c.product_id, c.site, c.ends_on] = min(
            c.known_since, first.get((c.product_id, c.site, c.ends_on), date.max)
        )
    # The newest day is written last, and on it the first end.
    in_order = sorted(found, key=lambda c: (c.seen_on, date.max - c.ends_on))
    newest = {(c.product_id, c.site): c for c in in_order}
    return [replace(c, known_since=first[c.product_id, c.site, c.ends_on]) for _, c in sorted(newest.items())]


def _certificate(row: Evidence) -> Certificate | None:
    """None where the row tells of none, or no longer as tools do."""
    try:
        end = row.detail[CERTIFICATE_END]
        since = row.detail.get(CERTIFICATE_SINCE, {}).get(end, row.observed_on.isoformat())
        ends_on, known_since, site = date.fromisoformat(end), date.fromisoformat(since), _site(row.subject)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    # An end in 9999 stands for none (RFC 5280, 4.1.2.5); no calendar holds what is before year 1.
    if not row.observed_on - _LONGEST < ends_on < row.observed_on + _LONGEST:
        return None
    return Certificate(row.product_id, site, row.observed_on, known_since, ends_on)


def _site(subject: str) -> str:
    """Its host, and its port where it is not that of HTTPS. Raises `ValueError`."""
    parts = urlsplit(subject if "//" in subject else f"//{subject}")
    host = (parts.hostname or subject).rstrip(".")
    return host if parts.port in (None, 443) else f"{host}:{parts.port}"


def with_proofs(session: Session, systems: Mapping[str, System]) -> dict[str, System]:
    """The systems by product id, each claimed measure with what its proof is worth today."""
    rows = evidence_of_many(session, systems)
    shown = {product_id: _Shown(rows.get(product_id, ())) for product_id in systems}
    informed = _informed(session) if any(_rests_on_flaws(m) for s in systems.values() for m in s.measures) else False
    return {
        product_id: replace(
            system,
            measures=tuple(
                replace(m, proof=_proof_of(m, system, shown[product_id], informed=informed))
                if m.status in CLAIMED and m.inherited_from is None
                else m
                for m in system.measures
            ),
        )
        for product_id, system in systems.items()
    }


def _rests_on_flaws(measure: Measure) -> bool:
    kind = catalogue.measures().get(measure.measure)
    return measure.status in CLAIMED and kind is not None and Check.KNOWN_FLAWS in kind.proven_by


def _informed(session: Session) -> bool:
    """Whether public knowledge of flaws is loaded and up to date."""
    return not any(s.alarm for s in feeds.read_feeds(session) if s.name in {FeedName.OSV, FeedName.KEV})


class _Shown:
    """The evidence of a product, gone through once: what people attached, by measure, and what each tool says, by check."""

    def __init__(self, rows: Iterable[Evidence]) -> None:
        self.attached: dict[str, list[Evidence]] = defaultdict(list)
        self.checked: dict[Check, list[list[Observation]]] = defaultdict(list)
        by_tool: dict[tuple[Check, EvidenceSource], list[Evidence]] = defaultdict(list)
        for row in rows:
            if row.check is None:
                self.attached[row.measure].append(row)
            elif has_said_something(row):
                by_tool[row.check, row.source].append(row)
        for (check, _), group in by_tool.items():
            live = [row for row in group if row.withdrawn_at is None]
            self.checked[check].append([as_observation(row) for row in live or group])


def _proof_of(measure: Measure, system: System, shown: _Shown, *, informed: bool) -> ProofState | None:
    """What the proof of one measure is worth today; None where nothing was ever shown."""
    kind = catalogue.measures().get(measure.measure)
    if kind is None:
        return None
    sources = [*_sources(kind, shown, measure.on)]
    if Check.KNOWN_FLAWS in kind.proven_by:
        placed = [c for c in system.components if c.id in measure.on] or list(system.components)
        said = evidence.known_flaws(placed, clock.today(), informed=informed)
        sources += [[said]] if said else []
    return evidence.proof_of(sources, clock.today())


def _sources(kind: MeasureKind, shown: _Shown, on: Sequence[str]) -> Iterable[list[Observation]]:
    """One list a source: each person's proof alone, each tool's check with all its subjects."""
    for row in shown.attached.get(kind.id, ()):
        covers = not row.components or set(on) <= set(row.components)
        seen = as_observation(row)
        # A proof that does not cover every component where the measure is claimed is one that is missing there.
        yield [seen if covers else replace(seen, state=ObservationState.ABSENT)]
    for check in kind.proven_by:
        yield from shown.checked.get(check, ())


def shown_unclaimed(rows: Iterable[Evidence], claimed: Collection[str]) -> list[MeasureKind]:
    """Measures that tools show in place today and that the product does not claim."""
    fresh = {row.check for row in rows if row.check and shown_state(row) is ProofState.FRESH}
    return [kind for kind in catalogue.measures().values() if kind.id not in claimed and fresh & set(kind.proven_by)]


def has_said_something(row: Evidence) -> bool:
    """Whether a row says something: it once saw the measure, or its tool itself says that it is off."""
    return row.seen_on is not None or (
        row.state is ObservationState.DISABLED and row.source is not EvidenceSource.DASHLORD
    )


def as_observation(row: Evidence) -> Observation:
    """A row as the rules read it. A tool that dashlord does not run on a site says nothing against the measure; an address
    of which no copy was kept, as until 2026-12, shows nothing."""
    state = row.state
    if row.source is EvidenceSource.PERSON and not row.sha256:
        state = ObservationState.ABSENT
    if row.seen_on is not None and not row.holds and state is not ObservationState.DISABLED:
        # What was last seen is that the measure is not there: seeing nothing since, or asking no more, mends nothing.
        return Observation(
            row.subject, ObservationState.SEEN, holds=False, observed_on=row.seen_on, good_until=row.good_until
        )
    if row.withdrawn_at is not None or (state is ObservationState.DISABLED and row.source is EvidenceSource.DASHLORD):
        state = ObservationState.ABSENT
    return Observation(row.subject, state, row.holds, row.observed_on, row.good_until)


def shown_state(row: Evidence) -> ProofState:
    """The state of one row as pages show it."""
    if row.withdrawn_at is not None:
        return ProofState.ABSENT
    return evidence.state_on(
        Observation(row.subject, row.state, row.holds, row.observed_on, row.good_until), clock.today()
    )
