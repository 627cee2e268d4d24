"""Fixed uniform numbers for each step in each world, held as bits of one Python integer.

A number depends only on (model, step identity, world): never on the rest of the graph, the machine, the
day or the library's random generators. So results are exactly monotone and the same everywhere.
"""

import hashlib
from collections.abc import Iterable
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea, Flood, 2014): integers only, so the same on every machine."""
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    return x ^ (x >> np.uint64(31))


@cache
def _counters(worlds: int) -> NDArray[np.uint64]:
    return np.arange(1, worlds + 1, dtype=np.uint64) * _GOLDEN


@lru_cache(maxsize=200_000)
def open_worlds(model: str, identity: str, probability: float, worlds: int) -> int:
    """Bit w is 1 when the step is open in world w, that is when its number is below `probability`."""
    if probability <= 0:
        return 0
    if probability >= 1:
        return (1 << worlds) - 1
    key = hashlib.blake2b(f"{model}\x00{identity}".encode(), digest_size=8).digest()
    numbers = _mix(_counters(worlds) + np.uint64(int.from_bytes(key, "little")))
    bits = np.packbits(numbers < np.uint64(int(probability * 2**64)), bitorder="little")
    return int.from_bytes(bits.tobytes(), "little")


def share(bits: int, worlds: int) -> float:
    """The share of worlds whose bit is 1."""
    return bits.bit_count() / worlds


def union(bits: Iterable[int]) -> int:
    result = 0
    for b in bits:
        result |= b
    return result
