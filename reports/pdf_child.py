"""The process that renders dossiers, each in a copy of itself: JSON on its socket, the PDF or what failed as answer.

It reaches nothing but our own fonts and the mark of drafts: every other address is refused and fails the job.
"""

import gc
import logging
import os
import shutil
import signal
import socket
import socketserver
import sys
import tempfile
import traceback
from datetime import datetime, time
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.ttLib import woff2
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from reports import document, typography
from reports import dossier as content
from reports.frozen import FrozenDossier, FrozenElsewhere
from reports.pdf import BOUNDS, font_folder
from reports.pdf_finish import finish_pdf
from reports.streams import SPARE, has_miscounted_stream

_USUAL_FONTS = [
    f"ibm-plex-sans-latin-{style}.woff2" for style in ("400-normal", "400-italic", "500-normal", "700-normal")
]


class OwnAssetsOnly(URLFetcher):
    """Serves our packaged fonts and the mark of drafts; notes and refuses everything else."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
        self.refused: list[str] = []

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        name = url.removeprefix(typography.FONT_BASE)
        if url.startswith(typography.FONT_BASE) and name in typography.font_files():
            return URLFetcherResponse(url, _unpacked(name), {"Content-Type": "font/ttf"})
        if url == typography.WATERMARK:
            return URLFetcherResponse(url, typography.draw_watermark(), {"Content-Type": "image/svg+xml"})
        self.refused.append(url[:80])
        raise FatalURLFetchingError(f"refused address: {url[:80]}")


@cache
def _unpacked(name: str) -> bytes:
    """A font as WeasyPrint would unpack it again for each document."""
    if not name.endswith(".woff2"):
        return (font_folder() / name).read_bytes()
    unpacked = BytesIO()
    woff2.decompress(BytesIO((font_folder() / name).read_bytes()), unpacked)
    return unpacked.getvalue()


class _Faults(logging.Handler):
    """WeasyPrint only logs a missing alternative or language: gather what it says."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def render_document(text: str) -> bytes:
    for spare in SPARE:
        pdf = _render(text, spare)
        if not has_miscounted_stream(pdf):
            return pdf
    raise ValueError("a stream ends with a line end, whatever stands before it")


def _render(text: str, spare: int) -> bytes:
    frozen = content.loads_any(text)
    if isinstance(frozen, FrozenElsewhere):
        raise ValueError("what was homologated elsewhere has no document of ours")
    digest = content.sha256(text)
    faults = _Faults()
    logging.getLogger("weasyprint").addHandler(faults)
    fetcher = OwnAssetsOnly()
    fonts = FontConfiguration()
    is_draft = isinstance(frozen, FrozenDossier) and frozen.decision is None
    frozen_at = datetime.combine(frozen.frozen_on, time())
    html = document.to_html(frozen, digest)
    pdf: bytes = HTML(string=html, base_url="jalon:/", url_fetcher=fetcher).write_pdf(
        pdf_variant="pdf/a-3a",
        pdf_tags=True,
        pdf_identifier=digest.encode(),
        stylesheets=[
            CSS(string=typography.print_stylesheet(html, draft=is_draft), url_fetcher=fetcher, font_config=fonts)
        ],
        font_config=fonts,
        attachments=[
            Attachment(
                string=part.content,
                name=part.name,
                description=part.description,
                created=frozen_at,
                modified=frozen_at,
                relationship=part.relationship,
            )
            for part in document.attached_files(frozen, text)
        ],
        finisher=partial(finish_pdf, spare=spare),
    )
    if fetcher.refused or faults.messages:
        raise ValueError("; ".join([*fetcher.refused, *faults.messages]))
    return pdf


# CPython 3.11 keeps the frames of calls in pieces of 16 kB that it maps and unmaps each time a call crosses from one to
# the next: WeasyPrint's recursion did so 20,000 times a dossier, a tenth of its time. A frame this large gets a piece of
# 1 MB, with room for all the calls that it makes (https://github.com/python/cpython/blob/3.11/Python/pystate.c, push_chunk).
render_document.__code__ = render_document.__code__.replace(co_stacksize=70_000)


class _Request(socketserver.StreamRequestHandler):
    """Runs in the copy, which ends with it."""

    def handle(self) -> None:
        BOUNDS.bind()
        signal.alarm(BOUNDS.seconds)
        with TemporaryDirectory(prefix="copy-", dir=Path.cwd()) as folder:
            tempfile.tempdir = folder  # WeasyPrint leaves its fonts there
            try:
                answer = render_document(self.rfile.read().decode())
            except Exception:
                answer = traceback.format_exc().encode()
        self.wfile.write(answer)


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """Lives as long as `parent`, and takes its folder with it."""

    def __init__(self, descriptor: int, parent: int) -> None:
        super().__init__("", _Request, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=descriptor)
        self.parent = parent

    def service_actions(self) -> None:
        super().service_actions()
        if os.getppid() != self.parent:
            for copy in self.active_children or ():  # nobody waits for them, and they write in the folder
                os.kill(copy, signal.SIGKILL)
            self.collect_children(blocking=True)
            shutil.rmtree(Path.cwd(), ignore_errors=True)
            os._exit(0)


def main(descriptor: int, parent: int) -> None:
    document.warm_document()
    for name in _USUAL_FONTS:
        _unpacked(name)
    FontConfiguration()  # leaves fontconfig's cache in its folder
    gc.disable()  # a copy ends with its file: looking for cycles took a tenth of its time
    gc.freeze()
    _Server(descriptor, parent).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
