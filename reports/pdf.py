"""From the canonical JSON of a dossier to its PDF, in a child process with bounds. Traps and figures: docs/pdf.md."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_SECONDS = 90
_MEMORY, _CPU, _FILE = 1 << 30, 60, 64 << 20


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
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "FONTCONFIG_FILE": str(fonts),
            "SOURCE_DATE_EPOCH": "0",
            "LC_ALL": "C.UTF-8",
            "HOME": folder,
        }
        try:
            done = subprocess.run(  # noqa: S603 - our own module, in this interpreter
                [sys.executable, "-m", "reports.pdf_child", str(output)],
                input=content.encode(),
                capture_output=True,
                timeout=MAX_SECONDS,
                env=environment,
                preexec_fn=_bound,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RenderingFailed(f"not done after {MAX_SECONDS} seconds") from error
        pdf = output.read_bytes() if output.exists() else b""
    if done.returncode != 0 or not pdf.startswith(b"%PDF-") or not pdf.rstrip().endswith(b"%%EOF"):
        raise RenderingFailed(f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}")
    return pdf


def _fonts() -> Path:
    return ROOT / "app" / "static" / "vendor" / "fonts"


def _bound() -> None:
    for limit, value in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU),
        (resource.RLIMIT_FSIZE, _FILE),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
