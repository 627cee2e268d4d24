"""Work that holds a place of the site: one at a time on a machine, and nobody waits for it."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app


@contextmanager
def only_place(work: str) -> Iterator[bool]:
    """Whether this is the one `work` under way on this machine for this Jalon: what somebody sends may take seconds, and
    who sends many takes no more than one place."""
    site = hashlib.sha256(str(current_app.config["SETTINGS"].instance).encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"jalon-{os.getuid()}-{site}-{work}.lock"
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
