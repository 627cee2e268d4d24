"""Where the ranking places the component really used in published incidents, beside chance and a one-line rule.

usage: python scripts/run_trial.py [FOLDER]: a folder of product files as the systems stood the day before, with
answers.yaml (file, date, used); tests/data/trial unless given. All of these were seen when the model was set.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from ruamel.yaml import YAML

from risk_models import assess, catalogue, product_file
from risk_models.scales import Exposure, MeasureStatus
from risk_models.system import System

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "trial"
_OPEN = {Exposure.INTERNET: 2, Exposure.AUTHENTICATED: 1, Exposure.INTERNAL: 0}
_LACKS = {MeasureStatus.TO_DO: 1.0, MeasureStatus.PLANNED: 1.0, MeasureStatus.PARTIAL: 0.5}
_RULE = "measures said to be lacking, then exposure"


def place(scores: Mapping[str, float], used: str) -> tuple[float, float]:
    """The chances that `used` is first and among the first three, greatest score first, ties drawn at random."""
    mine = scores[used]
    better, tied = sum(s > mine for s in scores.values()), sum(s == mine for s in scores.values())
    return tuple(max(0, min(k - better, tied)) / tied for k in (1, 3))


def scores_of(system: System) -> dict[str, dict[str, float]]:
    """By way of ranking, a score by component."""
    said: Counter[str] = Counter()
    for m in system.measures:
        for c in m.on:
            said[c] += _LACKS.get(m.status, 0)
    return {
        f"model {catalogue.model().version}": {w.component: -w.rank for w in assess(system).weak_points},
        _RULE: {c.id: said[c.id] + 0.3 * _OPEN[c.exposure] for c in system.components},
        "chance": {c.id: 0.0 for c in system.components},
    }


def main(folder: Path = FOLDER) -> None:
    answers = YAML(typ="safe").load((folder / "answers.yaml").read_text(encoding="utf-8"))
    totals: dict[str, list[float]] = {}
    for answer in answers:
        day = date.fromisoformat(str(answer["date"]))
        system = product_file.loads((folder / answer["file"]).read_text(encoding="utf-8"), as_of=day)
        rank = next(w.rank for w in assess(system).weak_points if w.component == answer["used"])
        print(f"{answer['file']:26} {answer['used']:18} {rank:>2} of {len(system.components)}")
        for name, scores in scores_of(system).items():
            first, in_three = place(scores, answer["used"])
            total = totals.setdefault(name, [0.0, 0.0])
            total[0], total[1] = total[0] + first, total[1] + in_three
    print(f"\n{'of ' + str(len(answers)):44} first  in three")
    for name, (first, in_three) in totals.items():
        print(f"{name:44} {first:5.1f}  {in_three:8.1f}")


if __name__ == "__main__":
    main(*(Path(folder) for folder in sys.argv[1:]))
