"""A dossier signed outside Jalon: signatures were added to what was sent, and nothing else."""

import io
import subprocess
import sys

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

from reports import dossier as content
from reports import outside, pdf
from reports.bounded import Bounds
from reports.outside import NotThisDossier, SignedOutside
from tests.certificates import chain
from tests.factories.documents import full

DIGEST = "0" * 64  # of no page: none of these is a scan


@pytest.fixture(scope="module")
def sent() -> bytes:
    return pdf.render(content.canonical(full() | {"decision": None}))


def sign(writer: IncrementalPdfFileWriter, box: tuple[int, int, int, int] | None = None, name: str = "S") -> bytes:
    own = chain().sealer()
    return signers.sign_pdf(
        writer,
        signers.PdfSignatureMetadata(field_name=name),
        signer=signers.SimpleSigner(own.certificate, own.key, None),
        new_field_spec=fields.SigFieldSpec(name, box=box),
    ).getvalue()


def writer(data: bytes) -> IncrementalPdfFileWriter:
    return IncrementalPdfFileWriter(io.BytesIO(data))


OTHER_PROGRAM = """
import io, sys
from pyhanko.keys import load_cert_from_pemder, load_private_key_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

sent, certificate, key = sys.argv[1:]
signer = signers.SimpleSigner(load_cert_from_pemder(certificate), load_private_key_from_pemder(key, None), None)
sys.stdout.buffer.write(signers.sign_pdf(
    IncrementalPdfFileWriter(io.BytesIO(open(sent, "rb").read())), signers.PdfSignatureMetadata(field_name="S"),
    signer=signer, new_field_spec=fields.SigFieldSpec("S", box=(20, 20, 220, 90)),
).getvalue())
"""


def test_a_program_that_signs_may_put_its_name_and_the_day_in_the_metadata(sent, tmp_path):
    """In a process of its own: Jalon keeps pyHanko from writing them in what it seals."""
    own = chain().leaf
    given = {"sent.pdf": sent, "certificate": own.pem, "key": own.key_pem}
    for name, data in given.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-c", OTHER_PROGRAM, *(str(tmp_path / name) for name in given)]
    signed = subprocess.run(command, capture_output=True, check=True).stdout
    assert b"pyHanko" in signed[len(sent) :]
    assert outside.read_apart(sent, signed, DIGEST) == SignedOutside(electronic=True, signers=("Cachet de test",))


def other_title(w):
    w.trailer["/Info"][pdf_name("/Title")] = generic.pdf_string("Autre dossier")
    w.mark_update(w.trailer.raw_get("/Info").reference)


def first_page(w: IncrementalPdfFileWriter):
    reference = w.root["/Pages"].raw_get("/Kids")
    node = w.root["/Pages"]["/Kids"].raw_get(0).reference
    assert reference is not None
    while node.get_object()["/Type"] != "/Page":
        node = node.get_object()["/Kids"].raw_get(0).reference
    return node


def test_one_signature_or_two_shown_or_not(sent):
    once = sign(writer(sent))
    twice = sign(writer(once), (20, 20, 220, 90), "T")
    assert outside.read_apart(sent, once, DIGEST) == SignedOutside(electronic=True, signers=("Cachet de test",))
    assert outside.read_apart(sent, twice, DIGEST).signers == ("Cachet de test", "Cachet de test")


def other_pages(w):
    page = first_page(w)
    drawn = b"BT /F1 40 Tf 50 500 Td (HOMOLOGUE) Tj ET"
    page.get_object()["/Contents"] = w.add_object(generic.StreamObject(stream_data=drawn))
    w.mark_update(page)


def other_words(w):
    page = first_page(w).get_object()
    held = page["/Contents"]
    stream = held.raw_get(0).reference if isinstance(held, generic.ArrayObject) else page.raw_get("/Contents").reference
    stream.get_object()._data = b""
    w.mark_update(stream)


def a_note(w):
    page = first_page(w)
    note = {pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/FreeText")}
    box = generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 600, 800)])
    held = w.add_object(generic.DictionaryObject(note | {pdf_name("/Rect"): box}))
    page.get_object()["/Annots"] = generic.ArrayObject([held])
    w.mark_update(page)


@pytest.mark.parametrize("change", [other_pages, other_words, a_note, other_title])
def test_what_changes_under_a_signature_is_refused(sent, change):
    w = writer(sent)
    change(w)
    with pytest.raises(NotThisDossier, match="broken_signature"):
        outside.read_apart(sent, sign(w), DIGEST)


def test_a_signature_may_not_cover_the_page(sent):
    with pytest.raises(NotThisDossier, match="broken_signature"):
        outside.read_apart(sent, sign(writer(sent), (0, 0, 590, 800)), DIGEST)


def test_what_would_take_for_ever_is_stopped(sent, monkeypatch):
    monkeypatch.setattr(outside, "_BOUNDS", Bounds(seconds=3, processor_seconds=3, memory=1 << 30, file=1 << 20))
    w = writer(sent)
    value = w.add_object(generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Sig")}))
    many = generic.ArrayObject(
        generic.DictionaryObject(
            {pdf_name("/FT"): pdf_name("/Sig"), pdf_name("/T"): generic.pdf_string(f"a{n}"), pdf_name("/V"): value}
        )
        for n in range(200_000)
    )
    w.root["/AcroForm"] = generic.DictionaryObject({pdf_name("/Fields"): many})
    w.update_root()
    out = io.BytesIO()
    w.write(out)
    with pytest.raises(NotThisDossier):
        outside.read_apart(sent, out.getvalue(), DIGEST)
