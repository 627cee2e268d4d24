"""Of which source this Jalon was made."""

import shutil
import subprocess
from pathlib import Path


def read_commit(given: str, root: Path) -> str:
    """`given` by the settings, or what git says of a clone at `root`, with `-dirty` where files were changed; empty where neither
    knows."""
    git = shutil.which("git")
    if given or git is None or not (root / ".git").exists():
        return given
    asked = [git, "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603 - a fixed program
    return answer.stdout.strip() if answer.returncode == 0 else ""
