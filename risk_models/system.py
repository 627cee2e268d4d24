"""What a product is made of, as one immutable value: the input of the ranking.

A product file loads into it and dumps from it; a dossier freezes it.
"""

import datetime
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from risk_models.scales import (
    AccountHolder,
    AccountReach,
    AskedFactor,
    Authentication,
    ComponentKind,
    ComponentState,
    DataKind,
    Exposure,
    Hosting,
    LinkKind,
    Location,
    MeasureStatus,
    Need,
    Patcher,
    PhaseName,
    ProofState,
    Severity,
)

Extra = tuple[tuple[str, str], ...]
"""Keys that begin with `x-` and their values as JSON: others' business, kept with the element that has them.

In one form only, that of `extra_of`: two elements that say the same are equal, in whatever order they were written.
"""


def extra_of(plain: Mapping[str, object]) -> Extra:
    """Plain values as an `Extra`, sorted by key at every depth. Raises `ValueError` for what JSON cannot write."""
    # JSON's own keys first: YAML has numbers and dates among them, which cannot be sorted with texts.
    said = json.loads(json.dumps({str(k): v for k, v in plain.items()}, default=str, allow_nan=False))
    return tuple((key, json.dumps(said[key], ensure_ascii=False, sort_keys=True)) for key in sorted(said))


class InvalidSystem(ValueError):
    """A system that contradicts itself; the message says which element and why."""


