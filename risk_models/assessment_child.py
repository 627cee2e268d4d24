"""The process that assesses a large product: its System on standard input, the result on standard output, as JSON."""

import json
import sys

from risk_models import ranking
from risk_models.plain_values import from_plain, plain
from risk_models.scales import View
from risk_models.system import System


def main(view: str) -> None:
    system = from_plain(json.load(sys.stdin), System)
    sys.stdout.write(json.dumps(plain(ranking.assess(system, View(view)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
