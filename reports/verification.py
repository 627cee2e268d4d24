"""Is this PDF what it says it is? Answered from the file alone, without a database nor a network.

pyHanko's verdict is not enough (docs/pdf.md says what it lets through): the shape of the file, of the seal's container
and the certificates in it are checked here too, so that no byte can change unseen.
"""

import hashlib
import io
import json
import logging
import tempfile
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pikepdf
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from reports import containers, pdf, revisions, seal
from reports import dossier as content
from reports.bounded import Bounds, TookTooLong, run_python
from reports.seal import Trust
from risk_models import catalogue

# Their traces of what a stranger's file made fail: the verdict says it in words.
for _library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

_END = b"%%EOF\n"
_PAIR = [seal.FIELD, seal.TIMESTAMP_FIELD]
_LONGEST = 500  # characters of a fact: its file may be a stranger's
_LARGEST_CONTENT = 20 << 20  # bytes; 5,000 components make 4 MB
_LARGEST_UNPACKED = 64 << 20  # bytes of all streams; a dossier of 5,000 components unpacks to 30 MB


class Unreadable(ValueError):
    """Not a document of Jalon, or too damaged to be read; the message is a code of the words `verification`."""


class Status(StrEnum):
    GENUINE = "genuine"  # sealed by whom the reader trusts, not one byte changed
    UNVOUCHED = "unvouched"  # it agrees with itself, and nobody that the reader trusts vouches for it
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence by its code in the words `verification`, with what fills it."""

    code: str
    values: tuple[tuple[str, str], ...] = ()

    def in_language(self, language: str) -> str:
        return catalogue.sentence("verification", self.code, language, **dict(self.values))


@dataclass(frozen=True, slots=True)
class Verdict:
    """`content` and `file` are SHA-256; `facts` what the file says, `doubts` why it is not genuine."""

    status: Status
    content: str
    file: str
    facts: tuple[Said, ...]
    doubts: tuple[Said, ...]


# What is seen of the file itself, whoever made it; all the rest is what it says.
_SEEN = frozenset({"certificate", "no_timestamp", "issued", "ask_the_register"})


def told(status: Status, facts: Iterable[Said], language: str) -> list[str]:
    """The facts of a file as sentences: as facts where it is genuine, as its claims where nobody vouches for them."""
    return [
        fact.in_language(language)
        if status is Status.GENUINE or fact.code in _SEEN
        else catalogue.sentence("verification", "claimed", language, text=fact.in_language(language))
        for fact in facts
    ]


# Two seconds of a processor once the process is ready (see `verification_child`), whose start takes one more.
_BOUNDS = Bounds(seconds=50, processor_seconds=8, memory=1 << 30, file=1 << 20)
CHECK_SECONDS = 2


def verify_apart(data: bytes, seals_pem: bytes, clocks_pem: bytes, *, today: date) -> Verdict:
    """As `verify` but for drawing drafts again, in a child process with bounds: for what strangers send.

    Raises `Unreadable`.
    """
    with tempfile.TemporaryDirectory(prefix="jalon-verify-") as folder:
        seals, clocks = Path(folder) / "seals.pem", Path(folder) / "clocks.pem"
        seals.write_bytes(seals_pem)
        clocks.write_bytes(clocks_pem)
        arguments = ["-m", "reports.verification_child", str(seals), str(clocks), today.isoformat()]
        try:
            done = run_python(arguments, folder, _BOUNDS, environment={}, given=data)
        except TookTooLong as error:
            # Its processor is bounded apart: what has none left to spend waited for others.
            raise Unreadable("slow") from error
    if done.returncode != 0:
        raise Unreadable("too_heavy")
    plain = json.loads(done.stdout)
    if "unreadable" in plain:
        raise Unreadable(plain["unreadable"])
    return from_plain(plain)


def as_plain(verdict: Verdict) -> dict[str, Any]:
    """For programs, and for another process: the inverse of `from_plain`."""
    return {
        "status": verdict.status.value,
        "content": verdict.content,
        "file": verdict.file,
        "facts": [[said.code, dict(said.values)] for said in verdict.facts],
        "doubts": [[said.code, dict(said.values)] for said in verdict.doubts],
    }


def from_plain(plain: dict[str, Any]) -> Verdict:
    def read(pairs: list[Any]) -> tuple[Said, ...]:
        return tuple(_said(code, **values) for code, values in pairs)

    return Verdict(
        Status(plain["status"]), plain["content"], plain["file"], read(plain["facts"]), read(plain["doubts"])
    )


def _said(code: str, **values: str) -> Said:
    return Said(code, tuple((name, _shown(str(value))) for name, value in values.items()))


def _shown(text: str) -> str:
    """Of a bounded length, without what moves a terminal's cursor or turns the direction of writing."""
    kept = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in text[: _LONGEST + 1])
    return kept if len(kept) <= _LONGEST else kept[:_LONGEST] + "…"


