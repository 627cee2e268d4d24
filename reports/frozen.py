"""What is frozen, as values: a dossier, a withdrawal, the note of a homologation made elsewhere.

docs/dossier-content.md says what each field holds. A part that came with a later format is absent from older contents, and
has its default here. `reports/dossier.py` reads and writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from reports.frozen_decision import FrozenDecision, FrozenDoubt, FrozenSigner
from risk_models.assessment import Assessment, Outlook, Stability
from risk_models.scales import (
    Check,
    Need,
    PieceNeed,
    PieceState,
    ProofState,
    Severity,
    View,
)
from risk_models.study import Study
from risk_models.system import System

FORMAT = 4


@dataclass(frozen=True, slots=True)
class FrozenAuthority:
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class FrozenAnalysis:
    """The analysis that the dossier leans on; `changes_since`: how many parts of the product changed after it."""

    version: int
    done_on: date
    done_by: str
    changes_since: int = 0


@dataclass(frozen=True, slots=True)
class FrozenCondition:
    """A condition of use, and how it is checked."""

    text: str
    check: str


@dataclass(frozen=True, slots=True)
class FrozenAcceptance:
    """A risk that somebody of the team asks the authority to accept until a day.

    Until 2026-11 the team wrote in `accepted_by` the name of who accepts it.
    """

    text: str
    until: date
    accepted_by: str = ""
    proposed_by: str = ""


@dataclass(frozen=True, slots=True)
class FrozenEvent:
    """A feared event; `asset` is the id of an essential asset."""

    asset: str
    need: Need
    severity: Severity
    description: str


@dataclass(frozen=True, slots=True)
class FrozenOpinion:
    """`document`: SHA-256 of the document that bears it, where it was given outside Jalon.

    Since 2026-12, of one given in Jalon: its instant `given_at` (UTC), the hash of the content that was read, and in `since`
    what changed after it that does not ask it again, in French. `attached_by`: who of the team joined one given outside.
    `set_aside_on`: the day the team asked somebody else in the place of who gave it, on a former version of the dossier.
    """

    role: str
    by: str
    verdict: str
    text: str
    given_on: date
    document: str = ""
    given_at: str = ""
    read_sha256: str = ""
    since: tuple[str, ...] = ()
    attached_by: str = ""
    set_aside_on: date | None = None


@dataclass(frozen=True, slots=True)
class FrozenDocument:
    """A file attached to a piece, named by its hash: the file itself is kept beside the dossier."""

    piece: str
    title: str
    dated_on: date
    file_name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class FrozenFindingAcceptance:
    """`finding`: key of a finding of the assessment."""

    finding: str
    reason: str
    accepted_by: str
    accepted_on: date
    until: date


@dataclass(frozen=True, slots=True)
class FrozenProof:
    """A proof with its own date apart from that of its arrival, and its hash.

    `measure` is empty where a tool speaks, `check` None where a person does; `dated` unless the date is another tool's.
    """

    measure: str
    check: Check | None
    source: str
    subject: str
    state: ProofState
    grade: str
    observed_on: date
    dated: bool
    good_until: date
    recorded_on: date
    recorded_by: str
    sha256: str
    file_name: str
    link: str
    note: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class FrozenJudgement:
    """What people say of a flaw that seems to touch a component, named by its name."""

    component: str
    package: str
    version: str
    flaw: str
    state: str
    reason: str
    until: date | None
    judged_by: str


@dataclass(frozen=True, slots=True)
class FrozenPiece:
    """One piece of the checklist: `owner` is who owes it, a code of pieces.yaml; `name` as it was called in French."""

    id: str
    name: str
    need: PieceNeed
    owner: str
    state: PieceState
    text: str


@dataclass(frozen=True, slots=True)
class FrozenChange:
    """What differs in one part since the last homologation, in French."""

    part: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrozenReservation:
    """A reservation of the last homologation; `how` it was lifted."""

    text: str
    lifted_on: date | None
    lifted_by: str
    how: str
    lift_by: date | None = None


@dataclass(frozen=True, slots=True)
class FrozenRenewal:
    """What became of the last homologation; `loss_then` and `changes` where it was decided here.

    `loss_then` is under the model of this dossier; `signed_model` the one that the last was signed with (since 2026-12).
    """

    number: int
    origin: str
    outcome: str
    decided_on: date
    decided_by: str
    expires_on: date | None
    withdrawn_on: date | None
    loss_then: float | None
    changes: tuple[FrozenChange, ...]
    reservations: tuple[FrozenReservation, ...]
    signed_model: str = ""


class InventoryText(str):
    """A CycloneDX document, as JSON text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenDossier:
    """Everything the PDF shows.

    `system` is written in the shape of the product file; `views`: the outlook without measure, today and once the plan is
    kept; `stability`: the draws of the sensitivity analysis; `study`: what people wrote beside the graph; `pieces`: the
    sixteen of the checklist; `doubts`: what the consistency checks leave to the authority; `renewal`: what became of the
    last homologation; `verify_at`: where anybody can check the PDF; `release`: that of Jalon which made the figures, empty
    where it was not kept; `commit`: that of its source, where it was known; `catalogue_sha256`: of the figures and words that it
    came with; `decision` is None until it is taken.
    """

    product: str
    mission: str
    address: str
    repository: str = ""
    contact: str = ""
    incubators: tuple[str, ...]
    number: int
    frozen_on: date
    perimeter: str
    requested_months: int
    authority: FrozenAuthority | None
    analysis: FrozenAnalysis | None
    conditions: tuple[FrozenCondition, ...]
    accepted_risks: tuple[FrozenAcceptance, ...]
    feared_events: tuple[FrozenEvent, ...]
    opinions: tuple[FrozenOpinion, ...]
    system: System
    assessment: Assessment
    views: Mapping[View, Outlook]
    stability: Stability
    accepted_findings: tuple[FrozenFindingAcceptance, ...]
    study: Study | None = None
    evidence: tuple[FrozenProof, ...] = ()
    judgements: tuple[FrozenJudgement, ...] = ()
    documents: tuple[FrozenDocument, ...] = ()
    renewal: FrozenRenewal | None = None
    inventory: InventoryText | None = None
    verify_at: str = ""
    release: str = ""
    commit: str = ""
    catalogue_sha256: str = ""
    pieces: tuple[FrozenPiece, ...] = ()
    doubts: tuple[FrozenDoubt, ...] = ()
    decision: FrozenDecision | None
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenWithdrawal:
    """The page that takes a homologation back; `frozen_on` is the day of the withdrawal."""

    kind: ClassVar = "withdrawal"

    product: str
    number: int
    verify_at: str = ""
    decided_on: date
    decided_by: str
    withdrawn_on: date
    frozen_on: date
    reason: str
    by: FrozenSigner
    decision_sha256: str
    trial: bool
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenLifting:
    """The page that lifts a reservation; `frozen_on` is the day it is lifted, `how` what the team did and shows.

    `quality`: as what the signer lifts it, a code: `authority`, or `rssi`. `proof_sha256`: hash of the document that shows it.
    """

    kind: ClassVar = "lifting"

    product: str
    number: int
    verify_at: str = ""
    decided_on: date
    decided_by: str
    reservation: str
    lift_by: date | None
    asked_by: str
    asked_on: date
    how: str
    proof_name: str
    proof_sha256: str
    frozen_on: date
    by: FrozenSigner
    quality: str
    decision_sha256: str
    trial: bool
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenDispensation:
    """The page by which an authority dispenses a product from being homologated, or refuses to; `frozen_on` is its day.

    `case` is its name in French, `source` the text that it comes from, `to_homologate` whether the product is to be homologated
    by `ends_on`; `reason` is what the team says, `answer` the authority's reason to refuse. `former`: the dispensations that the
    product had, in French; `homologated_until`: the end of the homologation that holds that day. `document_sha256`: hash of what
    the team joined.
    """

    kind: ClassVar = "dispensation"

    product: str
    number: int
    verify_at: str = ""
    case: str
    source: str
    to_homologate: bool
    reason: str
    asked_by: str
    asked_on: date
    document_name: str
    document_sha256: str
    homologated_until: date | None
    former: tuple[str, ...]
    granted: bool
    answer: str
    ends_on: date
    frozen_on: date
    by: FrozenSigner
    trial: bool
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenDispensationEnd:
    """The page by which an authority ends a dispensation before its day; `frozen_on` is the first day without it."""

    kind: ClassVar = "dispensation_end"

    product: str
    number: int
    verify_at: str = ""
    case: str
    granted_on: date
    granted_by: str
    ends_on: date
    reason: str
    frozen_on: date
    by: FrozenSigner
    decision_sha256: str
    trial: bool
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenElsewhere:
    """A homologation made elsewhere, as it was noted here; `file_sha256`: hash of the document that shows it."""

    kind: ClassVar = "elsewhere"

    product: str
    number: int
    origin: str
    recorded_by: str
    file_sha256: str | None
    frozen_on: date
    decision: FrozenDecision
    format: int = FORMAT


# An act of one page.
Page = FrozenWithdrawal | FrozenLifting | FrozenDispensation | FrozenDispensationEnd
Content = FrozenDossier | Page | FrozenElsewhere


@dataclass(frozen=True, slots=True)
class Claims:
    """What a dossier says of itself at first sight: all that the verification of a file reads of it."""

    product: str
    number: int
    frozen_on: date
    decision: FrozenDecision | None = None
