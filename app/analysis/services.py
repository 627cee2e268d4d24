"""What the product protects and fears, and the one value that the ranking reads."""

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _ln
from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer, selectinload, subqueryload

from app.analysis import register, result_cache, results, versions
from app.analysis.jobs import AssessProduct
from app.analysis.models import AnalysisVersion, EssentialAsset, FearedEvent
from app.analysis.study import profile_of
from app.commons import services as commons
from app.evidence import proofs
from app.identity.models import Person
from app.inventory import services as inventory
from app.inventory.models import Component
from app.journal.actions import Action
from app.journal.services import changes_of, record
from app.mitigations import services as mitigations
from app.packages import matching
from app.platform import clock
from app.platform.database import Database, new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from app.products.services import phase_values, slug_of
from risk_models import catalogue, product_file
from risk_models.assessment import Assessment, Outlook, Stability
from risk_models.plain_values import plain
from risk_models.ranking import assessment_json as assessment_file
from risk_models.scales import Need, RiskLevel, Severity, View
from risk_models.system import Contact, System, extra_of
from risk_models.system import EssentialAsset as AssetValue
from risk_models.system import Product as ProductValue


def assets_of(session: Session, product_id: str) -> Sequence[EssentialAsset]:
    return _assets_of_many(session, [product_id])


def _assets_of_many(session: Session, product_ids: Sequence[str]) -> Sequence[EssentialAsset]:
    return session.scalars(
        select(EssentialAsset)
        .where(EssentialAsset.product_id.in_(product_ids))
        .options(subqueryload(EssentialAsset.lives_in), subqueryload(EssentialAsset.feared_events))
        .order_by(EssentialAsset.name, EssentialAsset.id)
    ).all()


def asset_of(session: Session, product_id: str, ref: str) -> EssentialAsset | None:
    return next((a for a in assets_of(session, product_id) if a.ref == ref), None)


def read_system(session: Session, product: Product) -> System:
    """The product as one immutable value: what is ranked, drawn and frozen.

    It holds the flaws that the feeds know, what each measure's proof is worth, and what common services bring.
    """
    return result_cache.compute_once(session, product, "system", lambda: read_systems(session, [product])[0])


def read_systems(session: Session, found: Sequence[Product]) -> list[System]:
    """Several products (incubators, phases and contacts loaded), in as many queries as one."""
    described = _described(session, found)
    flawed = matching.with_flaws(session, dict(zip((p.id for p in found), described, strict=True)))
    return list(commons.with_inherited(session, proofs.with_proofs(session, flawed)).values())


def described_system(session: Session, product: Product) -> System:
    """The product as its team describes it, without what the feeds add: what its product file holds."""
    return _described(session, [product])[0]


def _described(session: Session, found: Sequence[Product]) -> list[System]:
    ids = [product.id for product in found]
    described = inventory.read_many(session, ids)
    measures = mitigations.measure_values_of_many(session, ids)
    assets: dict[str, list[AssetValue]] = {product_id: [] for product_id in ids}
    for asset in _assets_of_many(session, ids):
        assets[asset.product_id].append(_asset_value(asset))
    return [
        System(
            product=_product_value(product),
            components=described[product.id].component_values(),
            links=described[product.id].link_values(),
            assets=tuple(assets[product.id]),
            measures=tuple(measures[product.id]),
            as_of=clock.today(),
            extra=extra_of(product.file_extra),
        )
        for product in found
    ]


def _product_value(product: Product) -> ProductValue:
    return ProductValue(
        id=product.slug,
        name=product.name,
        incubator=product.incubators[0].slug if product.incubators else None,
        phases=phase_values(product.phases),
        contacts=tuple(
            Contact(c.name, c.role, c.email or None, c.phone or None, c.can_suspend, extra_of(c.extra))
            for c in product.contacts
        ),
        extra=extra_of(product.extra),
    )


def assess_system(system: System, view: View = View.CURRENT) -> Assessment:
    """Raises `StillComputing` for a large product whose result is not there yet."""
    return results.read_assessment(system, view)


is_large = results.is_large


