"""The child process that looks at a stranger's file: the file on standard input, the verdict as JSON on standard output."""

import json
import math
import resource
import sys
from datetime import date
from pathlib import Path

from reports import verification
from reports.certificates import Trust, read_certificates


def main(seals: str, clocks: str, today: str) -> None:
    # Its start is our business; the file gets what follows.
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (min(math.ceil(used) + verification.CHECK_SECONDS, hard), hard))
    trust = Trust(*(read_certificates(Path(path).read_bytes()) for path in (seals, clocks)))
    try:
        data = sys.stdin.buffer.read()
        verdict = verification.verify_document(data, trust, today=date.fromisoformat(today), draws=False)
    except verification.UnreadableDocument as error:
        sys.stdout.write(json.dumps({"unreadable": str(error)}))
        return
    sys.stdout.write(json.dumps(verification.verdict_as_plain(verdict)))


if __name__ == "__main__":
    main(*sys.argv[1:])
