"""A dossier signed outside Jalon: is the signed file this dossier, and who signed it?"""

import json
import tempfile
from dataclasses import dataclass

from reports.bounded import Bounds, TookTooLong, run_python

# Other writers wait for this one on SQLite, fifteen seconds at most.
_BOUNDS = Bounds(seconds=10, processor_seconds=6, memory=1 << 30, file=1 << 20)


class NotThisDossier(ValueError):
    """The message is a code: `no_pdf`, `other_file`, `broken_signature`; `slow` says nothing of the file."""


@dataclass(frozen=True, slots=True)
class SignedOutside:
    """`signers`: the names in the certificates of its electronic signatures; none for a scan."""

    electronic: bool
    signers: tuple[str, ...]


def read_apart(original: bytes, signed: bytes) -> SignedOutside:
    """As `read`, in a child process with bounds: for what a stranger may have made. Raises `NotThisDossier`."""
    given = len(original).to_bytes(8, "big") + original + signed
    with tempfile.TemporaryDirectory(prefix="jalon-outside-") as folder:
        try:
            done = run_python(["-m", "reports.outside_child"], folder, _BOUNDS, environment={}, given=given)
        except TookTooLong as error:
            raise NotThisDossier("slow") from error
    if done.returncode:
        raise NotThisDossier("broken_signature")
    said = json.loads(done.stdout)
    if "wrong" in said:
        raise NotThisDossier(said["wrong"])
    return SignedOutside(said["electronic"], tuple(said["signers"]))