def assess_if_ready(system: System) -> Assessment | None:
    """The same for jobs, which come again: None while a large product's result is being made."""
    try:
        return assess_system(system)
    except results.StillComputing:
        return None


def assess_product(database: Database, task: AssessProduct) -> None:
    """The job that assesses a large product as it is now."""
    with database.reading() as session:
        found = session.scalar(
            select(Product)
            .where(Product.id == task.product_id)
            .options(selectinload(Product.incubators), selectinload(Product.phases), selectinload(Product.contacts))
        )
        system = read_system(session, found) if found else None
    if system is not None and results.is_large(system):
        results.compute_result(database, system, task.product_id)


def read_views(system: System) -> Mapping[View, Outlook]:
    """Without measure, today and once the plan is kept."""
    return results.read_outlooks(system)


def assess_stability(system: System) -> Stability:
    return results.read_stability(system)


def figures_moved() -> int:
    """How many figures the sensitivity analysis moves."""
    return sum(f.low < f.high for f in catalogue.figures().values())


def assessment_json(system: System, language: str) -> dict[str, object]:
    return assessment_file.as_json(
        system, assess_system(system), read_views(system), assess_stability(system), language
    )


def _asset_value(asset: EssentialAsset) -> AssetValue:
    """An asset whose needs are at least as high as the events feared for them."""

    def severity(need: Need, declared: int) -> Severity:
        return Severity(max([declared, *(e.severity for e in asset.feared_events if e.need is need)]))

    return AssetValue(
        id=asset.ref,
        name=asset.name,
        lives_in=tuple(c.ref for c in asset.lives_in),
        confidentiality=severity(Need.CONFIDENTIALITY, asset.confidentiality),
        integrity=severity(Need.INTEGRITY, asset.integrity),
        availability=severity(Need.AVAILABILITY, asset.availability),
        extra=extra_of(asset.extra),
    )


@transaction
def save_asset(
    session: Session, actor: Person, product: Product, asset: EssentialAsset, lives_in: Sequence[str], *, new: bool
) -> None:
    """Adds or changes an essential asset; `lives_in` are refs of components. Raises `Refusal` at the field."""
    with session.no_autoflush:
        others = [a for a in assets_of(session, product.id) if a.id != asset.id]
        if any(a.name == asset.name for a in others):
            raise Refusal(_l("Une autre valeur métier porte déjà ce nom."), "name")
        components = session.scalars(
            select(Component).where(Component.product_id == product.id, Component.ref.in_(lives_in))
        ).all()
        if len(components) != len(set(lives_in)):
            raise Refusal(_l("Un de ces composants n’existe plus. Choisissez-en un autre."), "lives_in")
        if new:
            taken = {"nouvelle", *(a.ref for a in others)}
            base = slug_of(asset.name)
            asset.ref = next(r for r in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if r not in taken)
            asset.product_id = product.id
            session.add(asset)
        asset.lives_in = list(components)
        asset.touched(actor.name)
        action = Action.ADD_ASSET if new else Action.CHANGE_ASSET
        record(session, actor, action, asset.name, product_id=product.id, **changes_of(asset))


@transaction
def remove_asset(session: Session, actor: Person, product: Product, asset: EssentialAsset) -> None:
    record(session, actor, Action.REMOVE_ASSET, asset.name, product_id=product.id)
    session.delete(asset)


@transaction
def save_feared_event(
    session: Session, actor: Person, product: Product, asset: EssentialAsset, event: FearedEvent, *, new: bool
) -> None:
    """Adds or changes a feared event of `asset`. Raises `Refusal` at the field."""
    others = [e for e in asset.feared_events if e.id != event.id]
    if any(e.need is event.need and e.description == event.description for e in others):
        raise Refusal(_l("Cet événement est déjà dans la liste."), "description")
    event.touched(actor.name)
    if new:
        asset.feared_events.append(event)
    action = Action.ADD_FEARED_EVENT if new else Action.CHANGE_FEARED_EVENT
    record(session, actor, action, event.description, product_id=product.id)


@transaction
def remove_feared_event(
    session: Session, actor: Person, product: Product, asset: EssentialAsset, event_id: str
) -> None:
    event = next((e for e in asset.feared_events if e.id == event_id), None)
    if event is None:
        raise Refusal(_l("Cet événement a déjà été retiré."))
    asset.feared_events.remove(event)
    record(session, actor, Action.REMOVE_FEARED_EVENT, event.description, product_id=product.id)


