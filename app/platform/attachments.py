"""Files that people attach: what they may be, kept by their SHA-256, only ever downloaded."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from flask import Response
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.platform import rates
from app.platform.extensions import document_storage
from app.platform.http import file_response
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


def given(upload: FileStorage | None, most: int = MAX_FILE) -> Attachment | None:
    """What a form carries; none where nothing was chosen. One byte more than `most` is read, to be refused."""
    if not upload:
        return None
    return Attachment(name_of(upload.filename or ""), upload.stream.read(most + 1))


def name_of(given_name: str) -> str:
    """A name fit to be shown and downloaded: no folder, no control, no character that turns the text, its ending kept."""
    plain = "".join(ch for ch in re.split(r"[/\\]", given_name)[-1] if unicodedata.category(ch)[0] != "C").strip()
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[:180]}{dot}{ending[:10]}" if dot else plain[:190]


# Proofs and documents of a busy week; what a careless program would send in an hour.
_FILES_A_DAY = Rate(200, timedelta(days=1))


def keep(session: Session, file: Attachment, *, by: str, of: str) -> str:
    """Stores a file of product `of`, given by person `by` (ids); its SHA-256.

    Raises `Refusal` for what is too large, is not what its name says, or comes after too many of a day.
    """
    if not all(rates.allows(session, _FILES_A_DAY, "file", whose) for whose in (by, of)):
        raise Refusal(
            _l("Deux cents fichiers par jour au plus, par personne et par produit : continuez demain."), "file"
        )
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


def download(sha256: str, name: str) -> Response:
    """Never shown by the browser: what a person gave is only ever downloaded."""
    answer = file_response(document_storage().get(sha256), "application/octet-stream", name)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer
