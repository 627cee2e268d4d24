"""Components and links of a product: described, changed, removed; each change in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.identity.models import Person
from app.inventory.models import Component, Link, Vulnerability
from app.journal.services import record
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.products.models import Product
from app.products.services import slug_of
from risk_models import catalogue, product_file
from risk_models.catalogue import UsualComponent
from risk_models.scales import Authentication, DataKind, LinkKind
from risk_models.system import Component as ComponentValue
from risk_models.system import EndOfLife
from risk_models.system import Link as LinkValue
from risk_models.system import Vulnerability as VulnerabilityValue


@dataclass(frozen=True, slots=True)
class Inventory:
    """A product's components and links."""

    components: Sequence[Component]
    links: Sequence[Link]

    def component_values(self) -> tuple[ComponentValue, ...]:
        return tuple(_component_value(c) for c in self.components)

    def link_values(self) -> tuple[LinkValue, ...]:
        refs = {c.id: c.ref for c in self.components}
        return tuple(
            LinkValue(
                refs[k.source_id],
                refs[k.target_id],
                k.kind,
                k.encrypted,
                Authentication(k.authentication) if k.authentication else None,
            )
            for k in self.links
        )


def usual(name: str) -> UsualComponent | None:
    """What the catalogue knows of a component called so."""
    return catalogue.usual_components().get(name.strip().lower())


def read(session: Session, product_id: str) -> Inventory:
    components = session.scalars(
        select(Component)
        .where(Component.product_id == product_id)
        .options(selectinload(Component.vulnerabilities))
        .order_by(Component.name, Component.id)
    ).all()
    links = session.scalars(
        select(Link).where(Link.product_id == product_id).order_by(Link.source_id, Link.target_id, Link.kind)
    ).all()
    return Inventory(components, links)


def component_of(session: Session, product_id: str, ref: str) -> Component | None:
    return session.scalar(
        select(Component)
        .where(Component.product_id == product_id, Component.ref == ref)
        .options(selectinload(Component.vulnerabilities))
    )


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
    action = "add_component" if new else "change_component"
    record(session, actor, action, component.name, product_id=product.id)
    session.commit()


def _free_ref(session: Session, product_id: str, wanted: str) -> str:
    taken = set(session.scalars(select(Component.ref).where(Component.product_id == product_id)))
    number, ref = 2, wanted
    while ref in taken:
        ref, number = f"{wanted}-{number}", number + 1
    return ref


def remove_component(session: Session, actor: Person, product: Product, component: Component) -> None:
    """Removes a component with its links; assets and measures that named it no longer do."""
    record(session, actor, "remove_component", component.name, product_id=product.id)
    session.delete(component)
    session.commit()


def add_vulnerability(
    session: Session, actor: Person, product: Product, component: Component, flaw: Vulnerability
) -> None:
    if any(v.name == flaw.name for v in component.vulnerabilities):
        raise Refusal(_l("Cette faille est déjà dans la liste."), "vulnerability")
    component.vulnerabilities.append(flaw)
    record(session, actor, "add_vulnerability", f"{flaw.name} – {component.name}", product_id=product.id)
    session.commit()


def remove_vulnerability(session: Session, actor: Person, product: Product, component: Component, flaw_id: str) -> None:
    flaw = next((v for v in component.vulnerabilities if v.id == flaw_id), None)
    if flaw is None:
        raise Refusal(_l("Cette faille a déjà été retirée."))
    component.vulnerabilities.remove(flaw)
    record(session, actor, "remove_vulnerability", f"{flaw.name} – {component.name}", product_id=product.id)
    session.commit()


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
    inventory = read(session, product.id)
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
    record(session, actor, "add_link", f"{source} {kind} {target}", product_id=product.id)
    session.commit()


def remove_link(session: Session, actor: Person, product: Product, link_id: str) -> None:
    link = session.scalar(select(Link).where(Link.id == link_id, Link.product_id == product.id))
    if link is None:
        raise Refusal(_l("Ce lien a déjà été retiré."))
    record(session, actor, "remove_link", f"{link.kind}", product_id=product.id)
    session.delete(link)
    session.commit()


def write_values(
    session: Session, product_id: str, components: Sequence[ComponentValue], links: Sequence[LinkValue]
) -> dict[str, Component]:
    """Adds the components and links of a product file to an empty inventory, in the caller's transaction."""
    rows = {value.id: _component_row(product_id, value) for value in components}
    session.add_all(rows.values())
    session.flush()
    for link in links:
        session.add(
            Link(
                product_id=product_id,
                source_id=rows[link.source].id,
                target_id=rows[link.target].id,
                kind=link.kind,
                encrypted=link.encrypted,
                authentication=link.authentication and link.authentication.value,
            )
        )
    return rows


def _component_row(product_id: str, value: ComponentValue) -> Component:
    row = Component(
        id=new_id(),
        product_id=product_id,
        ref=value.id,
        name=value.name,
        kind=value.kind,
        hosting=value.hosting,
        exposure=value.exposure,
        patched_by=value.patched_by,
        supplier=value.supplier or "",
        version=value.version or "",
        purl=value.purl or "",
        cpe=value.cpe or "",
        sbom=value.sbom or "",
        location=value.location,
        data=[d.value for d in value.data],
        confirmed_at=clock.now(),
    )
    if value.eol:
        row.eol_product, row.eol_cycle = value.eol.product or "", value.eol.cycle or ""
        row.eol_date = value.eol.date
    row.vulnerabilities = [
        Vulnerability(name=v.id, cvss=v.cvss, epss=v.epss, kev=v.kev, published=v.published, fixed_in=v.fixed_in or "")
        for v in value.vulnerabilities
    ]
    return row


def _component_value(c: Component) -> ComponentValue:
    return ComponentValue(
        id=c.ref,
        name=c.name,
        kind=c.kind,
        hosting=c.hosting,
        exposure=c.exposure,
        patched_by=c.patched_by,
        supplier=c.supplier or None,
        version=c.version or None,
        purl=c.purl or None,
        cpe=c.cpe or None,
        eol=EndOfLife(c.eol_product or None, c.eol_cycle or None, c.eol_date) if c.eol_product or c.eol_date else None,
        sbom=c.sbom or None,
        data=tuple(DataKind(d) for d in c.data or ()),
        location=c.location,
        vulnerabilities=tuple(
            VulnerabilityValue(v.name, v.cvss, v.epss, v.kev, v.published, v.fixed_in or None)
            for v in c.vulnerabilities
        ),
    )


derived_patcher = product_file.derived_patcher
