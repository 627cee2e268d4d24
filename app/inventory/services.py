"""Components and links of a product: described, changed, removed; each change in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, Protocol

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, subqueryload

from app.identity.models import Person
from app.inventory.models import Component, Link, Vulnerability
from app.inventory.values import component_value, fill_component
from app.journal.actions import Action
from app.journal.services import changes_of, record
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from app.products.services import slug_of
from risk_models import catalogue, product_file
from risk_models.product_file import component_format
from risk_models.scales import Authentication, ComponentKind, DataKind, Exposure, LinkKind
from risk_models.system import Component as ComponentValue
from risk_models.system import Link as LinkValue
from risk_models.system import extra_of

# Last words of addresses that are pages of their own, which no component may bear as its ref.
RESERVED_REFS = frozenset({"nouveau", "nouvelle", "confirmer", ".", ".."})


class FoundService(Protocol):
    """A service that an SBOM names."""

    @property
    def ref(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def authenticated(self) -> bool | None: ...
    @property
    def data(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Inventory:
    """A product's components and links."""

    components: list[Component]
    links: list[Link]

    def component_values(self) -> tuple[ComponentValue, ...]:
        refs = {c.ref for c in self.components}
        return tuple(component_value(c, refs) for c in self.components)

    def link_values(self) -> tuple[LinkValue, ...]:
        refs = {c.id: c.ref for c in self.components}
        return tuple(
            LinkValue(
                refs[k.source_id],
                refs[k.target_id],
                k.kind,
                k.encrypted,
                Authentication(k.authentication) if k.authentication else None,
                extra_of(k.extra),
            )
            for k in self.links
        )


def read_inventory(session: Session, product_id: str) -> Inventory:
    return read_many(session, [product_id])[product_id]


def read_many(session: Session, product_ids: Sequence[str]) -> dict[str, Inventory]:
    """The inventories of several products, in as many queries as for one."""
    found = {product_id: Inventory([], []) for product_id in product_ids}
    for component in session.scalars(
        select(Component)
        .where(Component.product_id.in_(product_ids))
        .options(subqueryload(Component.vulnerabilities))
        .order_by(Component.name, Component.id)
    ):
        found[component.product_id].components.append(component)
    for link in session.scalars(
        select(Link).where(Link.product_id.in_(product_ids)).order_by(Link.source_id, Link.target_id, Link.kind)
    ):
        found[link.product_id].links.append(link)
    return found


def component_of(session: Session, product_id: str, ref: str) -> Component | None:
    return session.scalar(
        select(Component)
        .where(Component.product_id == product_id, Component.ref == ref)
        .options(subqueryload(Component.vulnerabilities))
    )


@transaction
def save_component(session: Session, actor: Person, product: Product, component: Component, *, new: bool) -> None:
    """Adds or changes a component. Raises `Refusal` at the field when another bears its name."""
    with session.no_autoflush:
        same = session.scalar(
            select(Component.id).where(
                Component.product_id == product.id, Component.name == component.name, Component.id != component.id
            )
        )
        if same:
            raise Refusal(
                _l("Un autre composant porte déjà ce nom. Précisez-le, par exemple « Base des usagers »."), "name"
            )
        if new:
            component.product_id = product.id
            component.ref = _free_ref(session, product.id, slug_of(component.name))
            session.add(component)
        component.confirmed_at = clock.now()
        action = Action.ADD_COMPONENT if new else Action.CHANGE_COMPONENT
        record(session, actor, action, component.name, product_id=product.id, **changes_of(component))


@transaction
def save_versions(
    session: Session, actor: Person, product: Product, typed: Mapping[str, tuple[str, str]]
) -> Sequence[Component]:
    """Changes the versions of several components: by ref, the version that was shown and the one that was typed.

    Gives those that changed. Raises `Refusal`, and changes none, where somebody changed one of them meanwhile.
    """
    wanted = {ref: new for ref, (shown, new) in typed.items() if new != shown}
    found = session.scalars(
        select(Component)
        .where(Component.product_id == product.id, Component.ref.in_(wanted))
        .order_by(Component.name)
        .with_for_update()
    ).all()
    if len(found) != len(wanted):
        raise Refusal(_l("Un de ces composants n’existe plus : rouvrez la page."))
    for component in found:
        if (component.version or "") != typed[component.ref][0]:
            raise Refusal(
                _l(
                    "« %(name)s » est passé entre-temps en version %(version)s : rouvrez la page.",
                    name=component.name,
                    version=component.version or "–",
                )
            )
        component.version, component.confirmed_at = wanted[component.ref], clock.now()
        record(session, actor, Action.CHANGE_COMPONENT, component.name, product_id=product.id, **changes_of(component))
    return found


