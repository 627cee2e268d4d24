"""How often a property is tried: a little at each run, much more by the targets of `make fuzz`."""

from hypothesis import settings


def tries(*, usual: int, fuzz: int) -> settings:
    """The number of examples of one property: `usual` in the test command, `fuzz` under the profile of that name."""
    return settings(max_examples=fuzz if settings.get_current_profile_name() == "fuzz" else usual)
