"""Two versions of an analysis side by side: what is new, what changed, what is gone."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.analysis import comparison, guide, register, study
from app.analysis.comparison import Change
from app.analysis.guide import computed_level
from app.analysis.models import AnalysisVersion, EssentialAsset
from app.analysis.study_models import SecurityProfile
from app.commons import services as commons
from app.platform.i18n import language, word
from app.products.models import Product
from risk_models import catalogue, product_file
from risk_models.plain_values import from_plain
from risk_models.scales import (
    Audience,
    DataSensitivity,
    DataVolume,
    Openness,
    OutageTolerance,
    SecurityLevel,
    Severity,
)
from risk_models.study import (
    LevelAnswers,
    ServiceProof,
    StudiedComment,
    StudiedEvent,
    StudiedLevel,
    StudiedScenario,
    StudiedService,
    StudiedSource,
    StudiedStakeholder,
    Study,
)
from risk_models.system import System


def study_of(session: Session, product: Product, system: System, assets: Iterable[EssentialAsset]) -> Study:
    """What people wrote beside the graph: frozen with a version and with a dossier."""
    return Study(
        level=_level(study.profile_of(session, product.id)),
        feared_events=tuple(
            StudiedEvent(a.ref, e.need, Severity(e.severity), e.description, e.id)
            for a in assets
            for e in a.feared_events
        ),
        stakeholders=tuple(
            StudiedStakeholder(
                s.name, s.kind, s.dependency, s.penetration, s.maturity, s.trust, round(s.threat, 4), s.zone, s.note
            )
            for s in study.stakeholders_of(session, product.id)
        ),
        sources=tuple(
            StudiedSource(s.kind, s.name, s.aim, s.motivation, s.resources, s.relevance, s.kept, s.why)
            for s in study.sources_of(session, product.id)
        ),
        comments=tuple(
            StudiedComment(s.step.value, c.text, c.by, c.at.date(), c.settled_by)
            for s in guide.read_guide(session, product.id).steps
            for c in s.comments
        ),
        services=tuple(
            StudiedService(
                name=u.service.name,
                since=u.since,
                contact=u.service.contact,
                description=u.service.description,
                homologation_note=u.service.homologation_note,
                homologated_until=u.service.homologated_until,
                components=tuple(u.components),
                declared_by=u.declared_by,
                proofs=tuple(
                    ServiceProof(m.measure, m.proof_link, m.proof_name, m.proof_sha256 or "")
                    for m in u.service.measures
                    if m.proof_link or m.proof_sha256
                ),
            )
            for u in commons.uses_of(session, product.id)
        ),
        register=tuple(
            register.as_studied(line) for line in register.read_lines(register.rows_of(session, product.id), system)
        ),
    )


def _level(profile: SecurityProfile | None) -> StudiedLevel | None:
    if profile is None:
        return None
    return StudiedLevel(
        level=SecurityLevel(profile.level),
        answers=LevelAnswers(
            DataSensitivity(profile.data),
            DataVolume(profile.volume),
            OutageTolerance(profile.outage),
            Audience(profile.audience),
            Openness(profile.openness),
        ),
        computed=computed_level(profile),
        wanted=SecurityLevel(profile.wanted) if profile.wanted else None,
        why=profile.why,
        wanted_by=profile.wanted_by,
        approved_by=profile.approved_by,
    )


def study_of_version(version: AnalysisVersion) -> Study:
    """The study that a version holds."""
    return from_plain(version.study, Study)


def compare_versions(before: AnalysisVersion, after: AnalysisVersion) -> list[Change]:
    """Part by part; parts that stay the same are left out."""
    return compare_pictures(
        product_file.loads(before.content),
        study_of_version(before),
        product_file.loads(after.content),
        study_of_version(after),
    )


def compare_pictures(old: System, old_study: Study, new: System, new_study: Study) -> list[Change]:
    """Two systems, each with its `study_of`; parts that stay the same are left out."""
    assets = {a.id: a.name for a in (*old.assets, *new.assets)}

    def scenario(line: StudiedScenario) -> str:
        need = f"{catalogue.colon(language())} {word(line.need)}" if line.need else ""
        return line.story or f"{assets.get(line.asset, line.asset)}{need}"

    parts: list[tuple[Any, str, Callable[[Any], object], Callable[[Any], str]]] = [
        (
            _l("Événements redoutés"),
            "feared_events",
            lambda e: e.id or (e.asset, e.description),
            attrgetter("description"),
        ),
        (_l("Parties prenantes"), "stakeholders", attrgetter("name"), attrgetter("name")),
        (
            _l("Sources de risque"),
            "sources",
            attrgetter("kind", "aim", "name"),
            lambda s: f"{word(s.kind)} {s.name}".strip(),
        ),
        (_l("Services communs"), "services", attrgetter("name"), attrgetter("name")),
        (_l("Scénarios et décisions"), "register", attrgetter("key"), scenario),
        (_l("Niveau de sécurité"), "level", lambda _: "", lambda v: word(v.level)),
    ]
    found = comparison.compare_systems(old, new)
    found += [
        comparison.compare_part(part, _rows(getattr(old_study, key)), _rows(getattr(new_study, key)), identity, name)
        for part, key, identity, name in parts
    ]
    return [c for c in found if c.added or c.changed or c.gone]


def _rows(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,) if value else ()
