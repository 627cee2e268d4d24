"""The flaws of a product's components in one reading: those that feeds match, those that its team or a file noted."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from app.inventory.models import Component, Vulnerability
from app.packages.matching import Match
from app.packages.written_flaws import is_past_fix
from risk_models.exposure.ranges import MatchVerdict


class NotedFlaw(NamedTuple):
    """A flaw that is noted on a component itself."""

    component: Component
    flaw: Vulnerability

    @property
    def past_fix(self) -> bool:
        return is_past_fix(self.component.version, self.component.purl, self.flaw.fixed_in)


class FlawCount(NamedTuple):
    """Of a component and what it carries, judged harmless aside: the flaws that touch it, and those to check or to ask."""

    exposed: int
    to_check: int


def noted_flaws(components: Sequence[Component], matches: Sequence[Match]) -> list[NotedFlaw]:
    """Those that no match tells as surely of the component under another name, nor its team judged since; those exploited first."""
    sure = (m for m in matches if not m.embedded and (m.verdict is MatchVerdict.EXPOSED or m.harmless))
    told = {(m.component_id, name) for m in sure for name in m.names}
    found = [NotedFlaw(c, v) for c in components for v in c.vulnerabilities if (c.id, v.name) not in told]
    return sorted(found, key=lambda n: (not n.flaw.kev, -(n.flaw.epss or 0), -(n.flaw.cvss or 0), n.flaw.name))


def count_flaws(components: Sequence[Component], matches: Sequence[Match]) -> dict[str, FlawCount]:
    """By component that has some."""
    exposed = Counter(m.component_id for m in matches if m.counts)
    exposed.update(n.component.id for n in noted_flaws(components, matches))
    unsure = {MatchVerdict.UNKNOWN, MatchVerdict.TO_ASK}
    to_check = Counter(m.component_id for m in matches if m.verdict in unsure and not m.harmless)
    return {c.id: FlawCount(exposed[c.id], to_check[c.id]) for c in components if exposed[c.id] or to_check[c.id]}
