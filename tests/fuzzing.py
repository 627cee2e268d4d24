"""How often a property is tried: a little at each run, much more by the targets of `make fuzz`."""

from hypothesis import settings


def tries(*, usual: int, fuzz: int) -> settings:
    """The number of examples of one property: `usual` in the test command, `fuzz` under the profile of that name."""
    return settings(max_examples=fuzz if _is_fuzzing() else usual)


def shares() -> range:
    """In how many tests a long property is tried under the profile `fuzz`, so that several processes share it."""
    return range(4 if _is_fuzzing() else 1)


def _is_fuzzing() -> bool:
    return settings.get_current_profile_name() == "fuzz"
