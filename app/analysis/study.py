"""The study's own rows: the security level, the ecosystem, the risk sources; each change journalled, none lost."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.analysis.guide import computed_level
from app.analysis.models import AnalysisVersion
from app.analysis.study_models import RiskSource, SecurityProfile, Stakeholder
from app.identity.models import Person, Role
from app.journal.services import record
from app.platform import clock
from app.platform.refusals import Refusal
from app.products.models import Incubator, Product
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
    """Keeps the five answers; the level follows them up, and down only as long as no analysis rests on it.

    A level that somebody raised above the answers stays; lowering it is `want_level`.
    """
    computed = computed_level(profile)
    raised = profile.level is not None and profile.wanted_by and not profile.approved_by
    first = profile.level is None
    profile.product_id = product.id
    if first or computed > profile.level or (not raised and not _analysed(session, product)):
        profile.level = int(computed)
        profile.wanted, profile.why, profile.wanted_by = None, "", ""
        profile.approved_by, profile.approved_at = "", None
    profile.touched(actor.name)
    session.add(profile)
    record(
        session, actor, "security_needs", computed.name, product_id=product.id, data=profile.data, volume=profile.volume,
        outage=profile.outage, audience=profile.audience, openness=profile.openness, level=profile.level,
    )  # fmt: skip
    session.commit()
    return SecurityLevel(profile.level)


def _analysed(session: Session, product: Product) -> bool:
    return (
        session.scalar(select(AnalysisVersion.id).where(AnalysisVersion.product_id == product.id).limit(1)) is not None
    )


def want_level(session: Session, actor: Person, product: Product, wanted: SecurityLevel, why: str) -> bool:
    """Raises the level at once, or asks for a lower one that a reviewer must agree with; whether it is in force."""
    profile = session.scalar(select(SecurityProfile).where(SecurityProfile.product_id == product.id).with_for_update())
    if profile is None:
        raise Refusal(_l("Répondez d’abord aux cinq questions."))
    lower = wanted < profile.level
    if lower and not why:
        raise Refusal(
            _l("Dites pourquoi un niveau plus bas suffit : une personne chargée d’avis doit en convenir."), "why"
        )
    before = SecurityLevel(profile.level)
    profile.wanted = int(wanted) if lower else None
    profile.level = profile.level if lower else int(wanted)
    profile.why, profile.wanted_by = why, actor.name
    profile.approved_by, profile.approved_at = "", None
    profile.touched(actor.name)
    record(session, actor, "want_level", wanted.name, product_id=product.id, before=before.name, why=why)
    session.commit()
    return not lower


def approve_level(session: Session, actor: Person, product: Product, *, wanted: int, revision: str) -> None:
    """A reviewer agrees with the lower level that was asked for, on the answers and reason shown. Raises `Refusal`."""
    profile = session.scalar(select(SecurityProfile).where(SecurityProfile.product_id == product.id).with_for_update())
    if profile is not None and profile.wanted is not None and str(profile.revision) != revision:
        raise Refusal(_l("La demande a changé depuis que vous l’avez lue. Relisez-la avant d’en convenir."))
    if profile is None or profile.wanted is None or profile.wanted != wanted:
        raise Refusal(_l("Aucun niveau plus bas n’attend votre accord."))
    if profile.wanted_by == actor.name:
        raise Refusal(_l("Une autre personne que celle qui le demande doit en convenir."))
    profile.level, profile.wanted = profile.wanted, None
    profile.approved_by, profile.approved_at = actor.name, clock.now()
    record(session, actor, "approve_level", SecurityLevel(profile.level).name, product_id=product.id, why=profile.why)
    session.commit()


def levels_to_approve(session: Session, person: Person) -> Sequence[tuple[SecurityProfile, Product]]:
    """Lower levels that wait for this reviewer's agreement."""
    reviewed = [g for g in person.grants if g.role is Role.REVIEWER]
    if not reviewed:
        return []
    statement = (
        select(SecurityProfile, Product)
        .join(Product, Product.id == SecurityProfile.product_id)
        .where(SecurityProfile.wanted.is_not(None))
        .order_by(Product.name)
    )
    if not any(g.product_id is None and g.incubator_id is None for g in reviewed):
        products = [g.product_id for g in reviewed if g.product_id]
        incubators = [g.incubator_id for g in reviewed if g.incubator_id]
        within = Product.incubators.any(Incubator.id.in_(incubators))
        statement = statement.where(or_(Product.id.in_(products), within))
    return [(profile, product) for profile, product in session.execute(statement)]


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
    record(session, actor, f"remove_{row.__tablename__}", row.name or row.kind.value, product_id=product.id)
    session.delete(row)
    session.commit()
