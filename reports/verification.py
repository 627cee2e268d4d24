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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pikepdf

from reports import dossier as content
from reports import pdf
from reports.bounded import Bounds, TookTooLong, run_python
from reports.certificates import Trust
from reports.frozen import Claims, FrozenDispensation, FrozenDispensationEnd, FrozenLifting, FrozenWithdrawal, Page
from reports.frozen_decision import FrozenSigner
from reports.streams import HEXADECIMAL
from risk_models import catalogue

# Their traces of what a stranger's file made fail: the verdict says it in words.
for _library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

END = b"%%EOF\n"
PARIS = ZoneInfo("Europe/Paris")
_LONGEST = 500  # characters of a fact: its file may be a stranger's
_LARGEST_CONTENT = 20 << 20  # bytes; 5,000 components make 4 MB
_LARGEST_UNPACKED = 64 << 20  # bytes of all streams; a dossier of 5,000 components unpacks to 30 MB


class UnreadableDocument(ValueError):
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
class DocumentVerdict:
    """`content` and `file` are SHA-256; `facts` what the file says, `doubts` why it is not genuine."""

    status: Status
    content: str
    file: str
    facts: tuple[Said, ...]
    doubts: tuple[Said, ...]


# What is seen of the file itself, whoever made it; all the rest is what it says.
_SEEN = frozenset({"certificate", "no_timestamp", "issued", "ask_the_register", "ask_whether_ended", "drawn_again"})


def say_facts(status: Status, facts: Iterable[Said], language: str) -> list[str]:
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


def verify_apart(data: bytes, seals_pem: bytes, clocks_pem: bytes, *, today: date) -> DocumentVerdict:
    """As `verify_document` but for drawing drafts again, in a child process with bounds: for what strangers send.

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
            raise UnreadableDocument("slow") from error
    if done.returncode != 0:
        raise UnreadableDocument("too_heavy")
    plain = json.loads(done.stdout)
    if "unreadable" in plain:
        raise UnreadableDocument(plain["unreadable"])
    return verdict_from_plain(plain)


def verdict_as_plain(verdict: DocumentVerdict) -> dict[str, Any]:
    """For programs, and for another process: the inverse of `from_plain`."""
    return {
        "status": verdict.status.value,
        "content": verdict.content,
        "file": verdict.file,
        "facts": [[said.code, dict(said.values)] for said in verdict.facts],
        "doubts": [[said.code, dict(said.values)] for said in verdict.doubts],
    }


def verdict_from_plain(plain: dict[str, Any]) -> DocumentVerdict:
    def read(pairs: list[Any]) -> tuple[Said, ...]:
        return tuple(make_fact(code, **values) for code, values in pairs)

    return DocumentVerdict(
        Status(plain["status"]), plain["content"], plain["file"], read(plain["facts"]), read(plain["doubts"])
    )


def make_fact(code: str, **values: str) -> Said:
    return Said(code, tuple((name, _shown(str(value))) for name, value in values.items()))


def _shown(text: str) -> str:
    """Of a bounded length, without what moves a terminal's cursor or turns the direction of writing."""
    kept = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in text[: _LONGEST + 1])
    return kept if len(kept) <= _LONGEST else kept[:_LONGEST] + "…"


def verify_document(data: bytes, trust: Trust, *, today: date, draws: bool = True) -> DocumentVerdict:
    """What `data` is, for a reader who trusts `trust`; a file without a seal is drawn again to compare, if `draws`.

    Raises `Unreadable`.
    """
    text, identifier = read_document(data, whole=True)
    try:
        canonical, claims = content.is_canonical(text), content.loads_claims(text)
        facts, act = _facts(claims, today), _act_day(claims)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableDocument("not_ours") from error
    digest = content.sha256(text)
    doubts = [] if canonical else [make_fact("not_canonical")]
    if identifier != digest.encode():
        doubts.append(make_fact("other_identifier"))
    if _claims_a_seal(data):
        from reports.seal_check import (
            check_seal,  # pyHanko: who only hands files to another process does not wait for it
        )

        status, sealed_facts, faults = check_seal(data, trust, act)
        facts += sealed_facts
        doubts += faults
    else:
        status = Status.UNVOUCHED
        if draws and not doubts and not _draws_the_same(text, data):
            doubts.append(make_fact("other_pages"))
        doubts.append(make_fact("no_seal"))
    if not canonical or identifier != digest.encode():
        status = Status.ALTERED
    return DocumentVerdict(status, digest, hashlib.sha256(data).hexdigest(), tuple(facts), tuple(doubts))


