"""From the canonical JSON of a dossier to its PDF, in a child process with bounds. Traps and figures: docs/pdf.md."""

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

from reports.bounded import ROOT, Bounds, environment_in

BOUNDS = Bounds(seconds=90, processor_seconds=60, memory=1 << 30, file=64 << 20, open_files=64)


class RenderingFailed(RuntimeError):
    """The document could not be made; the message says what the child process reported.

    `code`, of the words `renderings`, says it to those who wait for the document.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def render(content: str) -> bytes:
    """The PDF/A-3a of a dossier's canonical JSON; the same content always gives the same bytes.

    Raises `RenderingFailed` on any fault, bound passed or incomplete file: never a partial document.
    """
    try:
        answer = pdf_renderer().ask(content.encode())
    except OSError as error:
        raise RenderingFailed("fault", f"no answer: {error}") from error
    if not answer.startswith(b"%PDF-") or not answer.rstrip().endswith(b"%%EOF"):
        if not answer:
            raise RenderingFailed("too_heavy", "stopped before its end: a bound of time or memory")
        raise RenderingFailed("fault", answer.decode(errors="replace")[-1500:])
    return answer


class Renderer:
    """The process of `reports.pdf_child`, which holds WeasyPrint ready and renders each dossier in a copy of itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    def ask(self, given: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(BOUNDS.seconds + 10)  # the child ends itself before
            connection.connect(self.address())
            connection.sendall(given)
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as answer:
                return answer.read()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def address(self) -> str:
        """The socket of the living process, begun where there is none."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            return f"{self._folder.name}/socket"

    def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="jalon-pdf-")
        fonts = Path(self._folder.name) / "fonts.conf"
        fonts.write_text(
            f"<fontconfig><dir>{font_folder()}</dir><cachedir>{self._folder.name}</cachedir></fontconfig>",
            encoding="utf-8",
        )
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"{self._folder.name}/socket")
            listening.listen(64)
            self._process = subprocess.Popen(  # noqa: S603 - our own code, in this interpreter
                [sys.executable, "-m", "reports.pdf_child", str(listening.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment_in(self._folder.name) | {"FONTCONFIG_FILE": str(fonts), "SOURCE_DATE_EPOCH": "0"},
                cwd=self._folder.name,
                pass_fds=[listening.fileno()],
                start_new_session=True,
            )

    def stop(self) -> None:
        with self._lock:
            if self._process:
                self._process.kill()
                self._process.wait()
                self._folder.cleanup()
                self._process = None


@cache
def pdf_renderer() -> Renderer:
    """This process's own."""
    return Renderer()


def font_folder() -> Path:
    return ROOT / "app" / "static" / "vendor" / "fonts"
