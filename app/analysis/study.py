"""The study's own rows: the security level, the ecosystem, the risk sources; each change journalled, none lost."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.analysis.models import AnalysisVersion
from app.analysis.study_models import RiskSource, SecurityProfile, Stakeholder
from app.identity.kinds import Role
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.editing import Overtaken
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Incubator, Product
from risk_models.rules.proportionality import Needs
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


def level_given(
    session: Session, actor: Person, product: Product, profile: SecurityProfile | None, needs: Needs
) -> SecurityLevel:
    """The level in force once `actor` saves these answers; writes nothing.

    It follows them up, and down as long as no analysis rests on it or as far as the answers of the same person raised it.
    A level that somebody wanted above the answers stays; lowering it is `want_level`, or `put_back_level`.
    """
    if profile is None or needs.level > profile.level:
        return needs.level
    wanted = profile.wanted_by and not profile.approved_by
    put_back = may_put_back(actor, profile) and needs.level >= profile.before_raise["level"]
    if not wanted and (put_back or not _analysed(session, product)):
        return needs.level
    return SecurityLevel(profile.level)


@transaction
def answer_level(
    session: Session, actor: Person, product: Product, profile: SecurityProfile | None, needs: Needs
) -> SecurityLevel:
    """Keeps the five answers and the level that they give (`level_given`)."""
    given = level_given(session, actor, product, profile, needs)
    if profile is None:
        profile = SecurityProfile(product_id=product.id, level=int(given))
    _note_raise(actor, profile, given)
    for name, value in asdict(needs).items():
        setattr(profile, name, int(value))
    if given != profile.level:
        profile.level = int(given)
        profile.wanted, profile.why, profile.wanted_by = None, "", ""
        profile.approved_by, profile.approved_at = "", None
    profile.touched(actor.name)
    session.add(profile)
    record(
        session,
        actor,
        Action.SECURITY_NEEDS,
        needs.level.name,
        product_id=product.id,
        data=profile.data,
        volume=profile.volume,
        outage=profile.outage,
        audience=profile.audience,
        openness=profile.openness,
        level=profile.level,
    )
    return SecurityLevel(profile.level)


# What raising a level changes of a profile, and putting it back restores.
_RAISED = ("data", "volume", "outage", "audience", "openness", "level", "wanted", "why", "wanted_by", "approved_by")


def _note_raise(actor: Person, profile: SecurityProfile, given: SecurityLevel) -> None:
    """Keeps what `actor` raises the level from, the first of several times; forgets it once the level is there again."""
    if may_put_back(actor, profile):
        if given <= profile.before_raise["level"]:
            profile.before_raise = None
    elif given > profile.level:
        at = profile.approved_at.isoformat() if profile.approved_at else None
        profile.before_raise = {name: getattr(profile, name) for name in _RAISED} | {
            "approved_at": at,
            "raised_by": actor.id,
        }


def may_put_back(person: Person, profile: SecurityProfile) -> bool:
    """Whether `person` raised the level, and nothing was decided on it since."""
    return profile.before_raise is not None and profile.before_raise["raised_by"] == person.id


def level_decided_on(session: Session, product_id: str) -> None:
    """A decision leans on the level: who raised it no longer puts it back alone."""
    profile = profile_of(session, product_id)
    if profile is not None:
        profile.before_raise = None


@transaction
def put_back_level(session: Session, actor: Person, product: Product, *, revision: str) -> SecurityLevel:
    """The level and the answers as they were before `actor` raised it. Raises `Refusal`, `Overtaken` too."""
    profile = session.scalar(select(SecurityProfile).where(SecurityProfile.product_id == product.id).with_for_update())
    if profile is None or not may_put_back(actor, profile):
        raise Refusal(
            _l(
                "Seule la personne qui a relevé ce niveau peut le remettre, et tant qu’aucune décision ne s’appuie dessus."
            )
        )
    if revision != str(profile.revision):
        raise Overtaken
    before = profile.before_raise
    for name in _RAISED:
        setattr(profile, name, before[name])
    profile.approved_at = datetime.fromisoformat(before["approved_at"]) if before["approved_at"] else None
    profile.before_raise = None
    profile.touched(actor.name)
    record(session, actor, Action.PUT_BACK_LEVEL, SecurityLevel(profile.level).name, product_id=product.id)
    return SecurityLevel(profile.level)


def _analysed(session: Session, product: Product) -> bool:
    return (
        session.scalar(select(AnalysisVersion.id).where(AnalysisVersion.product_id == product.id).limit(1)) is not None
    )


@transaction
def want_level(
    session: Session, actor: Person, product: Product, wanted: SecurityLevel, why: str, *, revision: str
) -> bool:
    """Raises the level at once, or asks for a lower one that a reviewer must agree with; whether it is in force.

    Raises `Refusal`, `Overtaken` where the profile is no longer of that revision.
    """
    profile = session.scalar(select(SecurityProfile).where(SecurityProfile.product_id == product.id).with_for_update())
    if profile is None:
        raise Refusal(_l("Répondez d’abord aux cinq questions."))
    if revision != str(profile.revision):
        raise Overtaken
    lower = wanted < profile.level
    if lower and not why:
        raise Refusal(
            _l("Dites pourquoi un niveau plus bas suffit : une personne chargée d’avis doit en convenir."), "why"
        )
    before = SecurityLevel(profile.level)
    _note_raise(actor, profile, SecurityLevel(profile.level) if lower else wanted)
    profile.wanted = int(wanted) if lower else None
    profile.level = profile.level if lower else int(wanted)
    profile.why, profile.wanted_by = why, actor.name
    profile.approved_by, profile.approved_at = "", None
    profile.touched(actor.name)
    record(session, actor, Action.WANT_LEVEL, wanted.name, product_id=product.id, before=before.name, why=why)
    return not lower


@transaction
def approve_level(session: Session, actor: Person, product: Product, *, wanted: int, revision: str) -> None:
    """A reviewer agrees with the lower level that was asked for, on the answers and reason shown. Raises `Refusal`."""
    profile = session.scalar(select(SecurityProfile).where(SecurityProfile.product_id == product.id).with_for_update())
    if profile is not None and profile.wanted is not None and str(profile.revision) != revision:
        raise Refusal(_l("La demande a changé depuis que vous l’avez lue. Relisez-la avant d’en convenir."))
    if profile is None or profile.wanted is None or profile.wanted != wanted:
        raise Refusal(_l("Aucun niveau plus bas n’attend votre accord."))
    if profile.wanted_by == actor.name:
        raise Refusal(_l("Une autre personne que celle qui le demande doit en convenir."))
    profile.level, profile.wanted, profile.before_raise = profile.wanted, None, None
    profile.approved_by, profile.approved_at = actor.name, clock.now()
    record(
        session, actor, Action.APPROVE_LEVEL, SecurityLevel(profile.level).name, product_id=product.id, why=profile.why
    )


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


@transaction
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
        Action.SAVE_STAKEHOLDER,
        row.name,
        product_id=product.id,
        threat=round(row.threat, 2),
        zone=row.zone.value,
    )


def _not_too_many(others: Sequence[object]) -> None:
    if len(others) >= _MOST_ROWS:
        raise Refusal(_l("300 lignes au plus. Regroupez celles qui se ressemblent."))


def sources_of(session: Session, product_id: str) -> list[RiskSource]:
    """Who could attack: those kept first, most relevant first."""
    rows = session.scalars(select(RiskSource).where(RiskSource.product_id == product_id)).all()
    return sorted(rows, key=lambda s: (not s.kept, -s.relevance, s.kind, s.aim, s.name.lower()))


@transaction
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
        Action.SAVE_SOURCE,
        row.name,
        product_id=product.id,
        kind=row.kind.value,
        aim=row.aim.value,
        kept=row.kept,
    )


@transaction
def remove_stakeholder(session: Session, actor: Person, product: Product, row: Stakeholder) -> None:
    record(session, actor, Action.REMOVE_STAKEHOLDER, row.name, product_id=product.id)
    session.delete(row)


@transaction
def remove_source(session: Session, actor: Person, product: Product, row: RiskSource) -> None:
    record(session, actor, Action.REMOVE_RISK_SOURCE, row.name, product_id=product.id, kind=row.kind.value)
    session.delete(row)
