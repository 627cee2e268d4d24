"""Streams that end with a line end of their own: no reader counts their length wrong, and none is refused."""

import page
import pytest

from reports import dossier as content
from reports import pdf, pdf_child, pdf_finish, seal, streams, verification
from reports.certificates import read_sealer
from reports.verification import Status
from tests.certificates import chain, issue
from tests.factories.documents import DAY, full_today
from tests.factories.withdrawals import WITHDRAWAL


@pytest.mark.parametrize("tries", [1, 2])
def test_a_file_whose_streams_would_be_miscounted_is_made_again_with_other_lengths(monkeypatch, tries):
    """It happens to one file in fifty, before its seal or under it."""
    text, refused = content.canonical(full_today()), {"pdf_child": tries, "seal": tries}

    def miscounted(name):
        def once(data: bytes) -> bool:
            refused[name] -= 1
            return refused[name] >= 0 or streams.has_miscounted_stream(data)

        return once

    for module in (pdf_child, seal):
        monkeypatch.setattr(module, "has_miscounted_stream", miscounted(module.__name__.partition(".")[2]))
    made = pdf_child.render_document(text)
    sealed = seal.seal_document(made, chain().sealer())
    assert made != pdf.render(text) and not streams.has_miscounted_stream(sealed)
    assert verification.verify_document(sealed, chain().sealer().trust, today=DAY).status is Status.GENUINE
    for profile in ("3a", "ua1"):
        assert page.validate_pdf_bytes(sealed, profile=profile).is_compliant


def test_a_line_end_before_the_end_of_a_stream_is_seen():
    assert streams.has_miscounted_stream(b"<</Length 3>>\nstream\nab\r\nendstream\n")
    assert not streams.has_miscounted_stream(b"<</Length 3>>\nstream\nabc\nendstream\n")


@pytest.mark.parametrize("ending", [b"\r", b"\n"])
def test_a_certificate_that_ends_with_a_line_end_seals(ending):
    """One in 128 does, whatever room its seal leaves; a seal of long term keeps four or more."""
    leaf = issue("Cachet de test", chain().middle, ending=ending)
    certificates = leaf.pem + chain().middle.pem
    sealer = read_sealer(certificates, leaf.key_pem, clocks_pem=chain().clock_root.pem, long_term=True)
    made = seal.seal_document(pdf.render(content.canonical(WITHDRAWAL)), sealer, chain().timestamper())
    assert not streams.has_miscounted_stream(made)
    assert verification.verify_document(made, sealer.trust, today=DAY).status is Status.GENUINE
    found = {fault.rule_id for fault in page.validate_pdf_bytes(made, profile="3a").failures}
    assert found <= {"PDFA3A-SIGNATURE-BYTERANGE-001"}


@pytest.mark.parametrize("level", seal.LEVELS)
def test_a_document_of_streams_that_end_with_a_line_end_is_genuine(monkeypatch, level):
    """One stream in 128 does and is written in hexadecimal: here all are."""
    monkeypatch.setattr(pdf_finish, "ends_a_line", lambda _data: True)
    document = pdf_child.render_document(content.canonical(WITHDRAWAL))
    assert document.count(b"/ASCIIHexDecode/FlateDecode") + document.count(b"/ASCIIHexDecode /FlateDecode") > 5
    sealer = chain().sealer(long_term=level == "B-LTA")
    made = seal.seal_document(document, sealer, None if level == "B-B" else chain().timestamper())
    assert verification.verify_document(made, sealer.trust, today=DAY).status is Status.GENUINE
