"""The product file (format 1): one YAML that a team keeps beside its code, loaded into a System and dumped back.

Errors say the line and the column. Keys that begin with `x-` are ignored. Format: docs/product-file.md.
"""

import io
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from risk_models import catalogue
from risk_models.checked_map import CheckedMap, ProductFileError
from risk_models.scales import (
    Authentication,
    ComponentKind,
    DataKind,
    Exposure,
    Hosting,
    LinkKind,
    Location,
    MeasureStatus,
    Patcher,
    PhaseName,
    Severity,
)
from risk_models.system import (
    Component,
    Contact,
    EndOfLife,
    EssentialAsset,
    InvalidSystem,
    Link,
    Measure,
    Phase,
    Product,
    System,
    Vulnerability,
)

MAX_CHARACTERS = 5_000_000

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def derived_patcher(hosting: Hosting) -> Patcher:
    """Who patches where nobody said: the publisher of an online service, otherwise the team."""
    return Patcher.PUBLISHER if hosting is Hosting.SAAS else Patcher.TEAM


def loads(text: str, *, as_of: date | None = None) -> System:
    """The System that a product file describes. Raises `ProductFileError`."""
    if len(text) > MAX_CHARACTERS:
        raise ProductFileError(f"the file is larger than {MAX_CHARACTERS} characters")
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise ProductFileError(f"this is not YAML: {error.problem}", line, column) from error
    except (YAMLError, ValueError) as error:
        raise ProductFileError(f"this is not YAML: {error}") from error
    if not isinstance(tree, CommentedMap):
        raise ProductFileError("a product file is a list of keys: jalon, product, components…", 1, 1)
    return _system(CheckedMap(tree, "the file"), as_of)


def dumps(system: System) -> str:
    """The product file of `system`; loading it gives the same System back (its `as_of` aside)."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 120
    out = io.StringIO()
    yaml.dump(to_dict(system), out)
    return out.getvalue()


def to_dict(system: System) -> dict[str, Any]:
    """Plain values in the shape of the product file, without what is absent."""
    plain: dict[str, Any] = _pruned(
        {
            "jalon": 1,
            "product": {
                "id": system.product.id,
                "name": system.product.name,
                "incubator": system.product.incubator,
                "phases": [_fields(p) for p in system.product.phases],
                "contacts": [_fields(c) for c in system.product.contacts],
            },
            "components": [_component_dict(c) for c in system.components],
            "links": [
                {"from": k.source, "to": k.target, "kind": k.kind.value, "encrypted": k.encrypted}
                | {"authentication": k.authentication and k.authentication.value}
                for k in system.links
            ],
            "assets": [
                {
                    "id": a.id,
                    "name": a.name,
                    "lives_in": list(a.lives_in),
                    "needs": {
                        "confidentiality": int(a.confidentiality),
                        "integrity": int(a.integrity),
                        "availability": int(a.availability),
                    },
                }
                for a in system.assets
            ],
            "measures": [_fields(m) for m in system.measures],
        }
    )
    return plain


def from_dict(content: Mapping[str, Any], *, as_of: date | None = None) -> System:
    """The System of plain values, as `to_dict` or a card's `infrastructure` gives them. Raises `ProductFileError`."""
    return _system(CheckedMap(content, "the file"), as_of)


def _component_dict(c: Component) -> dict[str, Any]:
    return {
        "id": c.id,
        "name": c.name,
        "kind": c.kind.value,
        "hosting": c.hosting.value,
        "patched_by": c.patched_by.value,
        "supplier": c.supplier,
        "exposure": c.exposure.value,
        "version": c.version,
        "purl": c.purl,
        "cpe": c.cpe,
        "eol": c.eol and {"product": c.eol.product, "cycle": c.eol.cycle, "date": c.eol.date},
        "sbom": c.sbom,
        "data": [d.value for d in c.data],
        "location": c.location and c.location.value,
        "vulnerabilities": [_fields(v) for v in c.vulnerabilities],
    }


def _fields(value: Any) -> dict[str, Any]:
    """A dataclass as plain values."""
    plain = {}
    for name in value.__dataclass_fields__:
        item = getattr(value, name)
        plain[name] = list(item) if isinstance(item, tuple) else item.value if isinstance(item, StrEnum) else item
    return plain


def _pruned(value: Any) -> Any:
    """`value` without keys whose value is absent, and without defaults that say nothing."""
    if isinstance(value, dict):
        silent = {"can_suspend", "kev"}  # false unless said
        kept = {k: _pruned(v) for k, v in value.items() if v is not None and not (k in silent and v is False)}
        return {k: v for k, v in kept.items() if v not in ([], {}) or k in {"components", "lives_in", "on"}}
    if isinstance(value, list):
        return [_pruned(v) for v in value]
    return value


