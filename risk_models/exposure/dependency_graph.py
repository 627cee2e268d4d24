"""Which packages of a component need which: by what its team imports, how each came in.

Packages are numbers here. Everything is kept in sorted arrays: a million edges weigh some megabytes, packed less than one.
"""

import zlib
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

_SHIFT, _LOW = 32, (1 << 32) - 1
# Before a package stand some hundreds of others in real files; a page shows the ways to hundreds of packages.
_MOST_EXPLORED = 5_000


class DependencyGraph:
    """Made of the packages that the team imports itself, as far as its file tells, and of pairs: a package, one it needs.

    Numbers are from 1 to 2³² - 1. The same pair twice is one; a package that needs itself is none.
    """

    def __init__(self, imports: Iterable[int], sources: Iterable[int], targets: Iterable[int]) -> None:
        first, wanted, needed = (np.asarray(given, dtype=np.int64) for given in (imports, sources, targets))
        # An import is what 0 needs.
        self._keys = _distinct(np.concatenate([first, (wanted << _SHIFT | needed)[wanted != needed]]))

    @property
    def imports(self) -> list[int]:
        found: list[int] = self._keys[self._keys <= _LOW].tolist()
        return found

    @property
    def edges(self) -> list[tuple[int, int]]:
        sources, targets = self._pairs()
        return list(zip(sources.tolist(), targets.tolist(), strict=True))

    def _pairs(self) -> tuple[Numbers, Numbers]:
        kept = self._keys[self._keys > _LOW]
        return kept >> _SHIFT, kept & _LOW

    @cached_property
    def _by_target(self) -> tuple[Numbers, Numbers]:
        sources, targets = self._pairs()
        order = np.argsort(targets, kind="stable")
        return targets[order], sources[order]

    def pack(self) -> bytes:
        return zlib.compress(np.diff(self._keys, prepend=0).astype("<i8").tobytes(), level=1)

    @classmethod
    def unpack(cls, packed: bytes) -> "DependencyGraph":
        graph = cls((), (), ())
        graph._keys = np.cumsum(np.frombuffer(zlib.decompress(packed), dtype="<i8"))
        return graph

    def find_bringers(self) -> dict[int, int]:
        """By package, the import by which it came, by the shortest way; an import is its own.

        What no import leads to came by the first of its chain, which needs it or what needs it, and which nothing needs.
        That first has no bringer: nobody says how it came.
        """
        sources, targets = self._pairs()
        imports = self._keys[self._keys <= _LOW]
        packages = _distinct(np.concatenate([imports, sources, targets]))
        starts, ends = np.searchsorted(packages, sources), np.searchsorted(packages, targets)
        bringers = np.full(len(packages), -1)
        at = np.searchsorted(packages, imports)
        bringers[at] = at
        by_place = _spread(bringers.tolist(), at.tolist(), starts, ends)
        needed = np.isin(np.arange(len(packages)), ends)
        firsts = _distinct(starts[~needed[starts] & (np.array(by_place, dtype=np.int64)[starts] < 0)])
        for place in firsts.tolist():
            by_place[place] = place
        by_place = _spread(by_place, firsts.tolist(), starts, ends)
        for place in firsts.tolist():
            by_place[place] = -1
        names: list[int] = packages.tolist()
        return {names[place]: names[by] for place, by in enumerate(by_place) if by >= 0}

    def find_reached(self, first: Iterable[int]) -> set[int]:
        """`first`, and all that they need."""
        sources, targets = self._pairs()
        reached = set(first)
        queue = list(reached)
        for at in queue:
            low, high = np.searchsorted(sources, [at, at + 1])
            for other in targets[low:high].tolist():
                if other not in reached:
                    reached.add(other)
                    queue.append(other)
        return reached

    def find_paths(self, package: int, most: int) -> tuple[list[list[int]], int | None]:
        """Ways by which `package` came, and how many there are: of each import that leads to it, or first of its chain, the
        shortest one; the shortest first, `most` of them at most. Each is from the import to the package.

        What stands further than some thousands of packages is not looked at: nobody counted then (None).
        """
        targets, sources = self._by_target
        imports = set(self.imports)
        onward = {package: 0}
        firsts = []
        queue = [package]
        whole = True
        for at in queue:
            if len(queue) > _MOST_EXPLORED:
                whole = False
                break
            low, high = np.searchsorted(targets, [at, at + 1])
            needing = sources[low:high].tolist()
            if at in imports or (not needing and at != package):
                firsts.append(at)
            for source in needing:
                if source not in onward:
                    onward[source] = at
                    queue.append(source)
        # Where some are said to be imports, what else begins a chain is nothing that the team wrote.
        told = [first for first in firsts if first in imports] or firsts
        return [_way(first, onward) for first in told[:most]], len(told) if whole else None


def _distinct(values: Numbers) -> Numbers:
    """Sorted, each once; `np.unique` hashes first, which takes a hundred times longer."""
    values = np.sort(values)
    return values[np.append(True, values[1:] != values[:-1])] if len(values) else values


def _spread(bringers: list[int], queue: list[int], starts: Numbers, ends: Numbers) -> list[int]:
    """`bringers` with that of each place of `queue` given on to what it needs and that had none, the nearest first."""
    offsets = np.searchsorted(starts, np.arange(len(bringers) + 1)).tolist()
    needed = ends.tolist()
    for place in queue:
        for other in needed[offsets[place] : offsets[place + 1]]:
            if bringers[other] < 0:
                bringers[other] = bringers[place]
                queue.append(other)
    return bringers


def _way(first: int, onward: dict[int, int]) -> list[int]:
    found = [first]
    while onward[found[-1]]:
        found.append(onward[found[-1]])
    return found
