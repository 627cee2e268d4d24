"""The study's own rows: the security level, the ecosystem, the risk sources; each change journalled, none lost."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.guide import computed_level
from app.analysis.study_models import RiskSource, SecurityProfile, Stakeholder
from app.identity.models import Person
from app.journal.services import record
from app.platform import clock
from app.platform.refusals import Refusal
from app.products.models import Product
from risk_models.proportionality import Needs
from risk_models.scales import Audience, DataSensitivity, DataVolume, Openness, OutageTolerance, SecurityLevel

_MOST_ROWS = 300


def profile_of(session: Session, product_id: str) -> SecurityProfile | None:
    return session.get(SecurityProfile, product_id)


def needs_of(profile: SecurityProfile) -> Needs:
    return Needs(
        DataSensitivity(profile.data),
        DataVolume(profile.volume),
        OutageTolerance(profile.outage),
        Audience(profile.audience),
        Openness(profile.openness),
    )


def answer(session: Session, actor: Person, product: Product, profile: SecurityProfile) -> SecurityLevel:
    """Keeps the five answers; a level that was set otherwise is looked at again when the answers change."""
    profile.product_id = product.id
    profile.wanted, profile.why, profile.wanted_by = None, "", ""
    profile.approved_by, profile.approved_at = "", None
    profile.touched(actor.name)
    session.add(profile)
    level = computed_level(profile)
    record(
        session, actor, "security_needs", level.name, product_id=product.id, data=profile.data, volume=profile.volume,
        outage=profile.outage, audience=profile.audience, openness=profile.openness,
    )  # fmt: skip
    session.commit()
    return level


def want_level(session: Session, actor: Person, product: Product, wanted: SecurityLevel, why: str) -> bool:
    """Raises the level at once, or asks for a lower one that a reviewer must agree with; whether it is in force."""
    profile = profile_of(session, product.id)
    if profile is None:
        raise Refusal(_l("Répondez d’abord aux cinq questions."))
    computed = computed_level(profile)
    if wanted < computed and not why:
        raise Refusal(
            _l("Dites pourquoi un niveau plus bas suffit : une personne chargée d’avis doit en convenir."), "why"
        )
    profile.wanted = None if wanted is computed else int(wanted)
    profile.why, profile.wanted_by = why, actor.name
    profile.approved_by, profile.approved_at = "", None
    profile.touched(actor.name)
    record(session, actor, "want_level", wanted.name, product_id=product.id, computed=computed.name, why=why)
    session.commit()
    return wanted >= computed


def approve_level(session: Session, actor: Person, product: Product, *, wanted: int) -> None:
    """A reviewer agrees with the lower level that was asked for, the one shown. Raises `Refusal`."""
    profile = profile_of(session, product.id)
    if profile is None or profile.wanted is None or profile.wanted != wanted or profile.approved_by:
        raise Refusal(_l("Aucun niveau plus bas n’attend votre accord."))
    if profile.wanted_by == actor.name:
        raise Refusal(_l("Une autre personne que celle qui le demande doit en convenir."))
    profile.approved_by, profile.approved_at = actor.name, clock.now()
    record(session, actor, "approve_level", SecurityLevel(profile.wanted).name, product_id=product.id, why=profile.why)
    session.commit()


def stakeholders_of(session: Session, product_id: str) -> list[Stakeholder]:
    """The ecosystem, most threatening first."""
    rows = session.scalars(select(Stakeholder).where(Stakeholder.product_id == product_id)).all()
    return sorted(rows, key=lambda s: (-s.threat, s.name.lower()))


def save_stakeholder(session: Session, actor: Person, product: Product, row: Stakeholder, *, new: bool) -> None:
    with session.no_autoflush:
        others = [s for s in stakeholders_of(session, product.id) if s.id != row.id]
        if any(s.name.lower() == row.name.lower() for s in others):
            raise Refusal(_l("Cette partie prenante est déjà dans la liste."), "name")
        _not_too_many(others)
        row.touched(actor.name)
        if new:
            row.product_id = product.id
            session.add(row)
    record(
        session,
        actor,
        "save_stakeholder",
        row.name,
        product_id=product.id,
        threat=round(row.threat, 2),
        zone=row.zone.value,
    )
    session.commit()


def _not_too_many(others: Sequence[object]) -> None:
    if len(others) >= _MOST_ROWS:
        raise Refusal(_l("300 lignes au plus. Regroupez celles qui se ressemblent."))


def sources_of(session: Session, product_id: str) -> list[RiskSource]:
    """Who could attack: those kept first, most relevant first."""
    rows = session.scalars(select(RiskSource).where(RiskSource.product_id == product_id)).all()
    return sorted(rows, key=lambda s: (not s.kept, -s.relevance, s.kind, s.aim, s.name.lower()))


def save_source(session: Session, actor: Person, product: Product, row: RiskSource, *, new: bool) -> None:
    if not row.kept and not row.why:
        raise Refusal(_l("Dites pourquoi vous l’écartez : le dossier garde cette raison."), "why")
    with session.no_autoflush:
        others = [s for s in sources_of(session, product.id) if s.id != row.id]
        if any((s.kind, s.aim, s.name.lower()) == (row.kind, row.aim, row.name.lower()) for s in others):
            raise Refusal(
                _l("Ce couple est déjà dans la liste. Modifiez-le, ou nommez plus précisément la source."), "aim"
            )
        _not_too_many(others)
        row.touched(actor.name)
        if new:
            row.product_id = product.id
            session.add(row)
    record(
        session,
        actor,
        "save_source",
        f"{row.kind.value} {row.name}".strip(),
        product_id=product.id,
        aim=row.aim.value,
        kept=row.kept,
    )
    session.commit()


def remove(session: Session, actor: Person, product: Product, row: Stakeholder | RiskSource) -> None:
    record(session, actor, f"remove_{row.__tablename__}", row.name or row.id, product_id=product.id)
    session.delete(row)
    session.commit()
