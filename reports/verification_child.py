"""The child process that looks at a stranger's file: the file on standard input, the verdict as JSON on standard output."""

import json
import sys
from datetime import date
from pathlib import Path

from reports import seal, verification


def main(roots: str, today: str) -> None:
    trusted = seal.certificates(Path(roots).read_bytes())
    try:
        verdict = verification.verify(sys.stdin.buffer.read(), trusted, today=date.fromisoformat(today))
    except verification.Unreadable as error:
        sys.stdout.write(json.dumps({"unreadable": str(error)}))
        return
    sys.stdout.write(json.dumps(verification.as_plain(verdict)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