@dataclass(frozen=True, slots=True)
class ActDay:
    """The day, in Paris, of the act that a file tells; `recorded`: it was signed outside Jalon, and came here later."""

    day: date
    recorded: bool = False


def _act_day(claims: Claims | Page) -> ActDay:
    decision = claims.decision if isinstance(claims, Claims) else None
    if decision is None:
        return ActDay(claims.frozen_on)
    return ActDay(decision.decided_on, recorded=decision.outside is not None)


def draw_again(data: bytes, verdict: DocumentVerdict) -> DocumentVerdict:
    """The verdict of a sealed file, with what its pages drawn again from its content say: the same, or a doubt.

    Only of a file that `verify_document` read: it is drawn in this process.
    """
    from reports.seal_check import sealed_document

    text, _ = read_document(data, whole=True)
    if _draws_the_same(text, sealed_document(data)):
        return replace(verdict, facts=(*verdict.facts, make_fact("drawn_again")))
    status = Status.UNVOUCHED if verdict.status is Status.GENUINE else verdict.status
    return replace(verdict, status=status, doubts=(*verdict.doubts, make_fact("other_pages")))


def facts_of(text: str, today: date) -> tuple[Said, ...]:
    """What a content of ours says, where there is no file to check."""
    return tuple(_facts(content.loads_claims(text), today))


def _facts(claims: Claims | Page, today: date) -> list[Said]:
    product, number = claims.product, str(claims.number)
    if isinstance(claims, FrozenWithdrawal):
        return [
            make_fact("withdrawal", product=product, number=number, date=claims.withdrawn_on.isoformat()),
            make_fact("withdrawn_by", name=claims.by.name, reason=claims.reason),
        ]
    if isinstance(claims, FrozenLifting):
        return [
            make_fact("lifting", product=product, number=number, date=claims.frozen_on.isoformat()),
            make_fact("lifted_by", name=claims.by.name, what=claims.reservation),
        ]
    if isinstance(claims, FrozenDispensation):
        return _dispensation_facts(claims, today)
    if isinstance(claims, FrozenDispensationEnd):
        return [
            make_fact("dispensation_end", product=product, number=number, date=claims.frozen_on.isoformat()),
            make_fact("dispensation_ended_by", name=claims.by.name, reason=claims.reason),
            *_signer_facts(claims.by),
        ]
    facts = [make_fact("dossier", product=product, number=number, date=claims.frozen_on.isoformat())]
    decision = claims.decision
    if decision is None:
        return [*facts, make_fact("no_decision")]
    outcome = f"outcome_{decision.outcome}"
    if outcome not in catalogue.words("verification"):
        raise ValueError("no such outcome")
    facts.append(make_fact(outcome, name=decision.by.name, date=decision.decided_on.isoformat()))
    facts += _signer_facts(decision.by)
    if decision.by.vouched is None and decision.outside is None:
        facts.append(make_fact("not_vouched"))
    if found := decision.outside:
        facts.append(make_fact("recorded_signed" if found.electronic else "recorded_scan", name=found.recorded_by))
        facts.append(
            make_fact("record_confirmed", name=found.confirmed_by)
            if found.confirmed_by
            else make_fact("record_unconfirmed")
        )
    if until := decision.expires_on:
        facts.append(make_fact("expired" if until < today else "until", date=until.isoformat()))
        facts.append(make_fact("ask_the_register"))
    return facts


