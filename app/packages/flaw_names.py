"""The names of a flaw, which several records call differently, and what the feeds tell under any of them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.feeds.models import ExploitedFlaw, ExploitScore

_AT_ONCE = 5_000


class FlawNames:
    """The flaws that advisories are about, whatever name each gives them: one that two records call differently is one."""

    def __init__(self, session: Session, rows: Sequence[Row[Any]]) -> None:
        self._leader: dict[str, str] = {}
        self._cves: dict[str, set[str]] = {}
        for row in rows:
            if row.advisory_id in self._cves:
                continue
            about = [name for name in row.upstream if name.startswith("CVE-")]
            # A record about several flaws of others is a flaw of its own.
            names = [row.advisory_id, *row.aliases, *(about if len(about) == 1 else ())]
            self._cves[row.advisory_id] = {*about, *(name for name in names if name.startswith("CVE-"))}
            for name in names:
                self._join(row.advisory_id, name)
        self._names: dict[str, set[str]] = defaultdict(set)
        for name in list(self._leader):
            self._names[self._lead(name)].add(name)
        # What one record of a flaw is about, the others are about too.
        about_all: dict[str, set[str]] = defaultdict(set)
        for advisory_id, about_one in self._cves.items():
            about_all[self._lead(advisory_id)] |= about_one
        self._cves = {advisory_id: about_all[self._lead(advisory_id)] for advisory_id in self._cves}
        cves = sorted(set().union(*self._cves.values()))
        self._exploited: set[str] = set()
        self._scores: dict[str, float] = {}
        for at in range(0, len(cves), _AT_ONCE):
            some = cves[at : at + _AT_ONCE]
            self._exploited |= set(session.scalars(select(ExploitedFlaw.cve).where(ExploitedFlaw.cve.in_(some))))
            self._scores |= dict(
                row.tuple()
                for row in session.execute(
                    select(ExploitScore.cve, ExploitScore.score).where(ExploitScore.cve.in_(some))
                )
            )

    def _lead(self, name: str) -> str:
        while (leader := self._leader.setdefault(name, name)) != name:
            self._leader[name] = self._leader[leader]
            name = leader
        return name

    def _join(self, one: str, other: str) -> None:
        self._leader[self._lead(one)] = self._lead(other)

    def names(self, advisory_id: str) -> frozenset[str]:
        """All the names of the flaw of an advisory."""
        return frozenset(self._names[self._lead(advisory_id)])

    def name(self, advisory_id: str) -> str:
        """What it is called: its CVE where it has one, else the first of its names."""
        names = sorted(self.names(advisory_id))
        return next((name for name in names if name.startswith("CVE-")), names[0])

    def exploited(self, advisory_id: str) -> bool:
        return not self._exploited.isdisjoint(self._cves[advisory_id])

    def score(self, advisory_id: str) -> float | None:
        return max((self._scores[c] for c in self._cves[advisory_id] if c in self._scores), default=None)
