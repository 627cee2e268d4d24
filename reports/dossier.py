"""The content of a homologation dossier as one value, and its canonical JSON, whose SHA-256 names it for ever."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import Enum
from typing import Any

FORMAT = 4


@dataclass(frozen=True, slots=True)
class Signatory:
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class AnalysisDone:
    """`changes_since`: how many parts of the product changed after it."""

    version: int
    done_on: date
    done_by: str
    changes_since: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    text: str
    check: str


@dataclass(frozen=True, slots=True)
class AcceptedRisk:
    text: str
    accepted_by: str
    until: date


@dataclass(frozen=True, slots=True)
class FearedEvent:
    asset: str
    need: str
    severity: int
    description: str


@dataclass(frozen=True, slots=True)
class Opinion:
    role: str
    by: str
    verdict: str
    text: str
    given_on: date
    document: str = ""  # SHA-256 of the document that bears it, where it was given outside Jalon


@dataclass(frozen=True, slots=True)
class Document:
    """A file attached to a piece, named by its hash: the file itself is kept beside the dossier."""

    piece: str
    title: str
    dated_on: date
    file_name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class AcceptedFinding:
    """`finding`: key of a finding of the assessment."""

    finding: str
    reason: str
    accepted_by: str
    accepted_on: date
    until: date


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything the PDF shows.

    `system` is the product file's content, `assessment` the Assessment's; `views` the outlook without measure,
    today and once the plan is kept; `stability` the draws of the sensitivity analysis; `study` what people wrote beside
    the graph (level, ecosystem, risk sources, register, common services), `evidence` each proof with its dates and hash;
    `judgements` what people say of the flaws that seem to touch it; `pieces` the sixteen of the checklist, `doubts` what the consistency checks leave to the authority, `renewal` what
    became of the last homologation, `inventory` a CycloneDX document, `verify_at` where anybody can check the PDF.
    """

    product: str
    mission: str
    address: str
    repository: str
    contact: str
    incubators: tuple[str, ...]
    number: int
    frozen_on: date
    perimeter: str
    requested_months: int
    authority: Signatory | None
    analysis: AnalysisDone | None
    conditions: tuple[Condition, ...]
    accepted_risks: tuple[AcceptedRisk, ...]
    feared_events: tuple[FearedEvent, ...]
    opinions: tuple[Opinion, ...]
    system: dict[str, Any]
    assessment: dict[str, Any]
    views: dict[str, Any]
    stability: dict[str, Any]
    accepted_findings: tuple[AcceptedFinding, ...]
    study: dict[str, Any] | None
    evidence: tuple[dict[str, Any], ...]
    judgements: tuple[dict[str, Any], ...]
    documents: tuple[Document, ...]
    renewal: dict[str, Any] | None
    inventory: dict[str, Any] | None
    verify_at: str
    pieces: tuple[dict[str, Any], ...]
    doubts: tuple[dict[str, Any], ...]
    decision: dict[str, Any] | None
    format: int = FORMAT


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} has no place in a dossier")


def dumps(dossier: Dossier | dict[str, Any]) -> str:
    """Canonical JSON: keys sorted, no space, UTF-8; the same value always gives the same text."""
    value = asdict(dossier) if isinstance(dossier, Dossier) else dossier
    return json.dumps(value, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def loads(text: str) -> dict[str, Any]:
    """The content as plain values."""
    value: dict[str, Any] = json.loads(text)
    return value


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
