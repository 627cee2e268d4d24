"""How often a property is tried: a little at each run, much more by the targets of `make fuzz`."""

import json
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import settings


def tries(*, usual: int, fuzz: int) -> settings:
    """The number of examples of one property: `usual` in the test command, `fuzz` under the profile of that name."""
    return settings(max_examples=fuzz if _is_fuzzing() else usual)


def shares() -> range:
    """In how many tests a long property is tried under the profile `fuzz`, so that several processes share it."""
    return range(4 if _is_fuzzing() else 1)


def damaged(content: bytes, *, usual: int, fuzz: int) -> Iterator[bytes]:
    """`content` with small damages, so many times as said, half of them to its values where it is JSON; always the same ones."""
    rng = random.Random(content)
    is_json = content.lstrip().startswith(b"{")
    for _ in range(fuzz if _is_fuzzing() else usual):
        yield _with_other_values(content, rng) if is_json and rng.random() < 0.5 else _mutated(content, rng)


def _with_other_values(content: bytes, rng: random.Random) -> bytes:
    """One to three values of a JSON document replaced, each by one of a kind drawn at random."""
    document = json.loads(content)
    for _ in range(rng.randint(1, 3)):
        places = list(_places(document))
        if places:
            holder, key = rng.choice(places)
            holder[key] = rng.choice([None, [], {}, True, -1, 1e300, "", "x\0\ud800", [[]], [{}], {"a": []}, [1, None]])
    return json.dumps(document).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each list or map within `value`, with each of its indexes or keys."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inside:
        yield value, key
        yield from _places(held)


def _mutated(content: bytes, rng: random.Random) -> bytes:
    """One to four small damages: bytes changed, cut, doubled, or a value put in the place of another."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data)) if data else 0
        match rng.randrange(5):
            case 0 if data:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 60)]
            case 2:
                data[at:at] = data[at : at + rng.randint(1, 60)]
            case 3:
                data[at:at] = rng.choice(
                    [b"null", b"[]", b"{}", b'"', b"1e999", b"\x00", b"\xff", b"<", b"&a;", b"]]>"]
                )
            case _:
                data = data[: rng.randrange(len(data) + 1)]
    return bytes(data)


def _is_fuzzing() -> bool:
    return settings.get_current_profile_name() == "fuzz"