def latest_version(session: Session, product_id: str) -> AnalysisVersion | None:
    return session.scalar(
        select(AnalysisVersion)
        .where(AnalysisVersion.product_id == product_id)
        .order_by(AnalysisVersion.number.desc())
        .limit(1)
    )


def versions_of(session: Session, product_id: str) -> Sequence[AnalysisVersion]:
    """Every frozen version, newest first, without their contents."""
    return session.scalars(
        select(AnalysisVersion)
        .where(AnalysisVersion.product_id == product_id)
        .options(defer(AnalysisVersion.content, raiseload=True), defer(AnalysisVersion.study, raiseload=True))
        .order_by(AnalysisVersion.number.desc())
    ).all()


def version_of(session: Session, product_id: str, number: int) -> AnalysisVersion | None:
    return session.scalar(
        select(AnalysisVersion).where(AnalysisVersion.product_id == product_id, AnalysisVersion.number == number)
    )


@transaction
def finish_analysis(session: Session, actor: Person, product: Product) -> AnalysisVersion:
    """Declares the analysis done and freezes what it looked at and what people wrote. Raises `Refusal` while it is empty."""
    system = read_system(session, product)
    if not system.components:
        raise Refusal(_l("Décrivez d’abord au moins un composant."))
    if not any(asset.lives_in for asset in system.assets):
        raise Refusal(_l("Nommez d’abord au moins une valeur métier, et le composant qui la porte."))
    _finishable(session, product, system)
    last = session.scalar(select(func.max(AnalysisVersion.number)).where(AnalysisVersion.product_id == product.id)) or 0
    content = product_file.dumps(system)
    study = versions.study_of(session, product, system, assets_of(session, product.id))
    known = version_of(session, product.id, last)
    if known and known.done_at.date() == clock.now().date() and (known.content, known.study) == (content, plain(study)):
        return known  # pressed twice
    version = AnalysisVersion(
        product_id=product.id,
        number=last + 1,
        done_at=clock.now(),
        done_by=actor.name,
        content=content,
        study=plain(study),
    )
    session.add(version)
    product.declared_analysis = True
    record(session, actor, Action.FINISH_ANALYSIS, f"version {version.number}", product_id=product.id)
    return version


def _finishable(session: Session, product: Product, system: System) -> None:
    """Raises `Refusal` while the level is not known, or a strong risk has no decision."""
    lacks = [] if profile_of(session, product.id) else [_l("les cinq questions du niveau de sécurité (première étape)")]
    lines = register.read_lines(register.rows_of(session, product.id), system)
    undecided = sum(line.undecided and line.risk is RiskLevel.HIGH for line in lines)
    if undecided:
        lacks.append(
            _ln(
                "une décision sur %(num)d risque fort (étape « Ce qui reste »)",
                "une décision sur %(num)d risques forts (étape « Ce qui reste »)",
                undecided,
            )
        )
    if lacks:
        raise Refusal(_l("Il manque : %(what)s.", what=" ; ".join(str(lack) for lack in lacks)))


def write_assets(session: Session, product_id: str, assets: Sequence[AssetValue], rows: dict[str, Component]) -> None:
    """Makes the assets what a product file says; feared events of those that stay are kept."""
    known = {a.ref: a for a in assets_of(session, product_id)}
    for ref in known.keys() - {value.id for value in assets}:
        session.delete(known.pop(ref))
    for number, asset in enumerate(known.values()):
        asset.name = f"\x1f{number}"  # two assets may exchange their names
    session.flush()
    for value in assets:
        asset = known.get(value.id) or EssentialAsset(id=new_id(), product_id=product_id, ref=value.id)
        asset.name, asset.extra = value.name, product_file.extra_dict(value.extra)
        asset.confidentiality, asset.integrity = value.confidentiality, value.integrity
        asset.availability = value.availability
        asset.lives_in = [rows[c] for c in dict.fromkeys(value.lives_in)]
        session.add(asset)
    session.flush()
