"""What people write beside the graph, as one immutable value: frozen with each version of an analysis and each dossier.

Of EBIOS RM: the level of security, feared events, stakeholders, risk sources, the register of scenarios; and the common
services that a product uses. Codes that the application alone knows (the steps of its guide) stay texts.
"""

from dataclasses import dataclass
from datetime import date

from risk_models.scales import (
    Aim,
    Audience,
    DataSensitivity,
    DataVolume,
    Likelihood,
    Need,
    Openness,
    OutageTolerance,
    RiskLevel,
    RiskSourceKind,
    SecurityLevel,
    Severity,
    StakeholderKind,
    StakeholderZone,
    Treatment,
)


@dataclass(frozen=True, slots=True)
class LevelAnswers:
    """What the questionnaire was told."""

    data: DataSensitivity
    volume: DataVolume
    outage: OutageTolerance
    audience: Audience
    openness: Openness


@dataclass(frozen=True, slots=True)
class StudiedLevel:
    """`computed` from the answers; `wanted` by somebody who raises it, until who decides agrees."""

    level: SecurityLevel
    answers: LevelAnswers
    computed: SecurityLevel
    wanted: SecurityLevel | None = None
    why: str = ""
    wanted_by: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class StudiedEvent:
    """A feared event. `asset`: id of an essential asset; the first studies had no `id`."""

    asset: str
    need: Need
    severity: Severity
    description: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class StudiedStakeholder:
    """Ratings from 0 or 1 to 4; `threat` from 0 to 16, the quotient of ANSSI's method."""

    name: str
    kind: StakeholderKind
    dependency: int
    penetration: int
    maturity: int
    trust: int
    threat: float
    zone: StakeholderZone
    note: str


@dataclass(frozen=True, slots=True)
class StudiedSource:
    """A risk source and its aim; `kept` where scenarios are drawn from it."""

    kind: RiskSourceKind
    name: str
    aim: Aim
    motivation: int
    resources: int
    relevance: int
    kept: bool
    why: str


@dataclass(frozen=True, slots=True)
class StudiedComment:
    """A remark on a step of the guide; `settled_by` is empty while it is open."""

    step: str
    text: str
    by: str
    on: date
    settled_by: str


@dataclass(frozen=True, slots=True)
class ServiceProof:
    """What an incubator shows of a common service's measure: the file `file_name` of hash `sha256`, read at `link`.

    Without a copy, as until 2026-12, an address alone: `sha256` is then empty, and nothing is shown.
    """

    measure: str
    link: str
    file_name: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class StudiedService:
    """A common service and the ids of the components that it serves."""

    name: str
    since: date
    contact: str
    description: str
    homologation_note: str
    homologated_until: date | None
    components: tuple[str, ...]
    declared_by: str
    proofs: tuple[ServiceProof, ...] = ()


@dataclass(frozen=True, slots=True)
class StudiedScenario:
    """A line of the register of risks.

    `proposed_by`: who of the team asks the authority to accept it, by the day `accepted_until`; in what was frozen until
    2026-11 the team wrote in `accepted_by` the name of who accepts. `told`: told by people, `need` is None where it is of all; `computed_…`: what the graph gives, None where it gives no
    such scenario; `kept` unless set aside, then `why_not` says the reason.
    """

    key: str
    told: bool
    deliberate: bool
    story: str
    asset: str
    need: Need | None
    severity: Severity
    likelihood: Likelihood
    computed_severity: Severity | None
    computed_likelihood: Likelihood | None
    why: str
    kept: bool
    why_not: str
    risk: RiskLevel
    treatment: Treatment | None
    treatment_note: str
    accepted_until: date | None
    rated_by: str = ""
    accepted_by: str = ""
    proposed_by: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    level: StudiedLevel | None = None
    feared_events: tuple[StudiedEvent, ...] = ()
    stakeholders: tuple[StudiedStakeholder, ...] = ()
    sources: tuple[StudiedSource, ...] = ()
    comments: tuple[StudiedComment, ...] = ()
    services: tuple[StudiedService, ...] = ()
    register: tuple[StudiedScenario, ...] = ()