def _signer_facts(by: FrozenSigner) -> Iterator[Said]:
    """For whom somebody signed, and how Jalon knew the authority."""
    if behalf := by.on_behalf_of:
        yield make_fact("by_delegation", delegate=by.name, name=behalf.name)
    if known := by.vouched:
        yield make_fact(
            "vouched",
            name=known.name,
            function=f"{known.function}, {known.entity}",
            incubator=known.incubator,
            deed=known.deed,
            date=known.deed_on.isoformat(),
            by=f"{known.added_by}, {known.confirmed_by}",
        )


def _dispensation_facts(page: FrozenDispensation, today: date) -> list[Said]:
    number, day = str(page.number), page.frozen_on.isoformat()
    facts = [make_fact("dispensation", product=page.product, number=number, date=day)]
    if not page.granted:
        refused = make_fact("dispensation_refused", name=page.by.name, reason=page.answer)
        return [*facts, refused, *_signer_facts(page.by)]
    facts += [make_fact("dispensed_by", name=page.by.name, what=page.case), *_signer_facts(page.by)]
    end = "dispensation_over" if page.ends_on < today else "dispensed_until"
    return [*facts, make_fact(end, date=page.ends_on.isoformat()), make_fact("ask_whether_ended")]


def read_document(data: bytes, *, whole: bool = False) -> tuple[str, bytes]:
    """The canonical JSON that the file carries, and its identifier; of a `whole` file, its streams are looked at first."""
    if not data.startswith(b"%PDF-"):
        raise UnreadableDocument("not_a_pdf")
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            if document.is_encrypted:
                raise UnreadableDocument("encrypted")
            if whole and not _is_plain(document):
                raise UnreadableDocument("too_heavy")
            attached = bytes(document.attachments["dossier.json"].get_file().read_bytes())
            if len(attached) > _LARGEST_CONTENT:
                raise UnreadableDocument("too_heavy")
            return attached.decode(), bytes(document.trailer.ID[0])
    except pikepdf.PasswordError as error:
        raise UnreadableDocument("encrypted") from error
    except UnreadableDocument:
        raise
    except Exception as error:  # a broken file raises nearly anything
        raise UnreadableDocument("not_ours") from error


def _is_plain(document: pikepdf.Pdf) -> bool:
    """Whether each stream is packed once at most, and all of them unpack to a bounded size.

    A stream packed twice makes gigabytes of two kilobytes; it is refused before anything unpacks it. Ours may be written
    in hexadecimal besides (`reports/streams.py`); a signature made outside may show a picture, which nothing unpacks here.
    """
    left = _LARGEST_UNPACKED
    for held in document.objects:
        if not isinstance(held, pikepdf.Stream):
            continue
        filters = held.get("/Filter")
        names = [] if filters is None else [filters] if isinstance(filters, pikepdf.Name) else list(filters)
        raw = held.read_raw_bytes()
        if names and names[0] == HEXADECIMAL:
            raw, names = bytes.fromhex(raw.decode("ascii").rstrip("> \r\n")), names[1:]
        if len(names) > 1 or any(name not in _FILTERS for name in names):
            return False
        left -= _unpacked_size(raw, left) if pikepdf.Name.FlateDecode in names else len(raw)
        if left < 0:
            return False
    return True


_FILTERS = {"/FlateDecode", "/DCTDecode", "/JPXDecode", "/CCITTFaxDecode", "/JBIG2Decode"}


def _unpacked_size(raw: bytes, most: int) -> int:
    """How many bytes `raw` unpacks to, counted no further than one beyond `most`."""
    unpacking, count, given = zlib.decompressobj(), 0, raw
    while given and count <= most and not unpacking.eof:
        count += len(unpacking.decompress(given, 1 << 20))
        given = unpacking.unconsumed_tail
    return count


def _draws_the_same(text: str, data: bytes) -> bool:
    try:
        return data.endswith(END) and pdf.render(text) == data
    except pdf.RenderingFailed:
        return False


def _claims_a_seal(data: bytes) -> bool:
    return b"/ByteRange" in data
