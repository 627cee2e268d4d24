"""CycloneDX 1.6 out of Jalon: the inventory with its services, and what people say of flaws (VEX)."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.inventory import services as inventory
from app.inventory.models import Component
from app.packages.kinds import COMPONENT, JUDGED_BY, STATE, UNTIL, FlawState
from app.packages.matching import Match, matches_of
from app.packages.models import Package, PackageUse, PackageVersion, Sbom
from app.packages.ways import graphs_of
from app.platform import clock
from app.products.models import Product
from risk_models.exposure.package_names import full_purl, plain_name
from risk_models.scales import ComponentKind, Exposure, Hosting

_TYPES = {
    ComponentKind.LIBRARY: "library",
    ComponentKind.PACKAGE_SET: "library",
    ComponentKind.HOST: "platform",
    ComponentKind.WORKSTATION: "device",
    ComponentKind.NETWORK: "device",
    ComponentKind.AI_SERVICE: "machine-learning-model",
}
# CycloneDX has no word for a risk accepted until a date: it is exploitable and will not be fixed.
_STATES = {
    FlawState.IN_TRIAGE: "in_triage",
    FlawState.EXPLOITABLE: "exploitable",
    FlawState.NOT_AFFECTED: "not_affected",
    FlawState.RESOLVED: "resolved",
    FlawState.ACCEPTED: "exploitable",
}


def inventory_bom(session: Session, product: Product) -> bytes:
    """Components with the packages they carry, online services, and who depends on whom, packages among them."""
    found = inventory.read_inventory(session, product.id)
    packages = _packages(session, product.id)
    services = [c for c in found.components if c.hosting is Hosting.SAAS]
    others = [c for c in found.components if c.hosting is not Hosting.SAAS]
    graphs = graphs_of(session, packages.keys() & {c.id for c in others})
    refs = {c.id: c.ref for c in found.components}
    depends: dict[str, list[str]] = defaultdict(list)
    for link in found.links:
        depends[refs[link.source_id]].append(refs[link.target_id])
    for component_id, graph in graphs.items():
        ref, inside = refs[component_id], packages[component_id]
        depends[ref] += [_package_ref(ref, inside[one]) for one in graph.imports]
        for source, target in graph.edges:
            depends[_package_ref(ref, inside[source])].append(_package_ref(ref, inside[target]))
    return _bom(
        product,
        components=[_component(c, packages.get(c.id, {}).values()) for c in others],
        services=[_service(c) for c in services],
        dependencies=[
            {"ref": ref, "dependsOn": sorted(set(depends[ref]))} for ref in sorted({*refs.values(), *depends})
        ],
    )


class _Package(NamedTuple):
    """A package, its version, and the source that it is built from where that is another."""

    name: str
    version: str
    source: str
    source_version: str
    development: bool

    @property
    def purl(self) -> str:
        whole = full_purl(self.name, self.version)
        if not self.source:
            return whole
        upstream = quote("@".join(filter(None, (plain_name(self.source), self.source_version))), safe="%.-_~")
        return f"{whole}{'&' if '?' in whole else '?'}upstream={upstream}"


def _package_ref(component_ref: str, package: _Package) -> str:
    return f"{component_ref}/{full_purl(package.name, package.version)}"


def _packages(session: Session, product_id: str) -> dict[str, dict[int, _Package]]:
    """By component, the packages that it carries by numbers of their versions, in the order of their names."""
    statement = (
        select(
            Sbom.component_id,
            PackageVersion.id,
            Package.purl,
            PackageVersion.version,
            PackageVersion.source,
            PackageVersion.source_version,
            PackageUse.development,
        )
        .join(PackageUse, PackageUse.sbom_id == Sbom.id)
        .join(PackageVersion, PackageVersion.id == PackageUse.version_id)
        .join(Package, Package.id == PackageVersion.package_id)
        .where(Sbom.product_id == product_id)
        .order_by(Package.purl, PackageVersion.version)
    )
    found: dict[str, dict[int, _Package]] = defaultdict(dict)
    for row in session.execute(statement):
        component_id, version_id, *told = row
        found[component_id][version_id] = _Package._make(told)
    return found


def _component(c: Component, packages: Iterable[_Package]) -> dict[str, object]:
    carried = [
        {
            "type": "library",
            "bom-ref": _package_ref(c.ref, p),
            "name": plain_name(p.name),
            "purl": p.purl,
        }
        | ({"version": p.version} if p.version else {})
        | ({"scope": "excluded"} if p.development else {})
        for p in packages
    ]
    return _said(
        {
            "type": _TYPES.get(c.kind, "application"),
            "bom-ref": c.ref,
            "supplier": {"name": c.supplier} if c.supplier else None,
            "name": c.name,
            "version": c.version,
            "cpe": c.cpe if c.cpe.startswith("cpe:") else None,
            "purl": c.purl,
            "properties": _properties(c),
            "components": carried,
        }
    )


def _service(c: Component) -> dict[str, object]:
    return _said(
        {
            "bom-ref": c.ref,
            "provider": {"name": c.supplier} if c.supplier else None,
            "name": c.name,
            "version": c.version,
            "authenticated": c.exposure is not Exposure.INTERNET,
            "x-trust-boundary": True,
            "data": [{"flow": "bi-directional", "classification": kind} for kind in c.data],
            "properties": _properties(c),
        }
    )


def _properties(c: Component) -> list[dict[str, str]]:
    said = {
        "jalon:kind": c.kind.value,
        "jalon:hosting": c.hosting.value,
        "jalon:patched_by": c.patched_by.value,
        "jalon:exposure": c.exposure.value,
        "jalon:location": c.location.value if c.location else "",
        "jalon:eol_product": c.eol_product,
        "jalon:eol_cycle": c.eol_cycle,
        "jalon:confirmed": c.confirmed_at.date().isoformat() if c.confirmed_at else "",
    }
    return [{"name": name, "value": value} for name, value in said.items() if value]


def _said(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def as_vex(session: Session, product: Product) -> bytes:
    """What people of the product say today of the flaws that seem to touch it, the packages they speak of beside it; what
    must be judged anew is no answer."""
    judged = [m for m in matches_of(session, [product.id])[product.id] if m.judgement is not None and not m.again]
    packages = sorted({(m.component_ref, m.package, m.version) for m in judged})
    return _bom(
        product,
        components=[
            {
                "type": "library",
                "bom-ref": f"{ref}/{full_purl(p, v)}",
                "name": plain_name(p),
                "purl": full_purl(p, v),
                "properties": [{"name": COMPONENT, "value": ref}],
            }
            | ({"version": v} if v else {})
            for ref, p, v in packages
        ],
        vulnerabilities=[_statement(m) for m in judged],
    )


def _statement(m: Match) -> dict[str, object]:
    said = m.judgement
    assert said is not None
    ours = {STATE: said.state.value, UNTIL: said.until.isoformat() if said.until else "", JUDGED_BY: said.judged_by}
    analysis = {
        "state": _STATES[said.state],
        "justification": said.justification.value if said.justification else None,
        "response": ["will_not_fix"] if said.state is FlawState.ACCEPTED else None,
        "detail": said.reason,
        "lastUpdated": _instant(said.judged_at),
    }
    return {
        "bom-ref": f"{m.component_ref}/{m.flaw}/{full_purl(m.package, m.version)}",
        "id": m.flaw,
        "source": {"name": "OSV"},
        "references": [{"id": name, "source": {"name": "OSV"}} for name in sorted(m.names - {m.flaw})],
        "description": m.summary,
        "ratings": [{"score": m.cvss, "method": "other"}] if m.cvss is not None else [],
        "analysis": _said(analysis),
        "affects": [{"ref": f"{m.component_ref}/{full_purl(m.package, m.version)}"}],
        "properties": [{"name": name, "value": value} for name, value in ours.items() if value],
    }


def _bom(product: Product, **parts: Any) -> bytes:
    """A document whose serial number is its content's: the same inventory bears the same number."""
    content = {
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "Jalon"}]},
            "component": {"type": "application", "bom-ref": f"produit:{product.slug}", "name": product.name},
        },
        **parts,
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True, ensure_ascii=False))
    content["metadata"] = {"timestamp": _instant(clock.now()), **content["metadata"]}
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1}
    return json.dumps(head | content, ensure_ascii=False, indent=1).encode()


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