@dataclass(frozen=True, slots=True)
class Phase:
    name: PhaseName
    start: date
    end: date | None = None
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    role: str
    email: str | None = None
    phone: str | None = None
    can_suspend: bool = False
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    name: str
    incubator: str | None = None
    phases: tuple[Phase, ...] = ()
    contacts: tuple[Contact, ...] = ()
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A known flaw; `cvss` from 0 to 10, `epss` the probability of exploitation (FIRST), 0 to 1."""

    id: str
    cvss: float | None = None
    epss: float | None = None
    kev: bool = False
    published: date | None = None
    fixed_in: str | None = None
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class EndOfLife:
    """When nobody mends a version any more; `ended`: it has come, though no day is told."""

    product: str | None = None
    cycle: str | None = None
    date: datetime.date | None = None
    extra: Extra = ()
    ended: bool = False

    def is_past(self, day: datetime.date) -> bool:
        """Whether it has come by `day`."""
        return self.ended or (self.date is not None and self.date < day)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of a component that are alike; what is not said of them is None."""

    who: AccountHolder
    count: int | None = None
    reach: AccountReach | None = None
    second_factor: AskedFactor | None = None
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """A key or password kept somewhere: its name, never its value, and the components that it opens."""

    opens: tuple[str, ...] = ()
    name: str | None = None
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Token:
    """Keys or sessions that a component gives; a lasting one opens until somebody takes it back."""

    lasting: bool | None = None
    reach: AccountReach | None = None
    name: str | None = None
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Component:
    """`assumed`: fields that nobody gave, taken from its kind; `libraries`: how many its SBOM lists, once read.

    `accounts`, `secrets`, `tokens`, `resets`: None where nobody said, empty where there is none. `secrets` are those
    kept there; `resets` names the components from which a lost password of its accounts is given again; `last_tested`
    is the day on which somebody else last tried to break in.
    """

    id: str
    name: str
    kind: ComponentKind
    hosting: Hosting
    exposure: Exposure
    patched_by: Patcher
    supplier: str | None = None
    version: str | None = None
    purl: str | None = None
    cpe: str | None = None
    eol: EndOfLife | None = None
    sbom: str | None = None
    data: tuple[DataKind, ...] = ()
    location: Location | None = None
    vulnerabilities: tuple[Vulnerability, ...] = ()
    assumed: tuple[str, ...] = ()
    libraries: int | None = None
    extra: Extra = ()
    state: ComponentState | None = None
    last_tested: date | None = None
    accounts: tuple[Accounts, ...] | None = None
    secrets: tuple[Secret, ...] | None = None
    tokens: tuple[Token, ...] | None = None
    resets: tuple[str, ...] | None = None

    @property
    def opened(self) -> tuple[str, ...]:
        """The other components that the keys kept here open, each once."""
        named = (other for s in self.secrets or () for other in s.opens)
        return tuple(dict.fromkeys(other for other in named if other != self.id))

    @property
    def reset_by(self) -> tuple[str, ...]:
        """The other components from which a lost password of its accounts is given again, each once."""
        return tuple(dict.fromkeys(giver for giver in self.resets or () if giver != self.id))

    def naming(self, ids: Mapping[str, str]) -> "Component":
        """This component with the new ids of those that it opens and that reset it, without those that have none."""

        def named(of: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(ids[other] for other in of if other in ids)

        secrets = self.secrets and tuple(replace(s, opens=named(s.opens)) for s in self.secrets)
        return replace(self, secrets=secrets, resets=self.resets and named(self.resets))


@dataclass(frozen=True, slots=True)
class Link:
    """`source` depends on or acts on `target`."""

    source: str
    target: str
    kind: LinkKind
    encrypted: bool | None = None
    authentication: Authentication | None = None
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class EssentialAsset:
    """What the product must protect; each need is the severity of its loss."""

    id: str
    name: str
    lives_in: tuple[str, ...]
    confidentiality: Severity
    integrity: Severity
    availability: Severity
    extra: Extra = ()

    def severity(self, need: Need) -> Severity:
        match need:
            case Need.CONFIDENTIALITY:
                return self.confidentiality
            case Need.INTEGRITY:
                return self.integrity
            case Need.AVAILABILITY:
                return self.availability


@dataclass(frozen=True, slots=True)
class Measure:
    """A mitigation of the catalogue, applied to the components in `on`.

    `proof`: what its proof is worth, None where nothing was ever shown and its team's word is taken;
    `inherited_from`: the common service that brings it.
    """

    measure: str
    on: tuple[str, ...]
    status: MeasureStatus
    due: date | None = None
    owner: str | None = None
    reason: str | None = None
    extra: Extra = ()
    proof: ProofState | None = None
    inherited_from: str | None = None


@dataclass(frozen=True, slots=True)
class System:
    """A product as the ranking sees it.

    `as_of` is the day of the picture: what is past its end of life is judged on it.
    Raises `InvalidSystem` when an id is used twice or an element names an unknown component.
    """

    product: Product
    components: tuple[Component, ...]
    links: tuple[Link, ...] = ()
    assets: tuple[EssentialAsset, ...] = ()
    measures: tuple[Measure, ...] = ()
    as_of: date | None = None
    extra: Extra = ()

    def __post_init__(self) -> None:
        _unique("component", (c.id for c in self.components))
        _unique("asset", (a.id for a in self.assets))
        known = {c.id for c in self.components}
        named = [(f"link {k.source} → {k.target}", end) for k in self.links for end in (k.source, k.target)]
        named += [(f"asset {a.id}", c) for a in self.assets for c in a.lives_in]
        named += [(f"measure {m.measure}", c) for m in self.measures for c in m.on]
        named += [(f"secrets of {c.id}", o) for c in self.components for s in c.secrets or () for o in s.opens]
        named += [(f"resets of {c.id}", r) for c in self.components for r in c.resets or ()]
        for where, component in named:
            if component not in known:
                raise InvalidSystem(f"{where}: unknown component {component!r}")
        for link in self.links:
            if link.source == link.target:
                raise InvalidSystem(f"link {link.source} → {link.target}: a component cannot be linked to itself")

    def names(self) -> dict[str, str]:
        """The names of components and assets by id."""
        return {c.id: c.name for c in self.components} | {a.id: a.name for a in self.assets}

    def without(self, component_id: str) -> "System":
        """The system as it would be were that component never described."""
        kept = {c.id: c.id for c in self.components if c.id != component_id}
        return replace(
            self,
            components=tuple(c.naming(kept) for c in self.components if c.id in kept),
            links=tuple(k for k in self.links if component_id not in {k.source, k.target}),
            assets=tuple(replace(a, lives_in=tuple(c for c in a.lives_in if c in kept)) for a in self.assets),
            measures=tuple(replace(m, on=tuple(c for c in m.on if c in kept)) for m in self.measures),
        )

    def component(self, component_id: str) -> Component:
        return next(c for c in self.components if c.id == component_id)


def _unique(what: str, ids: Iterable[str]) -> None:
    for element_id, count in Counter(ids).items():
        if count > 1:
            raise InvalidSystem(f"{what} {element_id!r} is described {count} times")
