"""The seal: who vouches for a file, and that no change passes for genuine."""

import io
import random
import re
from datetime import UTC, datetime, timedelta

import page
import pikepdf
import pytest
import time_machine
from asn1crypto import cms, core
from asn1crypto.algos import DSASignature
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import HTTPTimeStamper

from reports import dossier as content
from reports import seal, verification
from reports.certificates import Trust, UnusableSeal, make_trial, read_sealer
from reports.verification import Status
from tests.certificates import chain, issue, timestamper
from tests.conftest import free_port
from tests.factories.withdrawals import WITHDRAWAL

LEVELS = ["B-B", "B-T", "B-LTA"]
TODAY = datetime.now(UTC).date()


def status(data: bytes) -> Status | None:
    """None for what cannot be read."""
    try:
        return verification.verify_document(data, chain().sealer().trust, today=TODAY).status
    except verification.UnreadableDocument:
        return None


@pytest.mark.parametrize("level", LEVELS)
def test_a_sealed_file_is_genuine_and_says_what_it_holds(document, sealed, level):
    verdict = verification.verify_document(sealed[level], chain().sealer().trust, today=TODAY)
    said = " ".join(fact.in_language("fr") for fact in verdict.facts)
    assert (verdict.status, verdict.doubts) == (Status.GENUINE, ())
    assert "Cachet de test" in said and "Guichet des aides" in said
    assert ("Sans horodatage" in said) == (level == "B-B")
    assert sealed[level].startswith(document)
    assert verification.verdict_from_plain(verification.verdict_as_plain(verdict)) == verdict


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("profile", ["3a", "ua1"])
def test_a_seal_keeps_the_file_archivable_and_accessible(sealed, level, profile):
    found = page.validate_pdf_bytes(sealed[level], profile=profile)
    # The validator reads as errors the ranges of a second signature; veraPDF's engine and qpdf do not (docs/pdf.md).
    later = {"PDFA3A-SIGNATURE-BYTERANGE-001", "PDFUA1-WIDGET-FORM-TAG-001"}
    known = later if level == "B-LTA" else set()
    assert [f.rule_id for f in found.failures if f.rule_id not in known] == []
    with pikepdf.open(io.BytesIO(sealed[level])) as pdf:
        assert pdf.check_pdf_syntax() == []


@pytest.mark.parametrize(
    "change", [{"product": {"a": 1}}, {"frozen_on": 5}, {"withdrawn_on": None}, {"reason": "{x} %s"}]
)
def test_a_content_of_strange_types_never_breaks_its_reader(change):
    """Anybody may seal anything with a key of their own: what is said of it is text, or nothing."""
    out = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        made.attachments["dossier.json"] = content.canonical(WITHDRAWAL | change).encode()
        made.save(out)
    try:
        verdict = verification.verify_document(out.getvalue(), Trust(), today=TODAY)
    except verification.UnreadableDocument:
        return
    assert verdict.status is not Status.GENUINE
    assert all(said.in_language(language) for said in verdict.facts for language in ("fr", "en"))


def test_a_reader_who_knows_no_root_is_told_so(sealed):
    verdict = verification.verify_document(sealed["B-B"], Trust(), today=TODAY)
    assert verdict.status is Status.UNVOUCHED
    assert [d.code for d in verdict.doubts] == ["unknown_seal"]


def test_somebody_else_cannot_seal_in_our_name(document):
    forger = issue("Cachet de test")
    forged = seal.seal_document(document, read_sealer(forger.pem, forger.key_pem))
    assert status(forged) is Status.UNVOUCHED
    middle = issue("Autorité de test", ca=True)
    leaf = issue("Cachet de test", middle)
    assert status(seal.seal_document(document, read_sealer(leaf.pem + middle.pem, leaf.key_pem))) is Status.UNVOUCHED


@pytest.mark.parametrize(
    "above", ["root", "middle", "clock_root"], ids=["under the root", "beside the seal", "under the root of clocks"]
)
def test_who_certifies_for_others_cannot_seal_in_our_name(document, above):
    """A public authority certifies thousands of people: only the very certificates that the reader was given seal."""
    authority = getattr(chain(), above)
    leaf = issue("Cachet de test", authority)
    forged = seal.seal_document(document, read_sealer(leaf.pem + authority.pem, leaf.key_pem))
    assert status(forged) is Status.UNVOUCHED


def test_neither_a_clock_seals_nor_a_seal_tells_the_time(document):
    clock, leaf = chain().clock, chain().leaf
    trial = read_sealer(clock.pem, clock.key_pem)
    assert status(seal.seal_document(document, trial)) is Status.UNVOUCHED
    for other in (leaf, issue("Faux", chain().clock_root), issue("Horloge", chain().root, clock=True)):
        stamped = seal.seal_document(document, chain().sealer(), timestamper(other))
        assert status(stamped) is not Status.GENUINE


