"""Two versions of an analysis side by side: what is new, what changed, what is gone."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.analysis import comparison, guide, register, study
from app.analysis.comparison import Change
from app.analysis.guide import computed_level
from app.analysis.models import AnalysisVersion, EssentialAsset
from app.analysis.study_models import SecurityProfile
from app.commons import services as commons
from app.commons.models import CommonService
from app.platform.i18n import language, word
from app.products.models import Product
from risk_models import catalogue, product_file
from risk_models.scales import Need, RiskSourceKind, SecurityLevel
from risk_models.system import System


def study_of(session: Session, product: Product, system: System, assets: Iterable[EssentialAsset]) -> dict[str, Any]:
    """What people wrote beside the graph, as plain values: frozen with a version and with a dossier."""
    return {
        "level": _level(study.profile_of(session, product.id)),
        "feared_events": [
            {"id": e.id, "asset": a.ref, "need": e.need.value, "severity": e.severity, "description": e.description}
            for a in assets
            for e in a.feared_events
        ],
        "stakeholders": [
            {
                "name": s.name, "kind": s.kind.value, "dependency": s.dependency, "penetration": s.penetration,
                "maturity": s.maturity, "trust": s.trust, "threat": round(s.threat, 4), "zone": s.zone.value, "note": s.note,
            }
            for s in study.stakeholders_of(session, product.id)
        ],
        "sources": [
            {
                "kind": s.kind.value, "name": s.name, "aim": s.aim.value, "motivation": s.motivation,
                "resources": s.resources, "relevance": s.relevance, "kept": s.kept, "why": s.why,
            }
            for s in study.sources_of(session, product.id)
        ],
        "comments": [
            {"step": s.step.value, "text": c.text, "by": c.by, "on": c.at.date().isoformat(), "settled_by": c.settled_by}
            for s in guide.read(session, product.id).steps
            for c in s.comments
        ],
        "services": [
            {
                "name": u.service.name, "since": u.since.isoformat(), "contact": u.service.contact,
                "description": u.service.description, "homologation_note": u.service.homologation_note,
                "homologated_until": u.service.homologated_until.isoformat() if u.service.homologated_until else None,
                "components": list(u.components), "declared_by": u.declared_by,
                **_proofs(u.service),
            }
            for u in commons.uses_of(session, product.id)
        ],
        "register": [
            register.line_as_plain(line) for line in register.lines(register.rows_of(session, product.id), system)
        ],
    }  # fmt: skip


def _proofs(service: CommonService) -> dict[str, Any]:
    """What proves its measures; nothing where no link is given, as studies said before."""
    links = [{"measure": m.measure, "link": m.proof_link} for m in service.measures if m.proof_link]
    return {"proofs": links} if links else {}


def _level(profile: SecurityProfile | None) -> dict[str, Any] | None:
    if profile is None:
        return None
    return {
        "level": profile.level,
        "answers": {name: getattr(profile, name) for name in ("data", "volume", "outage", "audience", "openness")},
        "computed": int(computed_level(profile)),
        "wanted": profile.wanted,
        "why": profile.why,
        "wanted_by": profile.wanted_by,
        "approved_by": profile.approved_by,
    }


def compare(before: AnalysisVersion, after: AnalysisVersion) -> list[Change]:
    """Part by part; parts that stay the same are left out."""
    return compare_pictures(
        product_file.loads(before.content), before.study, product_file.loads(after.content), after.study
    )


def compare_pictures(
    old: System, old_study: Mapping[str, Any], new: System, new_study: Mapping[str, Any]
) -> list[Change]:
    """Two systems, each with its `study_of`; parts that stay the same are left out."""
    assets = {a.id: a.name for a in (*old.assets, *new.assets)}

    def scenario(line: Any) -> str:
        asset = assets.get(line["asset"], line["asset"])
        return line["story"] or f"{asset}{catalogue.colon(language())} {word(Need(line['need']))}"

    parts: list[tuple[Any, str, Callable[[Any], object], Callable[[Any], str]]] = [
        (
            _l("Événements redoutés"),
            "feared_events",
            lambda e: e.get("id") or (e["asset"], e["description"]),
            itemgetter("description"),
        ),
        (_l("Parties prenantes"), "stakeholders", itemgetter("name"), itemgetter("name")),
        (
            _l("Sources de risque"),
            "sources",
            itemgetter("kind", "aim", "name"),
            lambda s: f"{word(RiskSourceKind(s['kind']))} {s['name']}".strip(),
        ),
        (_l("Services communs"), "services", itemgetter("name"), itemgetter("name")),
        (_l("Scénarios et décisions"), "register", itemgetter("key"), scenario),
        (_l("Niveau de sécurité"), "level", lambda _: "", lambda v: word(SecurityLevel(v["level"]))),
    ]
    found = comparison.systems(old, new)
    found += [
        comparison.change(part, _rows(old_study.get(key)), _rows(new_study.get(key)), identity, name)
        for part, key, identity, name in parts
    ]
    return [c for c in found if c.added or c.changed or c.gone]


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