@transaction
def save_access(session: Session, actor: Person, product: Product, component: Component) -> None:
    """Keeps who signs in to a component, which keys it keeps and gives, whether it still serves."""
    said = changes_of(component)
    record(session, actor, Action.CHANGE_COMPONENT, component.name, product_id=product.id, **said)


def _free_ref(session: Session, product_id: str, wanted: str) -> str:
    taken = RESERVED_REFS | set(session.scalars(select(Component.ref).where(Component.product_id == product_id)))
    number, ref = 2, wanted
    while ref in taken:
        ref, number = f"{wanted}-{number}", number + 1
    return ref


@transaction
def confirm_components(session: Session, actor: Person, product: Product, refs: Sequence[str]) -> int:
    """Notes that these components were read again today and are right; gives how many."""
    found = session.scalars(
        select(Component).where(Component.product_id == product.id, Component.ref.in_(refs)).order_by(Component.name)
    ).all()
    if not found:
        raise Refusal(_l("Cochez au moins un composant."))
    for component in found:
        component.confirmed_at, component.assumed = clock.now(), []
    record(session, actor, Action.CONFIRM_COMPONENTS, ", ".join(c.name for c in found), product_id=product.id)
    return len(found)


@transaction
def remove_component(session: Session, actor: Person, product: Product, component: Component) -> None:
    """Removes a component with its links; assets, measures, secrets and resets that named it no longer do."""
    record(session, actor, Action.REMOVE_COMPONENT, component.name, product_id=product.id)
    inventory = read_inventory(session, product.id)
    kept = {c.ref: c.ref for c in inventory.components if c is not component}
    for row, value in zip(inventory.components, inventory.component_values(), strict=True):
        if row.access:
            row.access = component_format.access_dict(value.naming(kept))
    session.delete(component)


@transaction
def add_vulnerability(
    session: Session, actor: Person, product: Product, component: Component, flaw: Vulnerability
) -> None:
    if any(v.name == flaw.name for v in component.vulnerabilities):
        raise Refusal(_l("Cette faille est déjà dans la liste."), "vulnerability")
    component.vulnerabilities.append(flaw)
    record(session, actor, Action.ADD_VULNERABILITY, f"{flaw.name} – {component.name}", product_id=product.id)


@transaction
def remove_vulnerability(session: Session, actor: Person, product: Product, component: Component, flaw_id: str) -> None:
    flaw = next((v for v in component.vulnerabilities if v.id == flaw_id), None)
    if flaw is None:
        raise Refusal(_l("Cette faille a déjà été retirée."))
    component.vulnerabilities.remove(flaw)
    record(session, actor, Action.REMOVE_VULNERABILITY, f"{flaw.name} – {component.name}", product_id=product.id)


@transaction
def add_link(
    session: Session,
    actor: Person,
    product: Product,
    *,
    source: str,
    target: str,
    kind: LinkKind,
    encrypted: bool | None,
) -> None:
    """Links two components by their refs. Raises `Refusal` for a link to itself, or one already there."""
    inventory = read_inventory(session, product.id)
    by_ref = {c.ref: c for c in inventory.components}
    for field, ref in (("source", source), ("target", target)):
        if ref not in by_ref:
            raise Refusal(_l("Ce composant n’existe plus. Choisissez-en un autre."), field)
    if source == target:
        raise Refusal(_l("Un composant ne peut pas être relié à lui-même. Choisissez un autre composant."), "target")
    ids = (by_ref[source].id, by_ref[target].id, kind)
    if any((k.source_id, k.target_id, k.kind) == ids for k in inventory.links):
        raise Refusal(_l("Ce lien existe déjà."), "kind")
    session.add(Link(product_id=product.id, source_id=ids[0], target_id=ids[1], kind=kind, encrypted=encrypted))
    said = f"{by_ref[source].name} → {by_ref[target].name}"
    record(session, actor, Action.ADD_LINK, said, product_id=product.id, kind=kind.value)


@transaction
def remove_link(session: Session, actor: Person, product: Product, link_id: str) -> None:
    link = session.scalar(select(Link).where(Link.id == link_id, Link.product_id == product.id))
    if link is None:
        raise Refusal(_l("Ce lien a déjà été retiré."))
    names = {c.id: c.name for c in read_inventory(session, product.id).components}
    said = f"{names[link.source_id]} → {names[link.target_id]}"
    record(session, actor, Action.REMOVE_LINK, said, product_id=product.id, kind=link.kind.value)
    session.delete(link)


