"""A dossier signed outside Jalon: is the signed file this dossier, and who signed it?"""

import json
import tempfile
from dataclasses import dataclass

from reports.bounded import Bounds, TookTooLong, run_python

# Other writers wait for this one on SQLite, fifteen seconds at most.
_BOUNDS = Bounds(seconds=10, processor_seconds=6, memory=1 << 30, file=1 << 20)


class NotThisDossier(ValueError):
    """The message is a code: `no_pdf`, `other_file`, `broken_signature`, `no_code`, `other_code`, `no_ink`; `slow` says
    nothing of the file."""


@dataclass(frozen=True, slots=True)
class SignedOutside:
    """`signers`: the names in the certificates of its electronic signatures; none for a scan."""

    electronic: bool
    signers: tuple[str, ...]


def read_apart(original: bytes, signed: bytes, digest: str) -> SignedOutside:
    """What a child process with bounds reads in `signed`: `original` with signatures after it, or a scan of its decision page.

    `digest`: the hash of the content, which that page bears in its code. Raises `NotThisDossier`.
    """
    given = len(original).to_bytes(8, "big") + original + signed
    with tempfile.TemporaryDirectory(prefix="jalon-outside-") as folder:
        try:
            done = run_python(["-m", "reports.outside_child", digest], folder, _BOUNDS, environment={}, given=given)
        except TookTooLong as error:
            raise NotThisDossier("slow") from error
    if done.returncode:
        raise NotThisDossier("broken_signature")
    said = json.loads(done.stdout)
    if "wrong" in said:
        raise NotThisDossier(said["wrong"])
    return SignedOutside(said["electronic"], tuple(said["signers"]))
