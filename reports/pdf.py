"""From the canonical JSON of a dossier to its PDF, in a child process with bounds. Traps and figures: docs/pdf.md."""

import tempfile
from pathlib import Path

from reports.bounded import ROOT, Bounds, TookTooLong, run_python

_BOUNDS = Bounds(seconds=90, processor_seconds=60, memory=1 << 30, file=64 << 20, open_files=64)


class RenderingFailed(RuntimeError):
    """The document could not be made; the message says what the child process reported."""


def render(content: str) -> bytes:
    """The PDF/A-3a of a dossier's canonical JSON; the same content always gives the same bytes.

    Raises `RenderingFailed` on any fault, bound passed or incomplete file: never a partial document.
    """
    with tempfile.TemporaryDirectory(prefix="jalon-pdf-") as folder:
        output = Path(folder) / "dossier.pdf"
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(f"<fontconfig><dir>{_fonts()}</dir><cachedir>{folder}</cachedir></fontconfig>")
        environment = {"FONTCONFIG_FILE": str(fonts), "SOURCE_DATE_EPOCH": "0"}
        try:
            done = run_python(
                ["-m", "reports.pdf_child", str(output)],
                folder,
                _BOUNDS,
                environment=environment,
                given=content.encode(),
            )
        except TookTooLong as error:
            raise RenderingFailed(str(error)) from error
        pdf = output.read_bytes() if output.exists() else b""
    if done.returncode != 0 or not pdf.startswith(b"%PDF-") or not pdf.rstrip().endswith(b"%%EOF"):
        raise RenderingFailed(f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}")
    return pdf


def _fonts() -> Path:
    return ROOT / "app" / "static" / "vendor" / "fonts"