def test_a_certificate_that_was_replaced_stays_trusted(document):
    first, second = issue("Cachet 2024"), issue("Cachet 2027")
    now = read_sealer(second.pem, second.key_pem, former_pem=first.pem)
    for issued in (first, second):
        data = seal.seal_document(document, read_sealer(issued.pem, issued.key_pem))
        assert verification.verify_document(data, now.trust, today=TODAY).status is Status.GENUINE


def _container(data: bytes) -> tuple[int, int]:
    signature = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    _, before, after, _ = (int(n) for n in signature.byte_range)
    return before, after


def _rewritten(data: bytes, change) -> bytes:
    """`data` with the container of its seal changed, in good DER."""
    before, after = _container(data)
    info = cms.ContentInfo.load(cms.ContentInfo.load(bytes.fromhex(data[before + 1 : after - 1].decode())).dump())
    change(info["content"])
    digits = info.dump(force=True).hex().upper().encode()
    return data[:before] + b"<" + digits.ljust(after - before - 2, b"0") + b">" + data[after:]


def _without_timestamp(signed) -> None:
    info = signed["signer_infos"][0]
    kept = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    signed["signer_infos"] = cms.SignerInfos([cms.SignerInfo({name: info[name] for name in kept})])


def _other_name_of_algorithm(signed) -> None:
    signed["signer_infos"][0]["signature_algorithm"] = {"algorithm": "rsassa_pkcs1v15"}


def _spare_token(signed) -> None:
    attribute = signed["signer_infos"][0]["unsigned_attrs"][0]
    spare = cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"Z" * 500)})
    values = [cms.ContentInfo.load(attribute["values"][0].dump()), spare]
    signed["signer_infos"][0]["unsigned_attrs"] = [
        cms.CMSAttribute({"type": "signature_time_stamp_token", "values": values})
    ]


def _without_chain(signed) -> None:
    signed["certificates"] = list(signed["certificates"])[:1]


@pytest.mark.parametrize("change", [_without_chain, _without_timestamp, _other_name_of_algorithm, _spare_token])
def test_a_container_written_again_does_not_pass(sealed, change):
    changed = _rewritten(sealed["B-T"], change)
    assert changed != sealed["B-T"] and status(changed) is not Status.GENUINE


def test_a_seal_cut_to_a_lower_level_does_not_pass(sealed):
    ends = [found.end() for found in re.finditer(rb"%%EOF\n", sealed["B-LTA"])]
    assert [status(sealed["B-LTA"][:end]) for end in ends[:-1]] == [Status.UNVOUCHED, Status.ALTERED]


def test_the_other_number_of_an_elliptic_signature_does_not_pass(document):
    sealer = read_sealer(*make_trial(datetime.now(UTC)))
    order = ec.SECP256R1().group_order

    def opposite(signed) -> None:
        pair = DSASignature.load(signed["signer_infos"][0]["signature"].native)
        other = DSASignature({"r": pair["r"].native, "s": order - pair["s"].native})
        signed["signer_infos"][0]["signature"] = other.dump()

    for _ in range(6):  # one in two would do by chance
        data = seal.seal_document(document, sealer)
        changed = _rewritten(data, opposite)
        found = [verification.verify_document(file, sealer.trust, today=TODAY).status for file in (data, changed)]
        assert found == [Status.GENUINE, Status.ALTERED]


def test_a_file_of_a_hundred_thousand_signatures_is_refused_at_once(document):
    with pikepdf.open(io.BytesIO(document)) as opened:
        kids = [
            opened.make_indirect(
                pikepdf.Dictionary(FT=pikepdf.Name.Sig, T=f"s{n}", V=pikepdf.Dictionary(ByteRange=[0]))
            )
            for n in range(1000)
        ]
        opened.Root.AcroForm = pikepdf.Dictionary(Fields=kids)
        out = io.BytesIO()
        opened.save(out)
    verdict = verification.verify_document(out.getvalue(), chain().sealer().trust, today=TODAY)
    assert verdict.status is Status.ALTERED
    assert {"other_signatures", "broken_seal"} & {d.code for d in verdict.doubts}


def test_what_a_stranger_wrote_is_shown_short_and_plain(document):
    text = content.canonical(WITHDRAWAL | {"reason": "\x1b[2J\u202e" + "x" * 100_000})
    said = " ".join(fact.in_language("fr") for fact in verification.facts_of(text, TODAY))
    assert "\x1b" not in said and "\u202e" not in said and len(said) < 2000


def _flips(data: bytes, count: int, seed: int, places) -> list[int]:
    """Places where a changed bit passes for genuine."""
    draw, passed = random.Random(seed), []
    for _ in range(count):
        at = draw.choice(places)
        changed = bytearray(data)
        changed[at] ^= 1 << draw.randrange(8)
        if status(bytes(changed)) is Status.GENUINE:
            passed.append(at)
    return passed


@pytest.mark.parametrize("seed", range(4))
def test_no_flipped_bit_passes(sealed, seed):
    """2,000 bits: half anywhere in the file, half in the container that the seal itself does not cover."""
    data = sealed[LEVELS[seed % 3]]
    start = data.index(b"/Contents <3") + 10
    container = range(start, start + 9000)
    assert _flips(data, 250, seed, range(len(data))) + _flips(data, 250, seed, container) == []


