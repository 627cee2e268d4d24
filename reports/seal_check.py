"""The seal of a file and its timestamps: whole, ours in shape, and by whom. With pyHanko, whose verdict is not enough:
the shape of the file, of the seal's container and the certificates in it are checked here too (docs/pdf.md).
"""

import io
from datetime import datetime, timedelta
from typing import Any

from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from reports import certificates, containers, revisions, seal
from reports.certificates import Trust
from reports.verification import END, PARIS, ActDay, Said, Status, make_fact, read_document

_PAIR = [seal.FIELD, seal.TIMESTAMP_FIELD]


class _AlteredError(Exception):
    """The message is a code of the words `verification`."""


# A seal waits for a certificate or a timestamp authority for days, not for a month.
_LATE = timedelta(days=31)


def check_seal(data: bytes, trust: Trust, act: ActDay) -> tuple[Status, list[Said], list[Said]]:
    """`act`: the day that the file gives to what it seals."""
    try:
        return _seal_verdict(data, trust, act)
    except _AlteredError as error:
        return Status.ALTERED, [], [make_fact(str(error))]
    except Exception:
        return Status.ALTERED, [], [make_fact("broken_seal")]


def sealed_document(data: bytes) -> bytes:
    """The document that a seal was added to, as it was drawn. Raises `ValueError` or others for a broken file."""
    return data[: _first_revision(data, PdfFileReader(io.BytesIO(data), strict=True))]


def _seal_verdict(data: bytes, trust: Trust, act: ActDay) -> tuple[Status, list[Said], list[Said]]:
    reader = PdfFileReader(io.BytesIO(data), strict=True)
    if len(reader.root["/AcroForm"]["/Fields"]) > len(_PAIR):  # strangers' files have had 100,000
        raise _AlteredError("other_signatures")
    found = list(reader.embedded_signatures)
    fault = _shape_fault(data, reader, found)
    if fault:
        raise _AlteredError(fault)
    sealed = found[0]
    document = data[: _first_revision(data, reader)]
    token = containers.timestamp_token(sealed.signed_data)
    level = seal.LEVELS[0 if token is None else len(found)]
    if sealed.sig_object.get("/Reason") != seal.seal_reason(document, level):
        raise _AlteredError("other_document")
    if read_document(document) != read_document(data):
        raise _AlteredError("added")
    moment = _moment(sealed)
    sealed_on = moment.astimezone(PARIS).date()
    if sealed_on < act.day:
        raise _AlteredError("sealed_before")
    anchors, clocks = (seal.validation_context(known, moment=moment) for known in (trust.sealers, trust.clocks))
    # Its own comparison of revisions takes half a minute; `_shape_fault` has asked more, at once.
    status = validate_pdf_signature(sealed, anchors, clocks, skip_diff=True)
    if not (status.intact and status.valid):
        raise _AlteredError("broken_seal")
    signer = sealed.signer_cert
    facts = _who_sealed(signer, moment)
    vouched = signer.dump() in {known.dump() for known in trust.sealers} and _valid_at(signer, moment)
    if vouched and not containers.is_ours(sealed.signed_data, _gap(data, sealed), signer, trust.seals):
        raise _AlteredError("loose_container")
    doubts = [] if vouched else [make_fact("unknown_seal")]
    # A trial seal proves nothing, whenever it was made; a signature made outside may be recorded long after.
    if not act.recorded and sealed_on > act.day + _LATE and not _is_trial(signer):
        doubts.append(make_fact("sealed_late", date=sealed_on.isoformat()))
    return _with_times(data, found, status.timestamp_validity, trust.clocks, facts, doubts)


def _valid_at(certificate: Certificate, moment: datetime) -> bool:
    return bool(certificate.not_valid_before <= moment <= certificate.not_valid_after)


def _with_times(
    data: bytes,
    found: list[EmbeddedPdfSignature],
    first: Any,
    clocks: tuple[Certificate, ...],
    facts: list[Said],
    doubts: list[Said],
) -> tuple[Status, list[Said], list[Said]]:
    """Judges the timestamps, where there are any, then says whether somebody trusted vouches for the whole."""
    times = [first] if first else []
    held: list[tuple[Any, bytes | None]] = [(containers.timestamp_token(found[0].signed_data), None)] if times else []
    for later in found[1:]:
        times.append(
            validate_pdf_timestamp(later, seal.validation_context(clocks, moment=_moment(later)), skip_diff=True)
        )
        held.append((later.signed_data, _gap(data, later)))
    for time, (signed, gap) in zip(times, held, strict=True):
        if not (time.intact and time.valid):
            raise _AlteredError("broken_timestamp")
        if not time.trusted:
            doubts.append(make_fact("unknown_clock"))
        elif not containers.is_strict(signed, gap, [*clocks, *time.validation_path]):
            raise _AlteredError("loose_container")
    if times:
        facts.append(make_fact("timestamped", date=times[0].timestamp.date().isoformat()))
    else:
        facts.append(make_fact("no_timestamp"))
    return (Status.UNVOUCHED if doubts else Status.GENUINE), facts, doubts


def _who_sealed(certificate: Certificate, moment: datetime) -> list[Said]:
    name = str(certificate.subject.native.get("common_name", "?"))
    facts = [
        make_fact("sealed_by", name=name, date=moment.date().isoformat()),
        make_fact("certificate", fingerprint=certificates.fingerprint_of(certificate)),
    ]
    if _is_trial(certificate):
        facts.append(make_fact("trial"))
    return facts


def _is_trial(certificate: Certificate) -> bool:
    return certificates.TRIAL in str(certificate.subject.native.get("common_name", "?"))


def _moment(signature: EmbeddedPdfSignature) -> datetime:
    """When it was made: as its timestamp says, or else as it says itself."""
    is_time = signature.field_name == seal.TIMESTAMP_FIELD
    token = signature.signed_data if is_time else containers.timestamp_token(signature.signed_data)
    if token is not None:
        attested: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
        return attested
    said = signature.self_reported_timestamp
    if said is None:
        raise ValueError("no instant")
    return said


def _shape_fault(data: bytes, reader: PdfFileReader, found: list[EmbeddedPdfSignature]) -> str | None:
    """What is wrong with the shape of a sealed file: what it holds, where each part ends."""
    names = [signature.field_name for signature in found]
    if names not in (_PAIR[:1], _PAIR):
        return "other_signatures"
    # The document, its seal; for B-LTA what proves it for years and the timestamp over all.
    if reader.xrefs.total_revisions != len(found) + 1 or not data.endswith(END):
        return "added"
    last = found[-1]
    start, before, after, rest = (int(n) for n in last.byte_range)
    if start != 0 or after + rest != len(data):
        return "added"
    for signature in found:
        gap = _gap(data, signature)
        if not (gap[:1] == b"<" and gap[-1:] == b">" and set(gap[1:-1]) <= set(b"0123456789ABCDEF")):
            return "loose_container"
    if len(found) == len(_PAIR) and not revisions.adds_only_proofs(reader, seal.TIMESTAMP_FIELD):
        return "added"
    return None if before < after else "broken_seal"


def _gap(data: bytes, signature: EmbeddedPdfSignature) -> bytes:
    """The bytes that a signature does not cover: its own container in hexadecimal."""
    _, before, after, _ = (int(n) for n in signature.byte_range)
    return data[before:after]


def _first_revision(data: bytes, reader: PdfFileReader) -> int:
    """Where the document ends that the seal was added to."""
    return data.index(END, reader.xrefs.get_startxref_for_revision(0)) + len(END)
