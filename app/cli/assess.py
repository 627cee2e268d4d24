"""`jalon assess`: the ranking of a product file, as a table or as JSON. Loads neither Flask nor the database."""

import json
import sys
from datetime import UTC, date, datetime

import click

from app.cli.files import read_system_file
from app.cli.waiting import waiting
from risk_models import Assessment, System, catalogue
from risk_models import assess as rank
from risk_models.scales import View

PASSED = 1


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as docs/product-file.md describes it.")
@click.option("--view", type=click.Choice([v.value for v in View]), default=View.CURRENT.value, show_default=True)
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Judge ends of life on this day (default: today)."
)
@click.option(
    "--fail-above",
    metavar="VxGy",
    help="Exit with 1 when a risk is at least as likely and as grave as this cell, and not that very cell.",
)
@click.option("--lang", type=click.Choice(catalogue.LANGUAGES), default="fr", show_default=True)
def assess(file: str, *, as_json: bool, view: str, day: datetime | None, fail_above: str | None, lang: str) -> None:
    """Rank the weak points of FILE.

    Exit codes: 0 done, 1 the threshold of --fail-above is passed, 2 wrong file or option, 3 an error of ours.
    """
    limit = _limit(fail_above)
    system = read_system_file(file, day.date() if day else _today())
    with waiting(len(system.components)):
        assessment = rank(system, view=View(view))
        text = _document(system, assessment, lang) if as_json else _table(system, assessment, lang)
    sys.stdout.write(text)
    if limit and any(_above((r.level, r.severity), limit) for r in assessment.assets):
        raise SystemExit(PASSED)


def _today() -> date:
    return datetime.now(UTC).date()


def _limit(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    if len(text) != 4 or text[0] != "V" or text[2] != "G" or text[1] not in "1234" or text[3] not in "1234":
        raise click.BadParameter("write it as V3G3: a likelihood from V1 to V4 and a severity from G1 to G4")
    return int(text[1]), int(text[3])


def _above(risk: tuple[int, int], limit: tuple[int, int]) -> bool:
    """At least as likely and as grave as the limit, and not that very cell."""
    return risk[0] >= limit[0] and risk[1] >= limit[1] and risk != limit


def _document(system: System, assessment: Assessment, language: str) -> str:
    from risk_models.ranking import assessment_json, sensitivity
    from risk_models.ranking.assess import assess_views

    found = assessment_json.as_json(
        system, assessment, assess_views(system), sensitivity.measure_stability(system, assessment.view), language
    )
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def _table(system: System, assessment: Assessment, language: str) -> str:
    names = system.names()
    heads = {"fr": ("rang", "su", "en tout"), "en": ("rank", "known", "in all")}[language]
    lines = [f"{system.product.name} : {assessment.loss:.2f} → {assessment.residual_loss:.2f}", "", "  ".join(heads)]
    for weak in assessment.weak_points:
        reasons = ", ".join(catalogue.sentence("reasons", r.code, language, **dict(r.values)) for r in weak.reasons)
        lines.append(
            f"{weak.rank:>3}  {weak.lacking_share or 0:>5.0%} {weak.share:>5.0%}  {names[weak.component]:<28}  {reasons}"
        )
        if weak.path:
            threat = catalogue.sentence("threats", weak.path.source, language)
            doubt = {"fr": "supposé", "en": "assumed"}[language]
            assumed = [f"{catalogue.word(kind, language)} ({doubt})" for kind in weak.path.assumed]
            steps = [threat, *assumed, *(names[c] for c in weak.path.components)]
            lines.append(f"{'':>20}" + " → ".join(steps))
    if assessment.action_plan:
        lines += ["", {"fr": "D’abord :", "en": "First:"}[language]]
        for item in assessment.action_plan:
            measure = catalogue.measures().get(item.measure)
            label = measure.name.in_(language) if measure else item.measure
            doubt = {"fr": ", à confirmer", "en": ", to be confirmed"}[language] if item.to_confirm else ""
            on = ", ".join(names[c] for c in item.on)
            lines.append(f"{-item.loss_avoided_in_order:>8.2f}  {label} ({on}{doubt})")
    if assessment.findings:
        lines += ["", {"fr": "Constats :", "en": "Findings:"}[language]]
        for found in assessment.findings:
            level = catalogue.word(catalogue.rule_of(found).level, language)
            lines.append(f"{level:>8}  {catalogue.finding_text(found, language, names)}")
    if assessment.warnings:
        lines += ["", {"fr": "À compléter :", "en": "To complete:"}[language]]
        lines += [f"{'':>8}  {catalogue.warning_text(w, language, names)}" for w in assessment.warnings]
    return "\n".join(lines) + "\n"
