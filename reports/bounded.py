"""A child process with bounded time, memory and files: for what a stranger's document could make endless."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class TookTooLong(RuntimeError):
    """Not done in the time given."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds of wall clock and of processor, bytes of memory and of any file, open files."""

    seconds: int
    processor_seconds: int
    memory: int
    file: int
    open_files: int = 256

    def bind(self) -> None:
        """Binds this process, all but its wall clock, and lets others go first; one bound already never gets more."""
        os.nice(10)
        for limit, value in (
            (resource.RLIMIT_AS, self.memory),
            (resource.RLIMIT_CPU, self.processor_seconds),
            (resource.RLIMIT_FSIZE, self.file),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(limit)[1]
            least = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (least, least))


def environment_in(folder: str) -> dict[str, str]:
    """Of ours, the path alone."""
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "HOME": folder}


def run_python(
    arguments: Sequence[str], folder: str, bounds: Bounds, *, environment: Mapping[str, str], given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs our own code in this interpreter, in `folder`, with nothing of our environment but the path. Raises `TookTooLong`."""
    child = subprocess.Popen(  # noqa: S603 - our own code, in this interpreter
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment_in(folder) | dict(environment),
        cwd=folder,
        preexec_fn=bounds.bind,  # noqa: PLW1509 - it only sets limits
        start_new_session=True,
    )
    with child:
        try:
            out, errors = child.communicate(given, timeout=bounds.seconds)
        except subprocess.TimeoutExpired as error:
            raise TookTooLong(f"not done after {bounds.seconds} seconds") from error
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)  # with its own children
    return subprocess.CompletedProcess(child.args, child.returncode, out, errors)
