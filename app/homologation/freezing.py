"""From rows to the immutable content of a dossier: what the authority reads is what is kept."""

import json
from dataclasses import asdict
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import services as analysis
from app.analysis import versions
from app.analysis.findings import acceptances
from app.evidence import services as evidence
from app.homologation import consistency, drift, pieces, register
from app.homologation.consistency import Inconsistency
from app.homologation.kinds import Origin
from app.homologation.models import Dossier
from app.homologation.pieces import PieceLine
from app.inventory.models import Component
from app.packages import exports
from app.packages.models import Judgement
from app.platform import clock
from app.products.models import Product
from reports import dossier as content
from risk_models import product_file
from risk_models.system import System


def missing_analysis(session: Session, product: Product) -> list[object]:
    """What the risk analysis still lacks before a dossier can lean on it."""
    if analysis.latest_version(session, product.id) is None:
        return [_l("une analyse de risques terminée (page Points de faiblesse)")]
    return []


def preview(
    session: Session, product: Product, dossier: Dossier, language: str
) -> tuple[list[PieceLine], list[Inconsistency]]:
    """The pieces and the inconsistencies of `dossier` as it would be frozen now."""
    value = _plain(session, product, dossier, analysis.read_system(session, product))
    return pieces.lines(dossier, value, language), consistency.check(value)


def readable(session: Session, product: Product, dossier: Dossier) -> dict[str, Any]:
    """What the reading page shows of a dossier not frozen yet, as it would be frozen now."""
    value = _plain(session, product, dossier, analysis.read_system(session, product))
    return value | {"doubts": [found.as_plain() for found in consistency.check(value)]}


def shown(dossier: Dossier, language: str) -> tuple[list[PieceLine], list[Inconsistency]] | None:
    """As `preview`, for a frozen dossier: what was frozen, whatever became of the product."""
    if dossier.content is None:
        return None
    frozen = content.loads(dossier.content)
    lines = [
        pieces.from_plain(plain, language, decided=frozen["decision"] is not None) for plain in frozen.get("pieces", ())
    ]
    return lines, [Inconsistency(d["rule"], d["what"], "", d["stops"]) for d in frozen.get("doubts", ())]


def freeze(session: Session, product: Product, dossier: Dossier) -> None:
    """Writes the content of `dossier` as it stands now, in the caller's transaction."""
    system = analysis.read_system(session, product)
    value = _plain(session, product, dossier, system)
    if value["analysis"] is None or value["authority"] is None:
        raise ValueError("a dossier is frozen with an analysis and an authority")
    with force_locale("fr"):
        doubts = [found.as_plain() for found in consistency.check(value)]
    value |= {
        "views": {view.value: asdict(outlook) for view, outlook in analysis.views(system).items()},
        "stability": asdict(analysis.stability(system)),
        "inventory": json.loads(exports.inventory_bom(session, product)),
        "pieces": [line.as_plain() for line in pieces.lines(dossier, value, "fr")],
        "doubts": doubts,
    }
    write(dossier, content.dumps(value))


def _plain(session: Session, product: Product, dossier: Dossier, system: System) -> dict[str, Any]:
    """The content but for what is slow to compute and what is computed from it; in French, whoever asks."""
    with force_locale("fr"):
        return _in_french(session, product, dossier, system)


def _in_french(session: Session, product: Product, dossier: Dossier, system: System) -> dict[str, Any]:
    assets = analysis.assets_of(session, product.id)
    study = versions.study_of(session, product, system, assets)
    value = content.Dossier(
        product=product.name,
        mission=product.mission,
        address=product.address,
        repository=product.repository,
        contact=product.contact,
        incubators=tuple(i.name for i in product.incubators),
        number=dossier.number,
        frozen_on=clock.today(),
        perimeter=dossier.perimeter,
        requested_months=dossier.requested_months,
        authority=content.Signatory(dossier.authority.name, dossier.authority.title) if dossier.authority else None,
        analysis=_analysis(session, product, system, study),
        conditions=tuple(content.Condition(c.text, c.check) for c in dossier.conditions),
        accepted_risks=tuple(content.AcceptedRisk(r.text, r.accepted_by, r.until) for r in dossier.accepted_risks),
        feared_events=tuple(
            content.FearedEvent(asset.ref, event.need.value, event.severity, event.description)
            for asset in assets
            for event in asset.feared_events
        ),
        opinions=_opinions(dossier),
        system=product_file.to_dict(system, complete=True),
        assessment=analysis.assess(system).to_dict(),
        views={},
        stability={},
        accepted_findings=tuple(
            content.AcceptedFinding(a.finding, a.reason, a.accepted_by, a.accepted_on, a.until)
            for a in sorted(acceptances(session, product.id).values(), key=lambda a: a.finding)
        ),
        study=study,
        evidence=tuple(evidence.as_plain(e) for e in evidence.evidence_of(session, product.id)),
        judgements=_judgements(session, product),
        documents=tuple(
            content.Document(d.piece, d.title, d.dated_on, d.file_name, d.sha256, d.size) for d in dossier.documents
        ),
        renewal=_renewal(session, product),
        inventory=None,
        verify_at=f"{current_app.config['BASE_URL']}/verifier",
        pieces=(),
        doubts=(),
        decision=None,
    )
    return content.loads(content.dumps(value))


