"""Documents by their SHA-256: a local folder or any S3-compatible store, the same calls."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

import obstore
from obstore.store import ObjectStore, from_url

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Storage:
    """Bytes kept once under their own hash; what is stored never changes."""

    def __init__(self, url: str) -> None:
        self._store: ObjectStore = from_url(url, mkdir=True) if url.startswith("file:") else from_url(url)

    def put(self, content: bytes) -> str:
        """Stores `content` and returns its SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        obstore.put(self._store, _path(digest), content)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes stored under `digest`. Raises `FileNotFoundError`, or `ValueError` when they were altered."""
        content = bytes(obstore.get(self._store, _path(digest)).bytes())
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"the document stored as {digest} was altered")
        return content

    def documents_before(self, instant: datetime) -> Iterator[str]:
        """The SHA-256 of each document that was written before `instant`."""
        for listed in obstore.list(self._store):
            for one in listed:
                name = str(one["path"]).rpartition("/")[2]
                if _SHA256.fullmatch(name) and one["path"] == _path(name) and one["last_modified"] < instant:
                    yield name

    def delete_before(self, digest: str, instant: datetime) -> None:
        """Deletes a document, unless it was written again since `instant`."""
        with suppress(FileNotFoundError):
            if obstore.head(self._store, _path(digest))["last_modified"] < instant:
                obstore.delete(self._store, _path(digest))

    def put_upload(self, name: str, content: bytes) -> None:
        """Keeps a file for a while under a name of its own."""
        obstore.put(self._store, f"uploads/{name}", content)

    def get_upload(self, name: str) -> bytes:
        """Raises `FileNotFoundError`."""
        return bytes(obstore.get(self._store, f"uploads/{name}").bytes())

    def delete_upload(self, name: str) -> None:
        with suppress(FileNotFoundError):
            obstore.delete(self._store, f"uploads/{name}")

    def uploads_before(self, instant: datetime) -> list[str]:
        """The names of the files kept for a while that were written before `instant`."""
        found = obstore.list(self._store, "uploads/").collect()
        return [str(one["path"]).rpartition("/")[2] for one in found if one["last_modified"] < instant]


def _path(digest: str) -> str:
    if not _SHA256.fullmatch(digest):
        raise ValueError("a document is named by 64 hexadecimal digits")
    return f"{digest[:2]}/{digest}"
