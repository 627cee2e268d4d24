"""How complete and how fresh an inventory is: what is missing, of which component, and who could tell."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _l

from app.inventory.models import Component, Link
from app.platform import clock
from risk_models.scales import VERSIONLESS, ComponentKind, Hosting

FRESH = timedelta(days=180)

_APPLICATIONS = frozenset({ComponentKind.WEB, ComponentKind.API, ComponentKind.WORKER, ComponentKind.CMS})
_STORES = frozenset({ComponentKind.DATABASE, ComponentKind.STORAGE, ComponentKind.SEARCH, ComponentKind.BI})
_WITHOUT_VERSION = VERSIONLESS | {ComponentKind.NETWORK}

MISSING: dict[str, object] = {
    "version": _l("sa version"),
    "identifier": _l("son identifiant (purl ou CPE)"),
    "supplier": _l("son fournisseur"),
    "data": _l("les données qu’il détient"),
    "packages": _l("la liste de ce qu’il embarque"),
    "emergency": _l("qui appeler en urgence"),
    "links": _l("ses liens"),
    "confirmed": _l("une relecture de moins de six mois"),
    "assumed": _l("une confirmation de ce qui est supposé"),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """What a component's description lacks; `ask` is who answers for it, empty when nobody does."""

    component: Component
    missing: tuple[str, ...]

    @property
    def ask(self) -> str:
        return self.component.owner or self.component.emergency


@dataclass(frozen=True, slots=True)
class Completeness:
    """`score`: share of the facts wanted that are there, from 0 to 1; 1 where nothing is wanted."""

    score: float
    gaps: tuple[Gap, ...]


def to_confirm(component: Component) -> bool:
    """Whether nobody said where it runs or who reaches it."""
    return not {"hosting", "exposure"}.isdisjoint(component.assumed)


def measure_completeness(
    components: Sequence[Component], links: Sequence[Link], with_packages: Collection[str]
) -> Completeness:
    """`with_packages`: ids of the components whose SBOM is known."""
    linked = Counter(i for k in links for i in (k.source_id, k.target_id))
    wanted = found = 0
    gaps = []
    for component in components:
        facts = _facts(component, linked=len(components) == 1 or bool(linked[component.id]), packages=with_packages)
        wanted += len(facts)
        found += sum(facts.values())
        missing = tuple(name for name, there in facts.items() if not there)
        if missing:
            gaps.append(Gap(component, missing))
    gaps.sort(key=lambda gap: (-len(gap.missing), gap.component.name))
    return Completeness(found / wanted if wanted else 1.0, tuple(gaps))


def _facts(c: Component, *, linked: bool, packages: Collection[str]) -> dict[str, bool]:
    """The facts wanted of a component of this kind and hosting, and whether each is there."""
    facts = {
        "confirmed": c.confirmed_at is not None and c.confirmed_at > clock.now() - FRESH,
        "assumed": not to_confirm(c),
        "links": linked,
        "emergency": bool(c.emergency or c.owner),
    }
    if c.hosting is Hosting.SAAS:
        facts["supplier"] = bool(c.supplier)
    elif c.kind not in _WITHOUT_VERSION:
        facts["version"] = bool(c.version)
        facts["identifier"] = bool(c.purl or c.cpe or c.eol_product)
    if c.kind in _STORES:
        facts["data"] = bool(c.data)
    if c.kind in _APPLICATIONS and c.hosting is not Hosting.SAAS:
        facts["packages"] = c.id in packages
    return facts
