"""What a proof is worth on a day: pure rules, dates in and states out.

An observation is what a tool or a person says of a measure on a day, good for a while. Several of one measure make
its proof; docs/evidence.md tells why in words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from risk_models.scales import ObservationState, ProofState
from risk_models.system import Component


@dataclass(frozen=True, slots=True)
class Observation:
    """`subject`: the site, repository or file seen; `holds`: whether it shows the measure in place."""

    subject: str
    state: ObservationState
    holds: bool
    observed_on: date
    good_until: date


def state_on(observation: Observation, today: date) -> ProofState:
    """What one observation is worth on `today`; what says nothing is never good."""
    match observation.state:
        case ObservationState.DISABLED:
            return ProofState.DISABLED
        case ObservationState.ABSENT:
            return ProofState.ABSENT
        case ObservationState.UNREADABLE:
            return ProofState.UNREADABLE
        case ObservationState.SEEN:
            if not observation.holds:
                return ProofState.CONTRADICTED  # a "no" stands until something later says otherwise
            return ProofState.STALE if observation.good_until < today else ProofState.FRESH


_WORST_FIRST = (
    ProofState.CONTRADICTED,
    ProofState.DISABLED,
    ProofState.ABSENT,
    ProofState.UNREADABLE,
    ProofState.STALE,
    ProofState.FRESH,
)
SAYS_NO = frozenset({ProofState.CONTRADICTED, ProofState.DISABLED})


def worst_state(states: Iterable[ProofState]) -> ProofState | None:
    """The worst of several states; None of none."""
    return min(states, key=_WORST_FIRST.index, default=None)


def proof_of(sources: Iterable[Iterable[Observation]], today: date) -> ProofState | None:
    """The proof of a measure from its sources, each with one observation a subject; None where nothing was ever shown.

    Within a source the worst subject counts: one site without its headers is a site without its headers. Between
    sources the best counts, unless a later one says that the measure is not there.
    """
    found = [
        (worst_state(state_on(o, today) for o in source), max(o.observed_on for o in source))
        for source in map(tuple, sources)
        if source
    ]
    if not found:
        return None
    good = max((day for state, day in found if state is ProofState.FRESH), default=None)
    against = [(day, state) for state, day in found if state in SAYS_NO and (good is None or day >= good)]
    if against:
        return worst_state(state for _, state in against)
    return max((state for state, _ in found if state is not None), key=_WORST_FIRST.index)


_TIME_TO_PATCH = timedelta(days=7)


def known_flaws(components: Iterable[Component], today: date, *, informed: bool) -> Observation | None:
    """What the inventory itself says of upkeep; None where it cannot know.

    It says no when a flaw known to be exploited has been public for more than a week, or when support has ended; yes
    when every component has a version that public knowledge of flaws, up to date (`informed`), can be compared with.
    """
    found = tuple(components)
    exploited = any(
        v.kev and (v.published is None or v.published + _TIME_TO_PATCH < today)
        for c in found
        for v in c.vulnerabilities
    )
    ended = any(c.eol and c.eol.is_past(today) for c in found)
    if exploited or ended:
        return Observation("inventory", ObservationState.SEEN, holds=False, observed_on=today, good_until=today)
    if informed and found and all(c.version and c.purl for c in found):
        return Observation("inventory", ObservationState.SEEN, holds=True, observed_on=today, good_until=today)
    return None
