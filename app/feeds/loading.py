"""Reads the files of public feeds: OSV records (one, a list, a zip of them), CISA KEV, EPSS, endoflife.date."""

import csv
import gzip
import hashlib
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO

from app.feeds.kinds import FeedName
from app.platform.clock import instant_of
from app.platform.foreign_json import load_json
from risk_models.exposure.ranges import ParsedAdvisory, read_osv

_MAX_RECORD = 20_000_000
_MAX_UNPACKED = 8_000_000_000
# EPSS has some three hundred thousand.
_LONGEST_LINE, _MOST_LINES = 1_000, 1_000_000


class UnreadableFeed(ValueError):
    """A file that is none of the feeds, or a broken one; the message says what was expected."""


@dataclass
class Loaded:
    """What a file holds; `withdrawn` are advisories to forget, by id when each was said so, `odd` records left out and why."""

    name: FeedName
    source: str
    sha256: str
    dated: date | None = None
    advisories: list[ParsedAdvisory] = field(default_factory=list)
    withdrawn: dict[str, datetime | None] = field(default_factory=dict)
    rows: list[dict[str, object]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


def read_feed(path: Path) -> Loaded:
    """What `path` holds. Raises `UnreadableFeed`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf")
        file.seek(0)
        if head.startswith(b"PK\x03\x04"):
            return _osv(path.name, digest, _zipped(file))
        if head.startswith(b"\x1f\x8b"):
            return _epss(path.name, digest, gzip.open(file, "rt", encoding="utf-8", newline=""))
        if head.lstrip().startswith((b"#model_version", b"cve,epss")):
            return _epss(path.name, digest, io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
        if not head.lstrip().startswith((b"{", b"[")):
            raise UnreadableFeed(f"{path.name}: neither JSON, CSV nor zip (it begins with {head[:20]!r})")
        return _json(path.name, digest, file.read())


def _json(name: str, digest: str, content: bytes) -> Loaded:
    try:
        found = load_json(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableFeed(f"{name}: neither JSON, CSV nor zip ({error})") from error
    if isinstance(found, dict) and "catalogVersion" in found:
        return _kev(name, digest, found)
    if isinstance(found, dict) and isinstance(found.get("result"), list | dict):
        return _eol(name, digest, found)
    if isinstance(found, list) and found and all(isinstance(r, dict) and "cycle" in r for r in found):
        return _cycles(name, digest, found)
    records = found if isinstance(found, list) else [found]
    if not all(isinstance(r, dict) and ("affected" in r or "withdrawn" in r) for r in records):
        raise UnreadableFeed(f"{name}: not an OSV record, a KEV catalogue, an EPSS file or an endoflife.date answer")
    return _osv(name, digest, ((name, json.dumps(r).encode()) for r in records))


def _zipped(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Records of a zip one by one; a bomb is refused by the size that each one says and by what it unpacks to."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [e for e in archive.infolist() if e.filename.endswith(".json")]
            if sum(e.file_size for e in entries) > _MAX_UNPACKED:
                raise UnreadableFeed("this zip unpacks to more than 8 GB")
            for entry in entries:
                with archive.open(entry) as record:
                    content = record.read(_MAX_RECORD + 1)
                if len(content) > _MAX_RECORD:
                    raise UnreadableFeed(f"{entry.filename}: a record of more than 20 MB")
                yield entry.filename, content
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        EOFError,
        OSError,
        RuntimeError,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise UnreadableFeed(f"this zip cannot be read: {error}") from error


def _osv(source: str, digest: str, records: Iterator[tuple[str, bytes]]) -> Loaded:
    loaded = Loaded(FeedName.OSV, source, digest)
    for name, content in records:
        try:
            record = load_json(content)
            advisory = read_osv(record)
        except (ValueError, RecursionError) as error:
            loaded.odd.append(f"{name}: {error}")
            continue
        if advisory is None:
            loaded.withdrawn[str(record["id"])[:100]] = instant_of(record.get("modified") or record.get("withdrawn"))
            continue
        if not advisory.affected:
            loaded.odd.append(f"{advisory.id}: names no package of a known ecosystem")
        loaded.advisories.append(advisory)
        modified = day_of(advisory.modified)
        if modified and (loaded.dated is None or modified > loaded.dated):
            loaded.dated = modified
    if not loaded.advisories and not loaded.withdrawn:
        raise UnreadableFeed(f"{source}: no OSV record in it" + (f" ({loaded.odd[0]})" if loaded.odd else ""))
    return loaded


def _kev(source: str, digest: str, found: dict[str, object]) -> Loaded:
    loaded = Loaded(FeedName.KEV, source, digest, day_of(found.get("dateReleased")))
    entries = found.get("vulnerabilities")
    if not isinstance(entries, list):
        raise UnreadableFeed(f"{source}: 'vulnerabilities' should be a list")
    for entry in entries:
        cve = entry.get("cveID") if isinstance(entry, dict) else None
        if not isinstance(cve, str) or not 0 < len(cve) <= 100 or "\0" in cve:
            loaded.odd.append(f"an entry without cveID: {str(entry)[:60]}")
            continue
        ransomware = str(entry.get("knownRansomwareCampaignUse")).lower() == "known"
        loaded.rows.append({"cve": cve, "added": day_of(entry.get("dateAdded")), "ransomware": ransomware})
    said = found.get("count")
    if isinstance(said, int) and said != len(entries):
        raise UnreadableFeed(
            f"{source}: it says {said} entries and holds {len(entries)}: it seems cut, nothing is loaded"
        )
    if not loaded.rows:
        raise UnreadableFeed(f"{source}: no entry in it")
    return loaded


def _epss(source: str, digest: str, lines: IO[str]) -> Loaded:
    loaded = Loaded(FeedName.EPSS, source, digest)
    told_lines = _each_line(source, lines)
    try:
        first = next(told_lines, "")
        if first.startswith("#"):
            told = dict(part.partition(":")[::2] for part in first.lstrip("#").strip().split(","))
            loaded.dated = day_of(told.get("score_date"))
            first = next(told_lines, "")
        names = [n.strip() for n in first.split(",")]
        if names[:2] != ["cve", "epss"]:
            raise UnreadableFeed(f"{source}: the columns of EPSS are cve, epss, percentile")
        for row in csv.reader(told_lines):
            try:
                score = float(row[1])
                if not 0 <= score <= 1 or not 0 < len(row[0]) <= 100:
                    raise ValueError("a score lies between 0 and 1")
            except (IndexError, ValueError) as error:
                loaded.odd.append(f"{','.join(row)[:60]}: {error}")
                continue
            loaded.rows.append({"cve": row[0], "score": score})
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise UnreadableFeed(f"{source}: {error}") from error
    if not loaded.rows:
        raise UnreadableFeed(f"{source}: no score in it")
    return loaded


def _each_line(source: str, lines: IO[str]) -> Iterator[str]:
    """The lines of a file that may unpack to anything. Raises `UnreadableFeed` for what no feed has."""
    for _ in range(_MOST_LINES):
        line = lines.readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE:
            raise UnreadableFeed(f"{source}: a line of more than {_LONGEST_LINE} characters ({line[:20]!r}…)")
        if not line:
            return
        yield line
    raise UnreadableFeed(f"{source}: more than {_MOST_LINES:,} lines")


def _eol(source: str, digest: str, found: dict[str, object]) -> Loaded:
    loaded = Loaded(FeedName.EOL, source, digest, day_of(found.get("generated_at") or found.get("last_modified")))
    result = found["result"]
    for product in result if isinstance(result, list) else [result]:
        said = product if isinstance(product, dict) else {}
        releases, product_name = said.get("releases"), said.get("name")
        if not isinstance(releases, list) or not isinstance(product_name, str):
            loaded.odd.append(f"a product without name or releases: {str(product)[:60]}")
            continue
        for release in releases:
            name = release.get("name") if isinstance(release, dict) else None
            if not isinstance(name, str) or not 0 < len(name) <= 50 or len(product_name) > 100:
                loaded.odd.append(f"{product_name[:60]}: a release without name")
                continue
            loaded.rows.append(
                {
                    "product": product_name,
                    "cycle": name,
                    "eol": day_of(release.get("eolFrom")),
                    "ended": release.get("isEol") is True,
                }
            )
    if not loaded.rows:
        raise UnreadableFeed(f"{source}: no release cycle in it")
    return loaded


def _cycles(source: str, digest: str, found: list[dict[str, object]]) -> Loaded:
    """The former answer of endoflife.date: the cycles of one product, whose name is that of the file."""
    loaded = Loaded(FeedName.EOL, source, digest)
    product = source.partition(".")[0][:100]
    for cycle in found:
        name, end = cycle["cycle"], cycle.get("eol")
        if not isinstance(name, str | int | float) or not 0 < len(str(name)) <= 50:
            loaded.odd.append(f"{product[:60]}: a cycle without name")
            continue
        loaded.rows.append({"product": product, "cycle": str(name), "eol": day_of(end), "ended": end is True})
    return loaded


def day_of(value: object) -> date | None:
    """The day of an ISO date or instant; None for anything else."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
