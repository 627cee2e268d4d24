"""The names of a flaw, which several records call differently, and what the feeds tell under any of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.feeds.models import ExploitedFlaw, ExploitScore
from app.packages.advised_rows import AdvisedRecord
from app.platform.database import in_batches


class FlawNames:
    """The flaws that advisories of a package are about, whatever name each gives them: one that two records call differently is
    one. What is said of a package depends on its own records alone, whichever products are asked for."""

    def __init__(self, session: Session, records: Mapping[tuple[str, str], AdvisedRecord]) -> None:
        """`records`: all those of each package, by advisory and package."""
        by_package: dict[str, dict[str, AdvisedRecord]] = defaultdict(dict)
        for (advisory_id, package), record in records.items():
            by_package[package][advisory_id] = record
        self._flaws = {
            (package, advisory_id): flaw
            for package, known in by_package.items()
            for flaw in _flaws_of(known)
            for advisory_id in flaw.records
        }
        cves = sorted(set().union(*(flaw.cves for flaw in self._flaws.values())))
        self._exploited: set[str] = set()
        self._scores: dict[str, float] = {}
        for some in in_batches(cves):
            self._exploited |= set(session.scalars(select(ExploitedFlaw.cve).where(ExploitedFlaw.cve.in_(some))))
            scores = select(ExploitScore.cve, ExploitScore.score).where(ExploitScore.cve.in_(some))
            self._scores |= {row.cve: row.score for row in session.execute(scores)}

    def names(self, package: str, advisory_id: str) -> frozenset[str]:
        """All the names of the flaw of an advisory of a package."""
        return self._flaws[package, advisory_id].names

    def cves(self, package: str, advisory_id: str) -> frozenset[str]:
        """All that the flaw is about: more than its names where a record tells of several."""
        return self._flaws[package, advisory_id].cves

    def name(self, package: str, advisory_id: str) -> str:
        """What it is called: its CVE where it has one, else the first of its names."""
        names = sorted(self.names(package, advisory_id))
        return next((name for name in names if name.startswith("CVE-")), names[0])

    def exploited(self, package: str, advisory_id: str) -> bool:
        return not self._exploited.isdisjoint(self._flaws[package, advisory_id].cves)

    def score(self, package: str, advisory_id: str) -> float | None:
        told = self._flaws[package, advisory_id].cves
        return max((self._scores[cve] for cve in told if cve in self._scores), default=None)


class _Flaw(NamedTuple):
    """Records of one flaw, its names, and the CVE that it is about, which may be more."""

    records: frozenset[str]
    names: frozenset[str]
    cves: frozenset[str]


def _flaws_of(records: Mapping[str, AdvisedRecord]) -> list[_Flaw]:
    """The flaws of one package. A record about several CVE makes them one only where no other record tells of one of them by
    itself: else it is a flaw of its own, under its own name."""
    named: dict[str, frozenset[str]] = {}
    about: dict[str, frozenset[str]] = {}
    for advisory_id, record in records.items():
        upstream = [name for name in record.upstream if name.startswith("CVE-")]
        named[advisory_id] = frozenset([advisory_id, *record.aliases, *(upstream if len(upstream) == 1 else ())])
        about[advisory_id] = frozenset(n for n in (*upstream, *named[advisory_id]) if n.startswith("CVE-"))
    several = {one: cves for one, names in named.items() if len(cves := names & about[one]) > 1}
    groups = _joined({one: names for one, names in named.items() if one not in several})
    told = frozenset().union(*(named[one] for group in groups for one in group))
    by_cves: dict[frozenset[str], set[str]] = defaultdict(set)
    for one, cves in several.items():
        by_cves[cves].add(one)
    found = [_flaw(group, named, about) for group in groups]
    for cves, group in by_cves.items():
        whole = _flaw(group, named, about)
        found.append(whole if cves.isdisjoint(told) else whole._replace(names=frozenset(group)))
    return found


def _flaw(group: Collection[str], named: Mapping[str, frozenset[str]], about: Mapping[str, frozenset[str]]) -> _Flaw:
    names, cves = (frozenset().union(*(of[one] for one in group)) for of in (named, about))
    return _Flaw(frozenset(group), names, cves)


def _joined(named: Mapping[str, frozenset[str]]) -> list[set[str]]:
    """The records that share a name, or share one with others that do."""
    groups: dict[str, set[str]] = {}
    holders: dict[str, str] = {}
    for one, names in named.items():
        groups[one] = {one}
        for name in names:
            first = holders.setdefault(name, one)
            if groups[first] is not groups[one]:
                small, large = sorted((groups[first], groups[one]), key=len)
                large |= small
                groups |= dict.fromkeys(small, large)
    return list({id(group): group for group in groups.values()}.values())
