"""The assessment as the JSON that outside programs read (format 1, docs/product-file.md)."""

from collections.abc import Mapping
from dataclasses import asdict

from risk_models import catalogue
from risk_models.assessment import Assessment, AssetRisk, Finding, GraveNeed, Outlook, Stability, WeakPoint
from risk_models.ranking.assess import harden_each
from risk_models.scales import View
from risk_models.system import System


def as_json(
    system: System, assessment: Assessment, views: Mapping[View, Outlook], stability: Stability, language: str
) -> dict[str, object]:
    """Plain values, in a stable order: rank, then id; `hardened` is null where the product is too large to be drawn again."""
    names = system.names()
    hardened = harden_each(system, assessment.view) if stability.draws else {}
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
        "assets": [_asset(a) for a in assessment.assets],
        "weak_points": [_weak_point(w, hardened.get(w.component), stability, language) for w in assessment.weak_points],
        "choke_points": [{"component": c.component, "loss_avoided": c.loss_avoided} for c in assessment.choke_points],
        "grave_needs": [_grave_need(e) for e in assessment.grave_needs],
        "assumed": [{"kind": p.kind, "reaches": list(p.reaches), "loss": p.loss} for p in assessment.assumed],
        "single_points_of_failure": [
            {"component": s.component, "assets": list(s.assets)} for s in assessment.single_points_of_failure
        ],
        "action_plan": [
            {"measure": p.measure, "on": list(p.on), "loss_avoided_alone": p.loss_avoided_alone}
            | {"loss_avoided_in_order": p.loss_avoided_in_order, "effort": p.effort, "to_confirm": p.to_confirm}
            for p in assessment.action_plan
        ],
        "views": {
            view.value: {"loss": outlook.loss, "assets": [_asset(a) for a in outlook.assets]}
            for view, outlook in views.items()
        },
        "stability_draws": stability.draws,
        "findings": [_finding(f, names, language) for f in assessment.findings],
        "warnings": [
            {
                "code": w.code,
                "component": w.component,
                "text": catalogue.warning_text(w, language, names),
            }
            for w in assessment.warnings
        ],
    }


def _asset(a: AssetRisk) -> dict[str, object]:
    return {
        "id": a.id,
        "need": a.need.value,
        "severity": int(a.severity),
        "likelihood": a.likelihood,
        "level": int(a.level),
        "loss": a.loss,
    }


def _weak_point(weak: WeakPoint, hardened: float | None, stability: Stability, language: str) -> dict[str, object]:
    return {
        "rank": weak.rank,
        "component": weak.component,
        "loss_avoided": weak.loss_avoided,
        "share": weak.share,
        "lacking": weak.lacking,
        "hardened": hardened,
        "reasons": [
            {"code": r.code, "text": catalogue.sentence("reasons", r.code, language, **dict(r.values))}
            for r in weak.reasons
        ],
        "path": [weak.path.source, *weak.path.components] if weak.path else [],
        "assumed": list(weak.path.assumed) if weak.path else [],
        "vector": weak.path.vector if weak.path else None,
        "stability": stability.share(weak.component),
    }


def _grave_need(event: GraveNeed) -> dict[str, object]:
    return {
        "asset": event.asset,
        "need": event.need.value,
        "severity": int(event.severity),
        "weak_points": [asdict(w) for w in event.weak_points],
        "paths": [
            {
                "path": [p.source, *p.components],
                "assumed": list(p.assumed),
                "vector": p.vector,
                "likelihood": p.likelihood,
            }
            for p in event.paths
        ],
    }


def _finding(found: Finding, names: Mapping[str, str], language: str) -> dict[str, object]:
    rule = catalogue.rule_of(found)
    return {
        "rule": found.rule,
        "level": rule.level.value,
        "component": found.component,
        "other": found.other,
        "asset": found.asset,
        "text": catalogue.finding_text(found, language, names),
        "why": rule.why.in_(language),
        "mend": rule.mend.in_(language),
        "guide": list(rule.guide),
    }
