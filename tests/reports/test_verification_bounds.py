"""What a stranger's file may cost to check."""

import dataclasses
import io
import resource
from datetime import date

import pikepdf
import pytest

from reports import outside, verification
from tests.factories.bombs import packed


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_file_that_unpacks_without_end_is_refused_before_it_does(levels):
    bomb = packed(levels)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(verification.UnreadableDocument, match="too_heavy"):
        verification.verify_apart(bomb, b"", b"", today=date(2026, 11, 23))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 3
    assert len(bomb) < 250_000


def test_a_server_too_busy_says_so_and_nothing_of_the_file(monkeypatch):
    monkeypatch.setattr(verification, "_BOUNDS", dataclasses.replace(verification._BOUNDS, seconds=0))
    monkeypatch.setattr(outside, "_BOUNDS", dataclasses.replace(outside._BOUNDS, seconds=0))
    with pytest.raises(verification.UnreadableDocument, match="slow"):
        verification.verify_apart(b"%PDF-1.7", b"", b"", today=date(2026, 11, 23))
    with pytest.raises(outside.NotThisDossier, match="slow"):
        outside.read_apart(b"%PDF-1.7", b"%PDF-1.7", "0" * 64)


@pytest.mark.parametrize("packing", ["/DCTDecode", "/JPXDecode"])
def test_a_picture_that_a_signature_shows_makes_no_file_too_heavy(packing):
    document, out = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    document.attachments["dossier.json"] = b"{}"
    document.pages[0].obj.Picture = document.make_stream(b"\xff\xd8\xff\xd9", Filter=pikepdf.Name(packing))
    document.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    assert verification.read_document(out.getvalue(), whole=True)[0] == "{}"
