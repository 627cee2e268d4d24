"""The process that assesses a large product: its System on standard input, the whole on standard output, as JSON."""

import json
import sys

from risk_models.plain_values import from_plain, plain
from risk_models.ranking.whole_assessment import assess_whole
from risk_models.system import System

if __name__ == "__main__":
    sys.stdout.write(json.dumps(plain(assess_whole(from_plain(json.load(sys.stdin), System)))))
