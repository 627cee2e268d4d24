"""An archive that a stranger may have made, read by `jalon draft` in a process of its own with bounded time and memory."""

import re
import tempfile
from pathlib import Path, PurePosixPath

from reports.bounded import Bounds, TookTooLong, run_python
from risk_models import catalogue

_BOUNDS = Bounds(seconds=25, processor_seconds=25, memory=1_500_000_000, file=100_000_000)
_COMMAND = "from app.cli import main; main()"


class UnreadDraft(ValueError):
    """Nothing could be drafted; the message tells why, in the language asked for."""


def product_file_of(content: bytes, name: str, language: str) -> str:
    """The product file drafted from the archive `content`. Raises `Unread`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (re.sub(r"[^\w.-]", "-", PurePosixPath(name).name).strip(".")[:100] or "archive")
        file.write_bytes(content)
        arguments = ["-c", _COMMAND, "draft", str(file), "--lang", language]
        try:
            done = run_python(arguments, folder, _BOUNDS, environment={})
        except TookTooLong as error:
            raise UnreadDraft(_too_much(language)) from error
    if done.returncode == 2:
        raise UnreadDraft(f"{done.stderr.decode().strip()}.")
    if done.returncode != 0:
        raise UnreadDraft(_too_much(language))
    return done.stdout.decode()


def _too_much(language: str) -> str:
    return f"{catalogue.sentence('draft_errors', 'too_much', language, seconds=str(_BOUNDS.seconds))}."
