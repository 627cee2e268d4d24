"""What the situations of a product are written with: phases, decisions, days. Today is 29 November 2026."""

from datetime import date

from risk_models.rules.standing import (
    DossierInHand,
    PastDecision,
)
from risk_models.scales import DeadlineKind, PhaseName
from risk_models.system import Phase

TODAY = date(2026, 11, 29)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def begun(construction: str, *later: tuple[str, str]) -> tuple[Phase, ...]:
    """Phases of a product whose construction began on a day."""
    phases = (("construction", construction), *later)
    return tuple(Phase(PhaseName(name), date.fromisoformat(start)) for name, start in phases)


def granted(decided_on: str, months: int, expires_on: str, withdrawn_on: str | None = None) -> PastDecision:
    return PastDecision(date.fromisoformat(decided_on), months, day(expires_on), day(withdrawn_on))


def refused(decided_on: str) -> PastDecision:
    return PastDecision(date.fromisoformat(decided_on))


NEW = begun("2026-07-01")  # its analysis is due on 1 January 2027, its first homologation on 1 July
LATE = begun("2026-01-29")  # since 29 July 2026; 29 January 2027
OLD = begun("2024-01-29")  # both long since
VALID = granted("2026-06-01", 24, "2028-06-01")
ENDING = granted("2025-02-01", 24, "2027-02-01")
EXPIRED = granted("2024-11-28", 24, "2026-11-28")
WITHDRAWN = granted("2026-06-01", 24, "2028-06-01", "2026-11-20")
ANALYSIS, FIRST = DeadlineKind.ANALYSIS, DeadlineKind.FIRST_HOMOLOGATION
DRAFT, OPINIONS, GIVEN, DECISION = DossierInHand


def lift(*days: str) -> dict[str, date]:
    return {f"r{n}": date.fromisoformat(one) for n, one in enumerate(days, 1)}


def put_off(kind: DeadlineKind, until: str) -> dict[DeadlineKind, date]:
    return {kind: date.fromisoformat(until)}
