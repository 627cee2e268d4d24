"""Progress on standard error, for work that makes somebody wait."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from risk_models.ranking import progress

_LONG = 300


@contextmanager
def waiting(components: int) -> Iterator[None]:
    """Counts the evaluations of a large system as they are made, on a terminal; says nothing for a small one, nor to a file."""
    if components < _LONG or not sys.stderr.isatty():
        yield
        return
    sys.stderr.write(f"{components} components\n")

    def tell(done: int, of: int) -> None:
        sys.stderr.write(f"\r{done}/{of} evaluations   ")
        sys.stderr.flush()

    with progress.told_to(tell):
        yield
    sys.stderr.write("\n")