def verify(data: bytes, trust: Trust, *, today: date, draws: bool = True) -> Verdict:
    """What `data` is, for a reader who trusts `trust`; a file without a seal is drawn again to compare, if `draws`.

    Raises `Unreadable`.
    """
    text, identifier = _read(data, whole=True)
    try:
        frozen = content.loads(text)
        canonical = content.dumps(frozen) == text
        facts = _facts(frozen, today)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("not_ours") from error
    digest = content.sha256(text)
    doubts = [] if canonical else [_said("not_canonical")]
    if identifier != digest.encode():
        doubts.append(_said("other_identifier"))
    if _claims_a_seal(data):
        status, sealed_facts, faults = _check_seal(data, trust)
        facts += sealed_facts
        doubts += faults
    else:
        status = Status.UNVOUCHED
        if draws and not doubts and not _draws_the_same(text, data):
            doubts.append(_said("other_pages"))
        doubts.append(_said("no_seal"))
    if not canonical or identifier != digest.encode():
        status = Status.ALTERED
    return Verdict(status, digest, hashlib.sha256(data).hexdigest(), tuple(facts), tuple(doubts))


def facts_of(text: str, today: date) -> tuple[Said, ...]:
    """What a content of ours says, where there is no file to check."""
    return tuple(_facts(content.loads(text), today))


def _facts(frozen: dict[str, Any], today: date) -> list[Said]:
    if frozen.get("kind") == "withdrawal":
        return [
            _said("withdrawal", product=frozen["product"], number=str(frozen["number"]), date=frozen["withdrawn_on"]),
            _said("withdrawn_by", name=frozen["by"]["name"], reason=frozen["reason"]),
        ]
    facts = [_said("dossier", product=frozen["product"], number=str(frozen["number"]), date=frozen["frozen_on"])]
    decision = frozen.get("decision")
    if not decision:
        return [*facts, _said("no_decision")]
    outcome = f"outcome_{decision['outcome']}"
    if outcome not in catalogue.words("verification"):
        raise ValueError("no such outcome")
    facts.append(_said(outcome, name=decision["by"]["name"], date=decision["decided_on"]))
    if behalf := decision["by"].get("on_behalf_of"):
        facts.append(_said("by_delegation", delegate=decision["by"]["name"], name=behalf["name"]))
    if until := decision["expires_on"]:
        facts.append(_said("expired" if date.fromisoformat(until) < today else "until", date=until))
        facts.append(_said("ask_the_register"))
    return facts


def _read(data: bytes, *, whole: bool = False) -> tuple[str, bytes]:
    """The canonical JSON that the file carries, and its identifier; of a `whole` file, its streams are looked at first."""
    if not data.startswith(b"%PDF-"):
        raise Unreadable("not_a_pdf")
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            if document.is_encrypted:
                raise Unreadable("encrypted")
            if whole and not _is_plain(document):
                raise Unreadable("too_heavy")
            attached = bytes(document.attachments["dossier.json"].get_file().read_bytes())
            if len(attached) > _LARGEST_CONTENT:
                raise Unreadable("too_heavy")
            return attached.decode(), bytes(document.trailer.ID[0])
    except pikepdf.PasswordError as error:
        raise Unreadable("encrypted") from error
    except Unreadable:
        raise
    except Exception as error:  # a broken file raises nearly anything
        raise Unreadable("not_ours") from error


