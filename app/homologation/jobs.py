"""What this feature asks of workers."""

from dataclasses import dataclass
from typing import ClassVar

from app.homologation.kinds import Act, Called, DispensationHeard, Heard
from app.platform.jobs import Task


@dataclass(frozen=True)
class RenderDossier(Task):
    kind: ClassVar[str] = "dossier_pdf"
    dossier_id: str


@dataclass(frozen=True)
class IssueWithdrawal(Task):
    kind: ClassVar[str] = "withdrawal_pdf"
    dossier_id: str


@dataclass(frozen=True)
class IssueLifting(Task):
    kind: ClassVar[str] = "lifting_pdf"
    lifting_id: str


@dataclass(frozen=True)
class IssueDispensation(Task):
    """`act`: the dispensation itself, granted or refused, or its end."""

    kind: ClassVar[str] = "dispensation_pdf"
    dispensation_id: str
    act: Act


@dataclass(frozen=True)
class TimestampFile(Task):
    """`content_sha256` says which of several files of an act; those asked before 2026-12 have none. Of a dossier or of a
    dispensation: the other id is empty."""

    kind: ClassVar[str] = "timestamp"
    dossier_id: str
    act: Act
    content_sha256: str = ""
    dispensation_id: str = ""


@dataclass(frozen=True)
class CallReader(Task):
    """`again`: the instant at which somebody asked to write again."""

    kind: ClassVar[str] = "dossier_call"
    dossier_id: str
    person_id: str
    what: Called
    again: str = ""


@dataclass(frozen=True)
class TellOfDossier(Task):
    kind: ClassVar[str] = "dossier_told"
    person_id: str
    product_id: str
    number: int | None
    heard: Heard
    by: str
    at: str


@dataclass(frozen=True)
class TellFault(Task):
    """Of the file of a dossier or of a dispensation: the other id is empty."""

    kind: ClassVar[str] = "dossier_fault_told"
    person_id: str
    dossier_id: str
    detail: str
    at: str
    dispensation_id: str = ""


@dataclass(frozen=True)
class TellOfDispensation(Task):
    kind: ClassVar[str] = "dispensation_told"
    person_id: str
    dispensation_id: str
    heard: DispensationHeard
    by: str
    at: str


@dataclass(frozen=True)
class TellDrift(Task):
    kind: ClassVar[str] = "drift_told"
    dossier_id: str
    person_id: str
    height: int
    at: str
    then: float
    now: float
    raised: bool


@dataclass(frozen=True)
class TellDamage(Task):
    """`lines`: a kind of damage and where, between a space; `count`: of all that was found."""

    kind: ClassVar[str] = "damage_told"
    person_id: str
    count: int
    lines: tuple[str, ...]
    at: str
