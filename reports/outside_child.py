"""The child process that reads a dossier signed outside Jalon: both files on standard input, what was found as JSON.

Its argument is the hash of the content that the decision page bears.
"""

import io
import json
import sys

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from reports import revisions
from reports.outside import NotThisDossier, SignedOutside
from reports.scan import check_scan


def main() -> None:
    given = sys.stdin.buffer.read()
    end = 8 + int.from_bytes(given[:8], "big")
    try:
        found = read_signature(given[8:end], given[end:], sys.argv[1])
    except NotThisDossier as error:
        sys.stdout.write(json.dumps({"wrong": str(error)}))
        return
    sys.stdout.write(json.dumps({"electronic": found.electronic, "signers": found.signers}))


def read_signature(original: bytes, signed: bytes, digest: str) -> SignedOutside:
    """Compares what came back with what was sent. Raises `NotThisDossier`.

    An electronic signature is added after the document, whose bytes stay first; it must be intact and cover the whole
    file. Anything else is taken for a scan, which bears the code `digest` of the decision page, and ink.
    """
    if not signed.startswith(original):
        if b"/ByteRange" in signed:
            raise NotThisDossier("other_file")
        check_scan(signed, digest)
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


if __name__ == "__main__":
    main()
