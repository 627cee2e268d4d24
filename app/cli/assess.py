"""`jalon assess`: the ranking of a product file, as a table or as JSON. Loads neither Flask nor the database."""

import json
import sys
from datetime import UTC, date, datetime
from typing import Any

import click

from app.cli.files import read_system
from risk_models import Assessment, System, catalogue
from risk_models import assess as rank
from risk_models.assessment import WeakPoint
from risk_models.scales import View

PASSED = 1


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as docs/product-file.md describes it.")
@click.option("--view", type=click.Choice([v.value for v in View]), default=View.CURRENT.value, show_default=True)
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Judge ends of life on this day (default: today)."
)
@click.option("--fail-above", metavar="VxGy", help="Exit with 1 when a risk is above this likelihood and severity.")
@click.option("--lang", type=click.Choice(catalogue.LANGUAGES), default="fr", show_default=True)
def assess(file: str, *, as_json: bool, view: str, day: datetime | None, fail_above: str | None, lang: str) -> None:
    """Rank the weak points of FILE. Exit codes: 0 done, 1 threshold passed, 2 wrong file."""
    limit = _limit(fail_above)
    system = read_system(file, day.date() if day else _today())
    assessment = rank(system, view=View(view))
    if as_json:
        json.dump(as_document(system, assessment, lang), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(_table(system, assessment, lang))
    if limit and any(r.level > limit[0] and r.severity > limit[1] for r in assessment.assets):
        raise SystemExit(PASSED)


def _today() -> date:
    return datetime.now(UTC).date()


def _limit(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    if len(text) != 4 or text[0] != "V" or text[2] != "G" or text[1] not in "1234" or text[3] not in "1234":
        raise click.BadParameter("write it as V3G3: a likelihood from V1 to V4 and a severity from G1 to G4")
    return int(text[1]), int(text[3])


def as_document(system: System, assessment: Assessment, language: str) -> dict[str, Any]:
    """The JSON that outside programs read (format 1)."""
    names = {c.id: c.name for c in system.components} | {a.id: a.name for a in system.assets}
    return {
        "jalon": 1,
        "model": assessment.model,
        "worlds": assessment.worlds,
        "view": assessment.view.value,
        "product": assessment.product,
        "loss": assessment.loss,
        "residual_loss": assessment.residual_loss,
        "components": [
            {"id": c.id, "likelihood": c.likelihood, "level": int(c.level), "dependents": c.dependents}
            for c in assessment.components
        ],
        "assets": [
            {"id": a.id, "need": a.need.value, "severity": int(a.severity), "likelihood": a.likelihood}
            | {"level": int(a.level), "loss": a.loss}
            for a in assessment.assets
        ],
        "weak_points": [_weak_point(w, language) for w in assessment.weak_points],
        "choke_points": [{"component": c.component, "loss_avoided": c.loss_avoided} for c in assessment.choke_points],
        "single_points_of_failure": [
            {"component": s.component, "assets": list(s.assets)} for s in assessment.single_points_of_failure
        ],
        "action_plan": [
            {"measure": p.measure, "on": list(p.on), "loss_avoided_alone": p.loss_avoided_alone}
            | {"loss_avoided_in_order": p.loss_avoided_in_order, "effort": p.effort}
            for p in assessment.action_plan
        ],
        "warnings": [
            {
                "code": w.code,
                "component": w.component,
                "text": catalogue.sentence("warnings", w.code, language, component=names.get(w.component, w.component)),
            }
            for w in assessment.warnings
        ],
    }


def _weak_point(weak: WeakPoint, language: str) -> dict[str, Any]:
    return {
        "rank": weak.rank,
        "component": weak.component,
        "loss_avoided": weak.loss_avoided,
        "share": weak.share,
        "reasons": [
            {"code": r.code, "text": catalogue.sentence("reasons", r.code, language, **dict(r.values))}
            for r in weak.reasons
        ],
        "path": [weak.path.source, *weak.path.components] if weak.path else [],
    }


def _table(system: System, assessment: Assessment, language: str) -> str:
    names = {c.id: c.name for c in system.components}
    lines = [f"{system.product.name} : {assessment.loss:.2f} → {assessment.residual_loss:.2f}", ""]
    for weak in assessment.weak_points:
        reasons = ", ".join(catalogue.sentence("reasons", r.code, language, **dict(r.values)) for r in weak.reasons)
        lines.append(f"{weak.rank:>3}  {weak.share:>5.0%}  {names[weak.component]:<28}  {reasons}")
        if weak.path:
            threat = catalogue.sentence("threats", weak.path.source, language)
            lines.append(f"{'':>14}{threat} → " + " → ".join(names[c] for c in weak.path.components))
    return "\n".join(lines) + "\n"