def _judgements(session: Session, product: Product) -> tuple[dict[str, Any], ...]:
    rows = session.execute(
        select(Component.name, Judgement)
        .join(Component, Component.id == Judgement.component_id)
        .where(Component.product_id == product.id)
        .order_by(Component.name, Judgement.flaw, Judgement.package, Judgement.version)
    )
    return tuple(
        {
            "component": name,
            "package": j.package,
            "version": j.version,
            "flaw": j.flaw,
            "state": j.state.value,
            "reason": j.reason,
            "until": j.until,
            "judged_by": j.judged_by,
        }
        for name, j in rows
    )


def _analysis(session: Session, product: Product, system: System, study: dict[str, Any]) -> content.AnalysisDone | None:
    version = analysis.latest_version(session, product.id)
    if version is None:
        return None
    # Through the plain values of the file and JSON, as the version was: what they do not carry is no change.
    now = product_file.from_dict(product_file.to_dict(system))
    changes = versions.compare_pictures(
        product_file.loads(version.content), version.study, now, json.loads(json.dumps(study, default=str))
    )
    done_on = version.done_at.astimezone(clock.PARIS).date()
    return content.AnalysisDone(version.number, done_on, version.done_by, len(changes))


def _opinions(dossier: Dossier) -> tuple[content.Opinion, ...]:
    given = [
        content.Opinion(
            o.role.value, o.reviewer.name, o.verdict.value, o.text, o.given_at.astimezone(clock.PARIS).date()
        )
        for o in dossier.opinions
        if o.verdict and o.given_at
    ]
    attached = [
        content.Opinion(o.role.value, o.by, o.verdict.value, o.text, o.given_on, o.sha256)
        for o in dossier.attached_opinions
    ]
    return (*given, *attached)


def _renewal(session: Session, product: Product) -> dict[str, Any] | None:
    """What became of the last homologation: what changed since, which reservations were lifted."""
    last = register.last_decided(session, product.id)
    if last is None or last.decision is None:
        return None
    frozen = content.loads(last.content or "{}")
    found = drift.since_decision(session, product, frozen) if last.origin is Origin.JALON else None
    return {
        "number": last.number,
        "origin": last.origin.value,
        "outcome": last.decision.outcome.value,
        "decided_on": last.decision.decided_on.isoformat(),
        "decided_by": last.decision.signatory,
        "expires_on": last.decision.expires_on.isoformat() if last.decision.expires_on else None,
        "withdrawn_on": last.withdrawal.withdrawn_on.isoformat() if last.withdrawal else None,
        "loss_then": found.loss_then if found else None,
        "changes": [
            {"part": str(c.part), "added": list(c.added), "changed": list(c.changed), "gone": list(c.gone)}
            for c in (found.changes if found else ())
        ],
        "reservations": [
            {
                "text": r.text,
                "lift_by": r.lift_by.isoformat() if r.lift_by else None,
                "lifted_on": r.lifted_on.isoformat() if r.lifted_on else None,
                "lifted_by": r.lifted_by,
                "how": r.how,
            }
            for r in last.reservations
        ],
    }


def write(dossier: Dossier, text: str) -> None:
    """Keeps `text`, canonical JSON, as the content of `dossier`."""
    dossier.content = text
    dossier.content_sha256 = content.sha256(dossier.content)
