"""The child process that renders one dossier: JSON on standard input, the PDF at the path given.

It reaches nothing but our own fonts and the mark of drafts: every other address is refused and fails the job.
"""

import gc
import logging
import sys
from datetime import datetime
from pathlib import Path

from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from reports import document
from reports import dossier as content
from reports.pdf import _fonts
from reports.pdf_finish import finish


class OwnAssetsOnly(URLFetcher):
    """Serves our packaged fonts and the mark of drafts; notes and refuses everything else."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
        self.refused: list[str] = []

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        name = url.removeprefix(document.FONT_BASE)
        if url.startswith(document.FONT_BASE) and name in document.font_files():
            return URLFetcherResponse(url, (_fonts() / name).read_bytes(), {"Content-Type": "font/woff2"})
        if url == document.WATERMARK:
            return URLFetcherResponse(url, document.watermark(), {"Content-Type": "image/svg+xml"})
        self.refused.append(url[:80])
        raise FatalURLFetchingError(f"refused address: {url[:80]}")


class _Faults(logging.Handler):
    """WeasyPrint only logs a missing alternative or language: gather what it says."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def main(output: str) -> None:
    text = sys.stdin.buffer.read().decode()
    frozen = content.loads(text)
    digest = content.sha256(text)
    faults = _Faults()
    logging.getLogger("weasyprint").addHandler(faults)
    fetcher = OwnAssetsOnly()
    fonts = FontConfiguration()
    is_draft = frozen.get("kind") is None and frozen["decision"] is None
    frozen_at = datetime.fromisoformat(frozen["frozen_on"])
    html = document.to_html(frozen, digest)
    pdf = HTML(string=html, base_url="jalon:/", url_fetcher=fetcher).write_pdf(
        pdf_variant="pdf/a-3a",
        pdf_tags=True,
        pdf_identifier=digest.encode(),
        stylesheets=[CSS(string=document.stylesheet(html, draft=is_draft), url_fetcher=fetcher, font_config=fonts)],
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
            for part in document.attached(frozen, text)
        ],
        finisher=finish,
    )
    if fetcher.refused or faults.messages:
        raise SystemExit("; ".join([*fetcher.refused, *faults.messages]))
    Path(output).write_bytes(pdf)


if __name__ == "__main__":
    gc.disable()  # this process ends with its file: looking for cycles took a tenth of its time
    main(sys.argv[1])
