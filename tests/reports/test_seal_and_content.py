"""What a seal says of the day and of the pages: forgeries that a whole seal, by the true key even, does not make good."""

import io
import re
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers

from reports import dossier as content
from reports import pdf, seal, verification
from reports.verification import DocumentVerdict, Status
from tests.certificates import chain
from tests.factories.withdrawals import WITHDRAWAL

TODAY = datetime.now(UTC).date()


def _verdict(data: bytes) -> DocumentVerdict:
    return verification.verify_document(data, chain().sealer().trust, today=TODAY)


@pytest.mark.parametrize("level", seal.LEVELS)
def test_a_seal_from_before_what_it_seals_is_refused(level):
    """Whoever holds the key makes no page of a day that is to come."""
    then = (TODAY + timedelta(days=2)).isoformat()
    page = pdf.render(content.canonical(WITHDRAWAL | {"withdrawn_on": then, "frozen_on": then}))
    clock = None if level == "B-B" else chain().timestamper()
    data = seal.seal_document(page, chain().sealer(long_term=level == "B-LTA"), clock)
    verdict = _verdict(data)
    assert (verdict.status, [d.code for d in verdict.doubts]) == (Status.ALTERED, ["sealed_before"])


def test_a_seal_from_long_after_what_it_seals_is_a_doubt():
    then = (TODAY - timedelta(days=40)).isoformat()
    late = pdf.render(content.canonical(WITHDRAWAL | {"withdrawn_on": then, "frozen_on": then}))
    verdict = verification.verify_document(
        seal.seal_document(late, chain().sealer()), chain().sealer().trust, today=TODAY
    )
    assert (verdict.status, [d.code for d in verdict.doubts]) == (Status.UNVOUCHED, ["sealed_late"])
    some = (TODAY - timedelta(days=20)).isoformat()
    waited = pdf.render(content.canonical(WITHDRAWAL | {"withdrawn_on": some, "frozen_on": some}))
    assert _verdict(seal.seal_document(waited, chain().sealer())).status is Status.GENUINE


@pytest.mark.parametrize("level", seal.LEVELS)
def test_pages_drawn_again_say_whether_they_are_those_of_the_content(document, sealed, level):
    verdict = _verdict(sealed[level])
    same = verification.draw_again(sealed[level], verdict)
    assert same.status is Status.GENUINE and same.facts[-1].code == "drawn_again"


def test_the_true_key_over_other_pages_is_a_doubt(document):
    """The content and its identifier are ours, the page is another of the same length: the seal alone says nothing of it."""
    text = content.canonical(WITHDRAWAL)
    other = pdf.render(content.canonical(WITHDRAWAL | {"reason": "Intrusion démentie."}))
    with pikepdf.open(io.BytesIO(other)) as opened:
        del opened.attachments["dossier.json"]
        opened.attachments["dossier.json"] = text.encode()
        opened.trailer.ID = pikepdf.Array([content.sha256(text).encode(), content.sha256(text).encode()])
        out = io.BytesIO()
        opened.save(out)
    forged = seal.seal_document(_with_identifier(out.getvalue(), content.sha256(text)), chain().sealer())
    verdict = _verdict(forged)
    assert verdict.status is Status.GENUINE  # whoever holds the key seals what they like
    again = verification.draw_again(forged, verdict)
    assert (again.status, again.doubts[-1].code) == (Status.UNVOUCHED, "other_pages")


def _with_identifier(data: bytes, digest: str) -> bytes:
    """As a program that minds nothing but the identifier writes it."""
    found = re.search(rb"/ID ?\[ ?<([0-9a-fA-F]*)>", data)
    return data.replace(b"<" + found[1] + b">", b"<" + digest.encode().hex().encode() + b">", 1)


def _slip_in(data: bytes, where: str) -> bytes:
    """A B-LTA file whose last revision is made again with a payload, under a timestamp of who stamps whatever it is given."""
    ends = [found.end() for found in re.finditer(rb"%%EOF\n", data)]
    writer = IncrementalPdfFileWriter(io.BytesIO(data[: ends[1]]))
    if where == "nothing":
        return _stamped(writer)
    if where == "objects":
        stream = generic.StreamObject(stream_data=b"1 0 null PAYLOAD")
        stream[generic.pdf_name("/Type")] = generic.pdf_name("/ObjStm")
        stream[generic.pdf_name("/N")] = generic.NumberObject(1)
        stream[generic.pdf_name("/First")] = generic.NumberObject(4)
        writer.add_object(stream)
    else:
        proof = writer.add_object(generic.StreamObject(stream_data=b"PAYLOAD"))
        store = {generic.pdf_name(where): generic.ArrayObject([proof])}
        writer.root[generic.pdf_name("/DSS")] = writer.add_object(generic.DictionaryObject(store))
        writer.update_root()
    return _stamped(writer)


def _stamped(writer: IncrementalPdfFileWriter) -> bytes:
    out = io.BytesIO()
    stamper = signers.PdfTimeStamper(chain().timestamper(), field_name=seal.TIMESTAMP_FIELD)
    stamper.timestamp_pdf(writer, "sha256", output=out)
    return out.getvalue()


@pytest.mark.parametrize("where", ["objects", "/Certs", "/OCSPs", "/CRLs", "/Other"])
def test_nothing_but_proofs_is_slipped_in_under_a_timestamp(sealed, where):
    verdict = _verdict(_slip_in(sealed["B-LTA"], where))
    assert (verdict.status, [d.code for d in verdict.doubts]) == (Status.ALTERED, ["added"])
    assert _verdict(_slip_in(sealed["B-LTA"], "nothing")).status is Status.GENUINE
