"""From rows to the immutable content of a dossier: what the authority reads is what is kept."""

from dataclasses import replace
from datetime import UTC
from importlib.metadata import version

from flask import current_app
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import services as analysis
from app.analysis import versions
from app.analysis.findings import read_acceptances
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
from app.platform.links import link_to
from app.products.models import Product
from reports import dossier as content
from reports.frozen import (
    FrozenAcceptance,
    FrozenAnalysis,
    FrozenAuthority,
    FrozenChange,
    FrozenCondition,
    FrozenDocument,
    FrozenDossier,
    FrozenEvent,
    FrozenFindingAcceptance,
    FrozenJudgement,
    FrozenOpinion,
    FrozenRenewal,
    FrozenReservation,
    InventoryText,
)
from reports.frozen_decision import FrozenDoubt
from risk_models import product_file
from risk_models.assessment import Stability
from risk_models.catalogue.reading import catalogue_sha256
from risk_models.scales import Severity
from risk_models.study import Study
from risk_models.system import System


def missing_analysis(session: Session, product: Product) -> list[object]:
    """What the risk analysis still lacks before a dossier can lean on it."""
    if analysis.latest_version(session, product.id) is None:
        return [_l("une analyse de risques terminée (page Points de faiblesse)")]
    return []


def preview_pieces(
    session: Session, product: Product, dossier: Dossier, language: str
) -> tuple[list[PieceLine], list[Inconsistency]]:
    """The pieces and the inconsistencies of `dossier` as it would be frozen now."""
    value = _in_french(session, product, dossier, analysis.read_system(session, product))
    return pieces.read_pieces(dossier, value, language), consistency.check_content(value)


def read_draft(session: Session, product: Product, dossier: Dossier) -> FrozenDossier:
    """What the reading page shows of a dossier not frozen yet, as it would be frozen now."""
    value = _in_french(session, product, dossier, analysis.read_system(session, product))
    return replace(value, doubts=_doubts(value))


def read_frozen_pieces(dossier: Dossier, language: str) -> tuple[list[PieceLine], list[Inconsistency]] | None:
    """As `preview_pieces`, for a frozen dossier: what was frozen, whatever became of the product."""
    if dossier.content is None:
        return None
    frozen = content.loads(dossier.content)
    lines = [pieces.as_line(piece, language, decided=frozen.decision is not None) for piece in frozen.pieces]
    return lines, [Inconsistency(d.rule, d.what, "", d.stops) for d in frozen.doubts]


def freeze_dossier(session: Session, product: Product, dossier: Dossier, since_read: tuple[str, ...] = ()) -> None:
    """Writes the content of `dossier` as it stands now; `since_read`: what changed since its reviewers read it."""
    system = analysis.read_system(session, product)
    value = _in_french(session, product, dossier, system)
    if value.analysis is None or value.authority is None:
        raise ValueError("a dossier is frozen with an analysis and an authority")
    with force_locale("fr"):
        doubts = _doubts(value)
    value = replace(
        value,
        views=analysis.read_views(system),
        stability=analysis.assess_stability(system),
        inventory=InventoryText(exports.inventory_bom(session, product).decode()),
        pieces=tuple(line.as_frozen() for line in pieces.read_pieces(dossier, value, "fr")),
        doubts=doubts,
        opinions=tuple(replace(o, since=since_read) if o.read_sha256 else o for o in value.opinions),
    )
    write_content(dossier, content.dumps(value))


def _doubts(value: FrozenDossier) -> tuple[FrozenDoubt, ...]:
    return tuple(found.as_doubt() for found in consistency.check_content(value))


def _in_french(session: Session, product: Product, dossier: Dossier, system: System) -> FrozenDossier:
    """The content but for what is slow to compute and what is computed from it; in French, whoever asks."""
    with force_locale("fr"):
        return _unfinished(session, product, dossier, system)