def _is_plain(document: pikepdf.Pdf) -> bool:
    """Whether each stream is packed once at most, the way ours are, and all of them unpack to a bounded size.

    A stream packed twice makes gigabytes of two kilobytes; it is refused before anything unpacks it.
    """
    left = _LARGEST_UNPACKED
    for held in document.objects:
        if not isinstance(held, pikepdf.Stream):
            continue
        filters = held.get("/Filter")
        names = [] if filters is None else [filters] if isinstance(filters, pikepdf.Name) else list(filters)
        if len(names) > 1 or any(name not in _FILTERS for name in names):
            return False
        raw = held.read_raw_bytes()
        left -= _unpacked_size(raw, left) if pikepdf.Name.FlateDecode in names else len(raw)
        if left < 0:
            return False
    return True


_FILTERS = {"/FlateDecode", "/ASCIIHexDecode"}


def _unpacked_size(raw: bytes, most: int) -> int:
    """How many bytes `raw` unpacks to, counted no further than one beyond `most`."""
    unpacking, count, given = zlib.decompressobj(), 0, raw
    while given and count <= most and not unpacking.eof:
        count += len(unpacking.decompress(given, 1 << 20))
        given = unpacking.unconsumed_tail
    return count


def _draws_the_same(text: str, data: bytes) -> bool:
    try:
        return data.endswith(_END) and pdf.render(text) == data
    except pdf.RenderingFailed:
        return False


def _claims_a_seal(data: bytes) -> bool:
    return b"/ByteRange" in data


class _AlteredError(Exception):
    """The message is a code of the words `verification`."""


def _check_seal(data: bytes, trust: Trust) -> tuple[Status, list[Said], list[Said]]:
    try:
        return _seal_verdict(data, trust)
    except _AlteredError as error:
        return Status.ALTERED, [], [_said(str(error))]
    except Exception:
        return Status.ALTERED, [], [_said("broken_seal")]


def _seal_verdict(data: bytes, trust: Trust) -> tuple[Status, list[Said], list[Said]]:
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
    if sealed.sig_object.get("/Reason") != seal.reason(document, level):
        raise _AlteredError("other_document")
    if _read(document) != _read(data):
        raise _AlteredError("added")
    moment = _moment(sealed)
    anchors, clocks = (seal.context(known, moment=moment) for known in (trust.sealers, trust.clocks))
    # Its own comparison of revisions takes half a minute; `_shape_fault` has asked more, at once.
    status = validate_pdf_signature(sealed, anchors, clocks, skip_diff=True)
    if not (status.intact and status.valid):
        raise _AlteredError("broken_seal")
    signer = sealed.signer_cert
    facts = _who_sealed(signer, moment)
    vouched = signer.dump() in {known.dump() for known in trust.sealers} and _valid_at(signer, moment)
    if vouched and not containers.is_ours(sealed.signed_data, _gap(data, sealed), signer, trust.seals):
        raise _AlteredError("loose_container")
    doubts = [] if vouched else [_said("unknown_seal")]
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
        times.append(validate_pdf_timestamp(later, seal.context(clocks, moment=_moment(later)), skip_diff=True))
        held.append((later.signed_data, _gap(data, later)))
    for time, (signed, gap) in zip(times, held, strict=True):
        if not (time.intact and time.valid):
            raise _AlteredError("broken_timestamp")
        if not time.trusted:
            doubts.append(_said("unknown_clock"))
        elif not containers.is_strict(signed, gap, [*clocks, *time.validation_path]):
            raise _AlteredError("loose_container")
    if times:
        facts.append(_said("timestamped", date=times[0].timestamp.date().isoformat()))
    else:
        facts.append(_said("no_timestamp"))
    return (Status.UNVOUCHED if doubts else Status.GENUINE), facts, doubts


def _who_sealed(certificate: Certificate, moment: datetime) -> list[Said]:
    name = str(certificate.subject.native.get("common_name", "?"))
    facts = [
        _said("sealed_by", name=name, date=moment.date().isoformat()),
        _said("certificate", fingerprint=seal.fingerprint(certificate)),
    ]
    if seal.TRIAL in name:
        facts.append(_said("trial"))
    return facts


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
    if reader.xrefs.total_revisions != len(found) + 1 or not data.endswith(_END):
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
    return data.index(_END, reader.xrefs.get_startxref_for_revision(0)) + len(_END)
