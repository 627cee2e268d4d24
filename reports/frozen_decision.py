"""What is frozen of a decision: who signs and for whom, the outcome, the risks that it accepts, what it answers.

docs/dossier-content.md says what each field holds; a part that came with a later format has its default here.
"""

from dataclasses import dataclass
from datetime import date

from risk_models.scales import Likelihood, RiskLevel, Severity, Treatment


@dataclass(frozen=True, slots=True)
class FrozenResidual:
    """A risk that remains once the plan is kept; its levels are None where the team tells it in words only.

    `treatment` is what the team does of it, None where nothing is decided; `note` says how or, where it is `set_aside`, why;
    `until` is the last day for which its acceptance is asked, then given, `proposed_by` who of the team asks it.
    """

    what: str
    severity: Severity | None = None
    likelihood: Likelihood | None = None
    risk: RiskLevel | None = None
    treatment: Treatment | None = None
    note: str = ""
    set_aside: bool = False
    until: date | None = None
    proposed_by: str = ""

    @property
    def untreated(self) -> bool:
        """Whether nothing is done of it, nor its acceptance asked."""
        return self.set_aside or self.treatment is None


@dataclass(frozen=True, slots=True)
class FrozenDoubt:
    """What a consistency check found: a code of the words `inconsistencies`, and the thing; `stops` if it had to be mended."""

    rule: str
    what: str
    stops: bool


@dataclass(frozen=True, slots=True)
class FrozenDelegation:
    """Who is signed for, by which deed, until when."""

    name: str
    title: str
    deed: str
    until: date


@dataclass(frozen=True, slots=True)
class FrozenVouching:
    """How the incubator knew the authority `name`: the act that names it, who added it, which other person confirmed."""

    name: str
    function: str
    entity: str
    incubator: str
    deed: str
    deed_on: date
    added_by: str
    confirmed_by: str
    confirmed_on: date


@dataclass(frozen=True, slots=True)
class FrozenSigner:
    """`vouched`: of who signs, or of who is signed for; absent from what was decided before 2026-12."""

    name: str
    title: str
    on_behalf_of: FrozenDelegation | None = None
    vouched: FrozenVouching | None = None

    @property
    def in_full(self) -> str:
        """Who signs and for whom, as the documents say it, which are in French."""
        return f"{self.name} (par délégation de {self.on_behalf_of.name})" if self.on_behalf_of else self.name


@dataclass(frozen=True, slots=True)
class FrozenSignature:
    """A signature made outside Jalon: the hash of its file, the names its certificates give, who recorded it, and who of the
    authority or the incubator confirmed it (nobody before 2026-12)."""

    sha256: str
    electronic: bool
    signers: tuple[str, ...]
    recorded_by: str
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True)
class FrozenDecision:
    """`asked_sha256`: hash of the content that was decided on; `to_lift`: the reservations one by one, by `lift_by`.

    `trial`: under a seal that proves nothing; `doubts`: what the checks find in what is granted and not in what was asked.
    `accepted`: the risks that remain and that the signature accepts, none before 2026-12 nor of a refusal; `reply`: what its
    author answers to opinions that are not favourable; `exploited`: the flaws known to be exploited, component and id, that
    `exploited_reason` speaks of. `factor`: the kind of second factor that it was signed with in Jalon, a code: `totp` or
    `webauthn`; `to_notify`: whom Jalon writes to once it is taken; `seal_sha256`: fingerprint of the certificate that seals
    that day; none of the three before 2026-12.
    """

    outcome: str
    months: int | None
    reservations: str
    decided_on: date
    expires_on: date | None
    by: FrozenSigner
    asked_sha256: str | None = None
    to_lift: tuple[str, ...] = ()
    lift_by: date | None = None
    trial: bool = False
    doubts: tuple[FrozenDoubt, ...] = ()
    outside: FrozenSignature | None = None
    accepted: tuple[FrozenResidual, ...] = ()
    reply: str = ""
    exploited: tuple[str, ...] = ()
    exploited_reason: str = ""
    factor: str = ""
    to_notify: tuple[str, ...] = ()
    seal_sha256: str = ""