def _unfinished(session: Session, product: Product, dossier: Dossier, system: System) -> FrozenDossier:
    assets = analysis.assets_of(session, product.id)
    study = versions.study_of(session, product, system, assets)
    return FrozenDossier(
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
        authority=FrozenAuthority(dossier.authority.name, dossier.authority.title) if dossier.authority else None,
        analysis=_analysis(session, product, system, study),
        conditions=tuple(FrozenCondition(c.text, c.check) for c in dossier.conditions),
        accepted_risks=tuple(
            FrozenAcceptance(r.text, r.until, proposed_by=r.proposed_by) for r in dossier.accepted_risks
        ),
        feared_events=tuple(
            FrozenEvent(asset.ref, event.need, Severity(event.severity), event.description)
            for asset in assets
            for event in asset.feared_events
        ),
        opinions=_opinions(dossier),
        system=system,
        assessment=analysis.assess_system(system),
        release=version("jalon"),
        commit=current_app.config["COMMIT"],
        catalogue_sha256=catalogue_sha256(),
        views={},
        stability=Stability(0, {}),
        accepted_findings=tuple(
            FrozenFindingAcceptance(a.finding, a.reason, a.accepted_by, a.accepted_on, a.until)
            for a in sorted(read_acceptances(session, product.id).values(), key=lambda a: a.finding)
        ),
        study=study,
        evidence=tuple(evidence.as_frozen(e) for e in evidence.evidence_of(session, product.id)),
        judgements=_judgements(session, product),
        documents=tuple(
            FrozenDocument(d.piece, d.title, d.dated_on, d.file_name, d.sha256, d.size) for d in dossier.documents
        ),
        renewal=_renewal(session, product),
        verify_at=link_to("register_pages.verify"),
        decision=None,
    )


def _judgements(session: Session, product: Product) -> tuple[FrozenJudgement, ...]:
    rows = session.execute(
        select(Component.name, Judgement)
        .join(Component, Component.id == Judgement.component_id)
        .where(Component.product_id == product.id)
        .order_by(Component.name, Judgement.flaw, Judgement.package, Judgement.version)
    )
    return tuple(
        FrozenJudgement(name, j.package, j.version, j.flaw, j.state.value, j.reason, j.until, j.judged_by)
        for name, j in rows
    )


def _analysis(session: Session, product: Product, system: System, study: Study) -> FrozenAnalysis | None:
    version = analysis.latest_version(session, product.id)
    if version is None:
        return None
    # Through the plain values of the file, as the version was: what they do not carry is no change.
    now = product_file.from_dict(product_file.to_dict(system))
    then = product_file.loads(version.content)
    changes = versions.compare_pictures(then, versions.study_of_version(version), now, study)
    done_on = version.done_at.astimezone(clock.PARIS).date()
    return FrozenAnalysis(version.number, done_on, version.done_by, len(changes))


def _opinions(dossier: Dossier) -> tuple[FrozenOpinion, ...]:
    given = [
        FrozenOpinion(
            o.role.value,
            o.reviewer.name,
            o.verdict.value,
            o.text,
            o.given_at.astimezone(clock.PARIS).date(),
            given_at=o.given_at.astimezone(UTC).isoformat(timespec="seconds"),
            read_sha256=o.content_sha256 or "",
        )
        for o in dossier.opinions
        if o.verdict and o.given_at
    ]
    attached = [
        FrozenOpinion(o.role.value, o.by, o.verdict.value, o.text, o.given_on, o.sha256, attached_by=o.attached_by)
        for o in dossier.attached_opinions
    ]
    set_aside = [
        FrozenOpinion(
            o.role.value,
            o.reviewer.name,
            o.former_verdict.value,
            o.former_text,
            o.former_given_at.astimezone(clock.PARIS).date(),
            set_aside_on=o.set_aside_on,
        )
        for o in dossier.set_aside_opinions
        if o.former_verdict and o.former_given_at
    ]
    return (*given, *attached, *set_aside)


def _renewal(session: Session, product: Product) -> FrozenRenewal | None:
    """What became of the last homologation: what changed since, which reservations were lifted."""
    last = register.last_decided(session, product.id)
    if last is None or last.decision is None:
        return None
    found = None
    if last.origin is Origin.JALON:
        found = drift.since_decision(session, product, content.loads(last.content or ""))
    return FrozenRenewal(
        number=last.number,
        origin=last.origin.value,
        outcome=last.decision.outcome.value,
        decided_on=last.decision.decided_on,
        decided_by=last.decision.signatory,
        expires_on=last.decision.expires_on,
        withdrawn_on=last.withdrawal.withdrawn_on if last.withdrawal else None,
        loss_then=found.loss_then if found else None,
        changes=tuple(FrozenChange(str(c.part), c.added, c.changed, c.gone) for c in (found.changes if found else ())),
        reservations=tuple(
            FrozenReservation(r.text, r.lifted_on, r.lifted_by, r.how, r.lift_by) for r in last.reservations
        ),
        signed_model=found.signed_by if found else "",
    )


def write_content(dossier: Dossier, text: str) -> None:
    """Keeps `text`, canonical JSON, as the content of `dossier`."""
    dossier.content = text
    dossier.content_sha256 = content.sha256(dossier.content)
