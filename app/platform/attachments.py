"""Files that people attach: what they may be, kept by their SHA-256, only ever downloaded."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response
from flask_babel import lazy_gettext as _l
from sqlalchemy import Column, Select, literal, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.platform import clock, rates
from app.platform.database import Base, Database
from app.platform.extensions import document_storage
from app.platform.http import file_response
from app.platform.logs import get_logger
from app.platform.rates import Rate
from app.platform.refusals import Refusal

MAX_FILE = 10_000_000
# How each kind begins: a page, a picture, a table.
_BEGINS = {
    "pdf": b"%PDF-",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "odt": b"PK\x03\x04",
    "ods": b"PK\x03\x04",
    "docx": b"PK\x03\x04",
    "xlsx": b"PK\x03\x04",
}
_TEXTS = frozenset({"txt", "csv", "md", "json", "log", "eml"})


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes


def read_given(upload: FileStorage | None, most: int = MAX_FILE) -> Attachment | None:
    """What a form carries; none where nothing was chosen. One byte more than `most` is read, to be refused."""
    if not upload:
        return None
    return Attachment(file_name_of(upload.filename or ""), upload.stream.read(most + 1))


def file_name_of(given_name: str) -> str:
    """A name fit to be shown and downloaded: no folder, no control, no character that turns the text, its ending kept."""
    plain = "".join(ch for ch in re.split(r"[/\\]", given_name)[-1] if unicodedata.category(ch)[0] != "C").strip()
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[:180]}{dot}{ending[:10]}" if dot else plain[:190]


def name_by_content(stem: str, digest: str) -> str:
    """A name for a kept file whose own was not, with the ending that its first bytes say; `.pdf` where they say none."""
    content = document_storage().get(digest)
    return f"{stem}.{next((ending for ending in ('png', 'jpg') if content.startswith(_BEGINS[ending])), 'pdf')}"


# Proofs and documents of a busy week; what a careless program would send in an hour.
_FILES_A_DAY = Rate(200, timedelta(days=1))


def keep_attachment(session: Session, file: Attachment, *, by: str, of: str) -> str:
    """Stores a file of product or incubator `of`, given by person `by` (ids); its SHA-256.

    Raises `Refusal` for what is too large, is not what its name says, or comes after too many of a day.
    """
    if not all(rates.is_allowed(session, _FILES_A_DAY, "file", whose) for whose in (by, of)):
        raise Refusal(
            _l("Deux cents fichiers par jour au plus, par personne et par produit : continuez demain."), "file"
        )
    if not file.content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise Refusal(_l("Ce fichier est vide."), "file")
    if len(file.content) > MAX_FILE:
        raise Refusal(_l("Ce fichier est trop grand : 10 Mo au plus."), "file")
    ending = file.name.rpartition(".")[2].lower()
    if ending in _BEGINS:
        if not file.content.startswith(_BEGINS[ending]):
            raise Refusal(
                _l(
                    "Ce fichier n’est pas un « .%(ending)s », malgré son nom. Enregistrez-le de nouveau.", ending=ending
                ),
                "file",
            )
    elif ending in _TEXTS:
        try:
            file.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Refusal(_l("Ce texte n’est pas en UTF-8."), "file") from None
    else:
        raise Refusal(
            _l("Joignez un PDF, une image (PNG, JPEG), un document (ODT, ODS, DOCX, XLSX) ou un texte."), "file"
        )
    return document_storage().put(file.content)


_ONCE_A_DAY = Rate(1, timedelta(days=1))
_KEPT = timedelta(days=7)


def purge_attachments(database: Database) -> None:
    """Once a day, forgets the documents of a week ago that nothing names: their transaction was undone, or what they were
    attached to was taken away before anybody decided on it. A database that names few of them is not the one they are of:
    it was restored late, or another's.
    """
    with database.writing() as session:
        if not rates.is_allowed(session, _ONCE_A_DAY, "purge of documents"):
            return
    before = clock.now() - _KEPT
    with database.reading() as session:
        held = list(document_storage().documents_before(before))
        unnamed = unnamed_documents(session, held)
        # What a dossier froze stays whole, whatever became of the row.
        forgotten = [d for d in unnamed if not any(session.scalar(_quoting(c, d)) for c in _columns("content"))]
    if 2 * len(forgotten) > len(held):
        get_logger().error("most documents are named by nothing: none is forgotten", held=len(held))
        return
    for digest in forgotten:
        get_logger().info("document forgotten", sha256=digest)
        document_storage().delete_before(digest, before)


def unnamed_documents(session: Session, held: Sequence[str]) -> list[str]:
    """Of the documents `held`, by their SHA-256, those that no row names as its own."""
    named = {digest for column in _columns("sha256") for digest in session.scalars(select(column).distinct())}
    return [digest for digest in held if digest not in named]


def _columns(name: str) -> list[Column[Any]]:
    """Every column of every table that holds such a thing."""
    return [
        c
        for table in Base.metadata.tables.values()
        for c in table.columns
        if c.name == name or c.name.endswith(f"_{name}")
    ]


def _quoting(column: Column[Any], digest: str) -> Select[int]:
    return select(literal(1)).where(column.contains(digest)).limit(1)


def download_attachment(sha256: str, name: str) -> Response:
    """Never shown by the browser: what a person gave is only ever downloaded."""
    answer = file_response(document_storage().get(sha256), "application/octet-stream", name)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer
