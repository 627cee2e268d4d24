"""An archive that a stranger may have made, read by `jalon draft` in a process of its own with bounded time and memory."""

import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

from risk_models import catalogue

ROOT = Path(__file__).resolve().parents[2]
MAX_SECONDS, _MEMORY, _FILE = 25, 1_500_000_000, 100_000_000
_COMMAND = "from app.cli import main; main()"


class Unread(ValueError):
    """Nothing could be drafted; the message tells why, in the language asked for."""


def product_file_of(content: bytes, name: str, language: str) -> str:
    """The product file drafted from the archive `content`. Raises `Unread`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (re.sub(r"[^\w.-]", "-", PurePosixPath(name).name).strip(".")[:100] or "archive")
        file.write_bytes(content)
        try:
            done = subprocess.run(  # noqa: S603 - our own command, in this interpreter
                [sys.executable, "-c", _COMMAND, "draft", str(file), "--lang", language],
                capture_output=True,
                timeout=MAX_SECONDS,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "HOME": folder},
                cwd=folder,
                preexec_fn=_bound,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unread(_too_much(language)) from error
    if done.returncode == 2:
        raise Unread(f"{done.stderr.decode().strip()}.")
    if done.returncode != 0:
        raise Unread(_too_much(language))
    return done.stdout.decode()


def _too_much(language: str) -> str:
    return f"{catalogue.sentence('draft_errors', 'too_much', language, seconds=str(MAX_SECONDS))}."


def _bound() -> None:
    for limit, value in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_FSIZE, _FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