def test_no_other_spelling_of_the_container_passes(sealed):
    """Another hexadecimal digit, or the same in the other case, at each place in turn of what signs."""
    data = sealed["B-T"]
    start = data.index(b"/Contents <3") + 11
    draw, passed = random.Random(7), []
    for at in draw.sample(range(start, start + 12_000), 150):
        for digit in (data[at : at + 1].lower(), b"%X" % ((int(data[at : at + 1], 16) + 1) % 16)):
            if digit != data[at : at + 1] and status(data[:at] + digit + data[at + 1 :]) is Status.GENUINE:
                passed.append(at)
    assert passed == []


def test_no_truncated_file_passes(sealed):
    draw = random.Random(1)
    lengths = [
        *(draw.randrange(len(sealed["B-LTA"])) for _ in range(440)),
        *range(len(sealed["B-LTA"]) - 60, len(sealed["B-LTA"])),
    ]
    assert [n for n in lengths if status(sealed["B-LTA"][:n]) is Status.GENUINE] == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("tail", [b"\n", b"%%EOF\n", b"A" * 1000, b"\0", b"% rien\n%%EOF\n"])
def test_nothing_may_be_appended(sealed, level, tail):
    assert status(sealed[level] + tail) is Status.ALTERED


def _unused(writer):
    writer.add_object(generic.TextStringObject("rien"))


def _language(writer):
    writer.root["/Lang"] = generic.TextStringObject("en")
    writer.update_root()


def _note(writer):
    first = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Contents"): generic.TextStringObject("Homologué pour dix ans"),
            generic.pdf_name("/Rect"): generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 300, 300)]),
        }
    )
    first["/Annots"] = generic.ArrayObject([*first.get("/Annots", []), writer.add_object(note)])
    writer.mark_update(first.container_ref)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("change", [_unused, _language, _note])
def test_no_incremental_update_passes(sealed, level, change):
    writer = IncrementalPdfFileWriter(io.BytesIO(sealed[level]))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(sealed[level]) and status(out.getvalue()) is Status.ALTERED


def _title(writer):
    writer.trailer["/Info"] = writer.add_object(
        generic.DictionaryObject({generic.pdf_name("/Title"): generic.TextStringObject("Autre titre")})
    )


@pytest.mark.parametrize("change", [_unused, _language, _note, _title])
def test_a_timestamp_over_a_forged_update_saves_nothing(sealed, change):
    """Any timestamp authority stamps what it is given: an update under its stamp must still be seen."""
    from pyhanko.sign.signers import PdfTimeStamper

    writer = IncrementalPdfFileWriter(io.BytesIO(sealed["B-T"]))
    change(writer)
    stamped = PdfTimeStamper(chain().timestamper(), field_name=seal.TIMESTAMP_FIELD).timestamp_pdf(writer, "sha256")
    assert status(stamped.getvalue()) is not Status.GENUINE


def test_a_file_saved_again_by_another_program_does_not_pass(sealed):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(sealed["B-B"])) as opened:
        opened.save(out)
    assert status(out.getvalue()) is not Status.GENUINE


def test_the_seal_of_another_document_does_not_pass(document, sealed):
    tail = sealed["B-B"][len(document) :]
    other = document.replace(b"/Lang (fr)", b"/Lang (en)", 1)
    assert status((other if other != document else document[:-7] + b"\n" + document[-7:]) + tail) is not Status.GENUINE


def test_what_cannot_seal_says_why(document):
    good, other = issue("A"), issue("B")
    for chain_pem, key_pem, why in (
        (good.key_pem, good.key_pem, "no certificate"),
        (b"rien", good.key_pem, "not a PEM certificate"),
        (good.pem, b"rien", "not an unencrypted PEM"),
        (good.pem, other.key_pem, "not that of its certificate"),
        (issue("CA", ca=True).pem, good.key_pem, "not that of its certificate"),
    ):
        with pytest.raises(UnusableSeal, match=why):
            read_sealer(chain_pem, key_pem)
    ca = issue("CA", ca=True)
    with pytest.raises(UnusableSeal, match="an authority's"):
        read_sealer(ca.pem, ca.key_pem)
    for days in ((-900, -1), (1, 900)):
        late = issue("Hors dates", days=days)
        with pytest.raises(UnusableSeal, match="install another one"):
            seal.seal_document(document, read_sealer(late.pem, late.key_pem))


def test_a_seal_outlives_its_certificate(sealed):
    with time_machine.travel(datetime.now(UTC) + timedelta(days=4000)):
        for level in LEVELS:
            assert status(sealed[level]) is Status.GENUINE, level


def test_a_timestamp_authority_that_is_down_is_an_error_of_its_own(document):
    nowhere = HTTPTimeStamper(f"http://127.0.0.1:{free_port()}/", timeout=2)
    with pytest.raises(seal.TimestampFailed):
        seal.seal_document(document, chain().sealer(), nowhere)