def add_assumed(session: Session, product: Product, *, name: str, **values: Any) -> Component:
    """A component that nobody has described yet: where it runs is still to confirm."""
    row = Component(
        id=new_id(),
        product_id=product.id,
        ref=_free_ref(session, product.id, slug_of(name)),
        name=name[:200],
        patched_by=derived_patcher(values["hosting"]),
        assumed=["hosting", "exposure", "patched_by"],
        **values,
    )
    session.add(row)
    session.flush()
    return row


def add_services(
    session: Session,
    product: Product,
    beside: Component,
    services: Sequence[FoundService],
    links: Sequence[tuple[str, str]],
) -> int:
    """Services that an SBOM names become components; gives how many are new.

    Those already there keep what people wrote; what the SBOM does not say is marked as assumed.
    """
    inventory = read_inventory(session, product.id)
    by_name = {c.name.lower(): c for c in inventory.components}
    refs = RESERVED_REFS | {c.ref for c in inventory.components}
    rows: dict[str, Component] = {}
    added = 0
    for service in services:
        row = by_name.get(service.name.lower())
        if row is None:
            row = by_name[service.name.lower()] = _service_row(product.id, service, refs)
            refs |= {row.ref}
            session.add(row)
            added += 1
        rows[service.ref] = row
    session.flush()
    known = {(k.source_id, k.target_id) for k in inventory.links}
    wanted = [(rows[a].id, rows[b].id) for a, b in links if a in rows and b in rows]
    for source, target in dict.fromkeys(wanted):
        if source != target and (source, target) not in known:
            session.add(Link(product_id=product.id, source_id=source, target_id=target, kind=LinkKind.CALLS))
    return added


# Words of CycloneDX's data classifications that name what Jalon calls personal, sensitive or secret data.
_CLASSES = (
    ("pii", DataKind.PERSONAL),
    ("personal", DataKind.PERSONAL),
    ("sensitive", DataKind.SENSITIVE),
    ("phi", DataKind.SENSITIVE),
    ("confidential", DataKind.SENSITIVE),
    ("secret", DataKind.SECRET),
)


def _service_row(product_id: str, service: FoundService, taken: Collection[str]) -> Component:
    hosting, exposure = catalogue.defaults_by_kind()[ComponentKind.EXTERNAL_API]
    assumed = ["hosting", "patched_by"]
    if service.authenticated is None:
        assumed.append("exposure")
    elif service.authenticated:
        exposure = Exposure.AUTHENTICATED
    data = [kind for word, kind in _CLASSES if any(word in said.lower() for said in service.data)]
    wanted = slug_of(service.name)
    ref = next(r for r in chain([wanted], (f"{wanted}-{n}" for n in count(2))) if r not in taken)
    return Component(
        id=new_id(),
        product_id=product_id,
        ref=ref,
        name=service.name,
        kind=ComponentKind.EXTERNAL_API,
        hosting=hosting,
        exposure=exposure,
        patched_by=derived_patcher(hosting),
        supplier=service.provider,
        data=list(dict.fromkeys(data)),
        assumed=assumed,
    )


def write_inventory(
    session: Session, product_id: str, components: Sequence[ComponentValue], links: Sequence[LinkValue]
) -> dict[str, Component]:
    """Makes the inventory what a product file says; rows that stay keep their identity.

    Gives the rows by ref.
    """
    known = read_inventory(session, product_id)
    rows = {c.ref: c for c in known.components}
    for gone in known.links:
        session.delete(gone)
    session.flush()  # before the components, which would take them along
    for ref in rows.keys() - {value.id for value in components}:
        session.delete(rows.pop(ref))
    session.flush()
    for number, value in enumerate(components):
        if value.id in rows:
            rows[value.id].name = f"\x1f{number}"  # two components may exchange their names
    session.flush()
    for value in components:
        row = rows.setdefault(value.id, Component(id=new_id(), product_id=product_id, ref=value.id, vulnerabilities=[]))
        fill_component(row, value)
        session.add(row)
    session.flush()
    for link in {(k.source, k.target, k.kind): k for k in links}.values():
        session.add(
            Link(
                product_id=product_id,
                source_id=rows[link.source].id,
                target_id=rows[link.target].id,
                kind=link.kind,
                encrypted=link.encrypted,
                authentication=link.authentication and link.authentication.value,
                extra=product_file.extra_dict(link.extra),
            )
        )
    return rows


derived_patcher = product_file.derived_patcher
