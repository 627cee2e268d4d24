"""A dossier signed outside Jalon: is the signed file this dossier, and who signed it?"""

import io
import json
import sys
import tempfile
from dataclasses import dataclass

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from reports import revisions
from reports.bounded import Bounds, TookTooLong, run_python

# Other writers wait for this one on SQLite, fifteen seconds at most.
_BOUNDS = Bounds(seconds=10, processor_seconds=6, memory=1 << 30, file=1 << 20)
_CHILD = "from reports.outside import main; main()"


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
            done = run_python(["-c", _CHILD], folder, _BOUNDS, environment={}, given=given)
        except TookTooLong as error:
            raise NotThisDossier("slow") from error
    if done.returncode:
        raise NotThisDossier("broken_signature")
    said = json.loads(done.stdout)
    if "wrong" in said:
        raise NotThisDossier(said["wrong"])
    return SignedOutside(said["electronic"], tuple(said["signers"]))


def main() -> None:
    """The child: both files on standard input, what was found as JSON on standard output."""
    given = sys.stdin.buffer.read()
    end = 8 + int.from_bytes(given[:8], "big")
    try:
        found = read(given[8:end], given[end:])
    except NotThisDossier as error:
        sys.stdout.write(json.dumps({"wrong": str(error)}))
        return
    sys.stdout.write(json.dumps({"electronic": found.electronic, "signers": found.signers}))


def read(original: bytes, signed: bytes) -> SignedOutside:
    """Compares what came back with what was sent. Raises `NotThisDossier`.

    An electronic signature is added after the document, whose bytes stay first; it must be intact and cover the whole
    file. Anything else is taken for a scan, which proves nothing by itself: whoever records it says which page it shows.
    """
    if not signed.startswith(b"%PDF-"):
        raise NotThisDossier("no_pdf")
    if not signed.startswith(original):
        if b"/ByteRange" in signed:
            raise NotThisDossier("other_file")
        return SignedOutside(electronic=False, signers=())
    try:
        return _electronic(original, signed)
    except NotThisDossier:
        raise
    except Exception as error:
        raise NotThisDossier("broken_signature") from error


def _electronic(original: bytes, signed: bytes) -> SignedOutside:
    before, reader = PdfFileReader(io.BytesIO(original)), PdfFileReader(io.BytesIO(signed))
    found = list(reader.embedded_signatures)
    # Signatures and nothing else came after the document: a page changed before the first one would be covered by it.
    known = before.xrefs.total_revisions
    if (
        not found
        or reader.xrefs.total_revisions != known + len(found)
        or not revisions.adds_only_signatures(reader, known)
    ):
        raise NotThisDossier("broken_signature")
    context = ValidationContext(trust_roots=[], allow_fetching=False)
    names = []
    for signature in found:
        status = validate_pdf_signature(signature, context, context, skip_diff=True)
        if not (status.intact and status.valid):
            raise NotThisDossier("broken_signature")
        names.append(str(signature.signer_cert.subject.native.get("common_name", "?")))
    _start, _before, after, rest = (int(n) for n in found[-1].byte_range)
    if after + rest != len(signed):
        raise NotThisDossier("broken_signature")
    return SignedOutside(electronic=True, signers=tuple(names))
