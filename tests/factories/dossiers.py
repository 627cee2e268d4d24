"""Contents of dossiers."""

import json
from datetime import date
from typing import Any

from app.cli.dossier import unsigned
from reports import dossier as content
from reports.frozen import FrozenRenewal, FrozenReservation
from risk_models import product_file
from risk_models.plain_values import plain
from risk_models.scales import (
    Audience,
    DataSensitivity,
    DataVolume,
    Likelihood,
    Need,
    Openness,
    OutageTolerance,
    RiskLevel,
    SecurityLevel,
    Severity,
    Treatment,
)
from risk_models.study import LevelAnswers, StudiedComment, StudiedLevel, StudiedScenario, Study

DAY = date(2026, 11, 23)
_FILE: dict[str, Any] = {
    "jalon": 1,
    "product": {"name": "P", "contacts": [{"name": "S", "role": "chef", "can_suspend": True}]},
    "components": [
        {
            "id": "web",
            "kind": "web",
            "name": "Site",
            "exposure": "internet",
            "patched_by": "team",
            "version": "1",
        },
        {"id": "base", "kind": "database", "name": "Base", "exposure": "internal", "patched_by": "publisher"},
    ],
    "links": [{"from": "web", "to": "base", "kind": "reads"}],
    "assets": [
        {
            "id": "a",
            "name": "Dossiers",
            "lives_in": ["base"],
            "needs": {"confidentiality": 1, "integrity": 2, "availability": 1},
        }
    ],
    "measures": [
        {"measure": "waf", "on": ["web"], "status": "done", "proof": "fresh"},
        {"measure": "mfa", "on": ["web"], "status": "planned", "due": "2027-01-01", "owner": "Sacha"},
        {"measure": "dependabot", "on": ["web"], "status": "not_applicable", "reason": "aucune"},
    ],
}
_RENEWAL = FrozenRenewal(
    number=1,
    origin="jalon",
    outcome="favourable",
    decided_on=DAY,
    decided_by="A",
    expires_on=None,
    withdrawn_on=None,
    loss_then=1.0,
    changes=(),
    reservations=(FrozenReservation("r", date(2026, 2, 1), "x", "h"),),
)
_STUDY = Study(
    level=StudiedLevel(
        SecurityLevel.MODERATE,
        LevelAnswers(
            DataSensitivity.PERSONAL,
            *(min(kind) for kind in (DataVolume, OutageTolerance, Audience, Openness)),
        ),
        SecurityLevel.MODERATE,
    ),
    comments=(StudiedComment("study", "c", "A", DAY, "x"),),
    register=(
        StudiedScenario(
            key="k",
            told=False,
            deliberate=True,
            story="s",
            asset="a",
            need=Need.INTEGRITY,
            severity=Severity(2),
            likelihood=Likelihood(2),
            computed_severity=None,
            computed_likelihood=None,
            why="",
            kept=True,
            why_not="",
            risk=RiskLevel.MEDIUM,
            treatment=Treatment.REDUCE,
            treatment_note="",
            accepted_by="",
            accepted_until=None,
        ),
    ),
)


def sound_content() -> dict[str, Any]:
    """A content, as plain values, that no rule of consistency finds fault with on its day."""
    base = json.loads(content.dumps(unsigned(product_file.from_dict(_FILE, as_of=DAY), DAY)))
    risk = {"id": "a", "need": "integrity", "severity": 2, "level": 2, "risk": "medium", "loss": 1.0}
    base["assessment"] |= {
        "loss": 2.0,
        "residual_loss": 1.0,
        "assets": [risk | {"likelihood": 0.5}],
        "residual_assets": [risk | {"likelihood": 0.2}],
    }
    base |= {
        "mission": "Aider",
        "authority": {"name": "Andrée Laurent", "title": ""},
        "analysis": {"version": 1, "done_on": "2026-10-01", "done_by": "Camille", "changes_since": 0},
        "accepted_risks": [{"text": "Chute", "accepted_by": "A", "until": "2028-01-01"}],
        "accepted_findings": [
            {"finding": "x", "reason": "r", "accepted_by": "A", "accepted_on": "2026-01-01", "until": "2028-01-01"}
        ],
        "feared_events": [{"asset": "a", "need": "integrity", "severity": 2, "description": "d"}],
        "opinions": [{"role": "dpo", "by": "Claude", "verdict": "favourable", "text": "", "given_on": "2026-11-01"}],
        "documents": [
            {"piece": "audits", "title": "Audit", "dated_on": "2026-01-01", "file_name": "a", "sha256": "0", "size": 1}
        ],
        "renewal": plain(_RENEWAL),
        "study": plain(_STUDY),
    }
    return base