def _system(top: CheckedMap, as_of: date | None) -> System:
    if top.raw("jalon") != 1:
        raise top.fail("'jalon' must be 1, the only format there is", "jalon")
    product = top.map("product", "product")
    if product is None:
        raise top.fail("'product' is missing")
    if not top.items("components"):
        raise top.fail("'components' is missing or empty: name at least one component")
    read_product = _product(product)
    components = _all(top, "components", "component", _component)
    links = _all(top, "links", "link", _link)
    assets = _all(top, "assets", "asset", _asset)
    measures = _all(top, "measures", "measure", _measure)
    top.finish()
    try:
        return System(read_product, components, links, assets, measures, as_of)
    except InvalidSystem as error:
        raise top.fail(str(error)) from error


def _all(top: CheckedMap, key: str, what: str, read: Callable[[CheckedMap], T]) -> tuple[T, ...]:
    values = []
    for item in top.maps(key, what):
        values.append(read(item))
        item.finish()
    return tuple(values)


def _product(m: CheckedMap) -> Product:
    name = m.needed("name")
    phases = _all(
        m, "phases", "phase", lambda p: Phase(_must(p, "name", PhaseName), _must_day(p, "start"), p.day("end"))
    )
    contacts = _all(m, "contacts", "contact", _contact)
    product = Product(m.text("id") or name, name, m.text("incubator"), phases, contacts)
    m.finish()
    return product


def _contact(m: CheckedMap) -> Contact:
    return Contact(
        m.needed("name"), m.text("role") or "", m.text("email"), m.text("phone"), bool(m.boolean("can_suspend"))
    )


def _must(m: CheckedMap, key: str, of: type[E]) -> E:
    m.needed(key)
    return cast(E, m.choice(key, of))


def _must_day(m: CheckedMap, key: str) -> date:
    day = m.day(key)
    if day is None:
        raise m.fail(f"{key!r} is missing")
    return day


def _component(m: CheckedMap) -> Component:
    component_id = m.needed("id")
    kind = _must(m, "kind", ComponentKind)
    usual_hosting, usual_exposure = catalogue.defaults_by_kind()[kind]
    hosting = m.choice("hosting", Hosting) or usual_hosting
    return Component(
        id=component_id,
        name=m.text("name") or component_id,
        kind=kind,
        hosting=hosting,
        exposure=m.choice("exposure", Exposure) or usual_exposure,
        patched_by=m.choice("patched_by", Patcher) or derived_patcher(hosting),
        supplier=m.text("supplier"),
        version=m.text("version"),
        purl=m.text("purl"),
        cpe=m.text("cpe"),
        eol=_end_of_life(m.map("eol", f"component {component_id}, eol")),
        sbom=m.text("sbom"),
        data=tuple(m.member("data", d, DataKind) for d in m.items("data")),
        location=m.choice("location", Location),
        vulnerabilities=_all(m, "vulnerabilities", "vulnerability", _vulnerability),
    )


def _end_of_life(m: CheckedMap | None) -> EndOfLife | None:
    if m is None:
        return None
    eol = EndOfLife(m.text("product"), m.text("cycle"), m.day("date"))
    m.finish()
    return eol


def _vulnerability(m: CheckedMap) -> Vulnerability:
    return Vulnerability(
        id=m.needed("id"),
        cvss=m.number("cvss", 0, 10),
        epss=m.number("epss", 0, 1),
        kev=bool(m.boolean("kev")),
        published=m.day("published"),
        fixed_in=m.text("fixed_in"),
    )


def _link(m: CheckedMap) -> Link:
    return Link(
        m.needed("from"),
        m.needed("to"),
        _must(m, "kind", LinkKind),
        m.boolean("encrypted"),
        m.choice("authentication", Authentication),
    )


def _asset(m: CheckedMap) -> EssentialAsset:
    asset_id = m.needed("id")
    needs = m.map("needs", f"asset {asset_id}, needs")
    if needs is None:
        raise m.fail("'needs' is missing")
    values = {}
    for need in ("confidentiality", "integrity", "availability"):
        number = needs.number(need, 1, 4)
        if number is None or number != int(number):
            raise needs.fail(f"{need!r} must be 1, 2, 3 or 4", need if number else None)
        values[need] = Severity(int(number))
    needs.finish()
    return EssentialAsset(
        id=asset_id,
        name=m.text("name") or asset_id,
        lives_in=tuple(str(c) for c in m.items("lives_in")),
        confidentiality=values["confidentiality"],
        integrity=values["integrity"],
        availability=values["availability"],
    )


def _measure(m: CheckedMap) -> Measure:
    return Measure(
        measure=m.needed("measure"),
        on=tuple(str(c) for c in m.items("on")),
        status=_must(m, "status", MeasureStatus),
        due=m.day("due"),
        owner=m.text("owner"),
        reason=m.text("reason"),
    )
