"""Fixed uniform numbers for each step in each world, held as bits: bit w of an integer speaks of world w.

A number depends only on (the numbers' key, step identity, world): never on the rest of the graph, the machine, the
day or the library's random generators. So results are exactly monotone and the same everywhere.
"""

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Worlds = int
"""A set of worlds: bit w is 1 when world w is in it."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
# Sixteen bits decide nearly every world; the few ties are settled by forty-eight more.
_LANES, _FINE = 4, 48


def open_worlds(
    numbers: str, steps: Sequence[tuple[str, float]], worlds: int, *, remember: bool = True
) -> list[Worlds]:
    """For each (identity, probability), the worlds where its number is below its probability: where it is open."""
    known = _known if remember else {}
    unknown = [step for step in dict.fromkeys(steps) if (numbers, worlds, *step) not in known]
    if len(known) + len(unknown) > _MOST_KNOWN:
        known.clear()
        unknown = list(dict.fromkeys(steps))
    for start in range(0, len(unknown), _TOGETHER):
        some = unknown[start : start + _TOGETHER]
        for step, found in zip(some, _drawn(numbers, some, worlds), strict=True):
            known[(numbers, worlds, *step)] = found
    return [known[(numbers, worlds, *step)] for step in steps]


def world_numbers(numbers: str, identities: Sequence[str], worlds: int) -> NDArray[np.uint16]:
    """The first sixteen bits of each identity's number (row) in each world; fewer worlds are the first of more."""
    keys = np.array([_key(numbers, identity) for identity in identities], dtype=np.uint64)
    mixed = _mix(_counters(worlds // _LANES) + keys[:, None])
    return mixed.astype("<u8", copy=False).view("<u2")


# Open worlds already drawn: the same steps come back from one question to the next.
_known: dict[tuple[str, int, str, float], Worlds] = {}
_MOST_KNOWN, _TOGETHER = 100_000, 16


def _drawn(numbers: str, steps: Sequence[tuple[str, float]], worlds: int) -> list[Worlds]:
    thresholds = [int(min(max(p, 0.0), 1.0) * 2**64) for _, p in steps]
    drawn = world_numbers(numbers, [identity for identity, _ in steps], worlds)
    coarse = np.array([min(t >> _FINE, 0xFFFF) for t in thresholds], dtype=np.uint16)[:, None]
    is_open = drawn < coarse
    for tie in np.flatnonzero((drawn == coarse).ravel()):
        row, world = divmod(int(tie), worlds)
        fine = thresholds[row] - (int(coarse[row, 0]) << _FINE)
        is_open[row, world] = _fine(numbers, steps[row][0], world) < fine
    rows = np.packbits(is_open, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


@cache
def _counters(count: int) -> NDArray[np.uint64]:
    return np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN


def _key(numbers: str, identity: str) -> int:
    digest = hashlib.blake2b(f"{numbers}\x00{identity}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea, Flood, 2014), in place: integers only, so the same everywhere."""
    spare = np.empty_like(x)
    for shift, factor in ((30, _MIX_1), (27, _MIX_2)):
        np.right_shift(x, np.uint64(shift), out=spare)
        np.bitwise_xor(x, spare, out=x)
        np.multiply(x, factor, out=x)
    np.right_shift(x, np.uint64(31), out=spare)
    return np.bitwise_xor(x, spare, out=x)


def _fine(numbers: str, identity: str, world: int) -> int:
    digest = hashlib.blake2b(f"{numbers}\x00{identity}\x00{world}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> (64 - _FINE)
