"""From rows to the immutable content of a dossier: what the authority reads is what is kept."""

from dataclasses import asdict

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.analysis import services as analysis
from app.analysis import versions
from app.analysis.findings import acceptances
from app.evidence import services as evidence
from app.homologation.models import Decision, Dossier
from app.identity.models import Person
from app.platform import clock
from app.products.models import Product
from reports import dossier as content
from risk_models import product_file


def missing_analysis(session: Session, product: Product) -> list[object]:
    """What the risk analysis still lacks before a dossier can lean on it."""
    if analysis.latest_version(session, product.id) is None:
        return [_l("une analyse de risques terminée (page Points de faiblesse)")]
    return []


def freeze(session: Session, product: Product, dossier: Dossier) -> None:
    """Writes the content of `dossier` as it stands now, in the caller's transaction."""
    system = analysis.read_system(session, product)
    version, assets = analysis.latest_version(session, product.id), analysis.assets_of(session, product.id)
    if version is None or dossier.authority is None:
        raise ValueError("a dossier is frozen with an analysis and an authority")
    _write(
        dossier,
        content.Dossier(
            product=product.name,
            mission=product.mission,
            address=product.address,
            incubators=tuple(i.name for i in product.incubators),
            number=dossier.number,
            frozen_on=clock.today(),
            perimeter=dossier.perimeter,
            requested_months=dossier.requested_months,
            authority=content.Signatory(dossier.authority.name, dossier.authority.title),
            analysis=content.AnalysisDone(
                version.number, version.done_at.astimezone(clock.PARIS).date(), version.done_by
            ),
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
            views={view.value: asdict(outlook) for view, outlook in analysis.views(system).items()},
            stability=asdict(analysis.stability(system)),
            accepted_findings=tuple(
                content.AcceptedFinding(a.finding, a.reason, a.accepted_by, a.accepted_on, a.until)
                for a in sorted(acceptances(session, product.id).values(), key=lambda a: a.finding)
            ),
            study=versions.study_of(session, product, system, assets),
            evidence=tuple(evidence.as_plain(e) for e in evidence.evidence_of(session, product.id)),
            decision=None,
        ),
    )


def _opinions(dossier: Dossier) -> tuple[content.Opinion, ...]:
    return tuple(
        content.Opinion(
            o.role.value, o.reviewer.name, o.verdict.value, o.text, o.given_at.astimezone(clock.PARIS).date()
        )
        for o in dossier.opinions
        if o.verdict and o.given_at
    )


def seal_decision(dossier: Dossier, decision: Decision, authority: Person) -> None:
    """Adds the decision to the frozen content, the rest unchanged."""
    frozen = content.loads(dossier.content or "")
    frozen["decision"] = {
        "outcome": decision.outcome.value,
        "months": decision.months,
        "reservations": decision.reservations,
        "decided_on": decision.decided_on.isoformat(),
        "expires_on": decision.expires_on.isoformat() if decision.expires_on else None,
        "by": {"name": authority.name, "title": authority.title},
        "asked_sha256": dossier.content_sha256,
    }
    _write(dossier, frozen)


def _write(dossier: Dossier, value: "content.Dossier | dict[str, object]") -> None:
    dossier.content = content.dumps(value)
    dossier.content_sha256 = content.sha256(dossier.content)
