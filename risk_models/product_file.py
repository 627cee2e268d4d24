"""The product file (format 1): one YAML that a team keeps beside its code, loaded into a System and dumped back.

Errors say the line and the column. Keys that begin with `x-` are ignored. Format: docs/product-file.md.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from risk_models import catalogue
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


class ProductFileError(ValueError):
    """A product file that cannot be read; the message starts with line and column where they are known."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        where = f"line {line}, column {column}: " if line is not None else ""
        super().__init__(where + message)
        self.line = line
        self.column = column


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
    return _system(_Map(tree, "the file"), as_of)


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
    return _pruned(
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


def from_dict(content: Mapping[str, Any], *, as_of: date | None = None) -> System:
    """The System of plain values, as `to_dict` or a card's `infrastructure` gives them. Raises `ProductFileError`."""
    return _system(_Map(content, "the file"), as_of)


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


@dataclass
class _Map:
    """A mapping of the file that knows where each key stands and which keys were read."""

    content: Mapping[str, Any]
    what: str

    def __post_init__(self) -> None:
        self._read: set[str] = set()

    def fail(self, message: str, key: str | None = None) -> ProductFileError:
        line = column = None
        if isinstance(self.content, CommentedMap):
            try:
                at = self.content.lc.value(key) if key else (self.content.lc.line, self.content.lc.col)
                line, column = at[0] + 1, at[1] + 1
            except (KeyError, TypeError):
                line, column = self.content.lc.line + 1, self.content.lc.col + 1
        return ProductFileError(f"{self.what}: {message}", line, column)

    def raw(self, key: str) -> Any:
        self._read.add(key)
        return self.content.get(key)

    def text(self, key: str) -> str | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.fail(f"{key!r} must be text", key)
        text = str(value).strip()
        if any(ord(ch) < 32 and ch not in "\n\t" for ch in text):
            raise self.fail(f"{key!r} holds control characters", key)
        if len(text) > 2000:
            raise self.fail(f"{key!r} is longer than 2000 characters", key)
        return text or None

    def needed(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise self.fail(f"{key!r} is missing")
        return value

    def boolean(self, key: str) -> bool | None:
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            raise self.fail(f"{key!r} must be true or false", key)
        return value

    def number(self, key: str, low: float, high: float) -> float | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.fail(f"{key!r} must be a number from {low:g} to {high:g}", key)
        return float(value)

    def day(self, key: str) -> date | None:
        value = self.raw(key)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return cast(date | None, value)
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise self.fail(f"{key!r} must be a date such as 2026-03-01", key) from None

    def choice(self, key: str, of: type[E]) -> E | None:
        value = self.text(key)
        return None if value is None else self.member(key, value, of)

    def member(self, key: str, value: object, of: type[E]) -> E:
        try:
            return of(str(value))
        except ValueError:
            words = ", ".join(member.value for member in of)
            raise self.fail(f"{key!r}: {value!r} is not one of {words}", key) from None

    def items(self, key: str) -> list[Any]:
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list | CommentedSeq):
            raise self.fail(f"{key!r} must be a list", key)
        return list(value)

    def maps(self, key: str, what: str) -> Iterator["_Map"]:
        for number, item in enumerate(self.items(key), start=1):
            if not isinstance(item, Mapping):
                raise self.fail(f"{key!r}: element {number} must have keys and values", key)
            name = item.get("id") or item.get("measure") or item.get("name") or number
            yield _Map(item, f"{what} {name}")

    def map(self, key: str, what: str) -> "_Map | None":
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.fail(f"{key!r} must have keys and values", key)
        return _Map(value, what)

    def finish(self) -> None:
        """Refuses keys that nobody read."""
        for key in self.content:
            if key not in self._read and not str(key).startswith("x-"):
                known = ", ".join(sorted(self._read))
                raise self.fail(f"unknown key {key!r}; known keys are {known}", str(key))


def _system(top: _Map, as_of: date | None) -> System:
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


def _all(top: _Map, key: str, what: str, read: Callable[[_Map], T]) -> tuple[T, ...]:
    values = []
    for item in top.maps(key, what):
        values.append(read(item))
        item.finish()
    return tuple(values)


def _product(m: _Map) -> Product:
    name = m.needed("name")
    phases = _all(
        m, "phases", "phase", lambda p: Phase(_must(p, "name", PhaseName), _must_day(p, "start"), p.day("end"))
    )
    contacts = _all(m, "contacts", "contact", _contact)
    product = Product(m.text("id") or name, name, m.text("incubator"), phases, contacts)
    m.finish()
    return product


def _contact(m: _Map) -> Contact:
    return Contact(
        m.needed("name"), m.text("role") or "", m.text("email"), m.text("phone"), bool(m.boolean("can_suspend"))
    )


def _must(m: _Map, key: str, of: type[E]) -> E:
    m.needed(key)
    return cast(E, m.choice(key, of))


def _must_day(m: _Map, key: str) -> date:
    day = m.day(key)
    if day is None:
        raise m.fail(f"{key!r} is missing")
    return day


def _component(m: _Map) -> Component:
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


def _end_of_life(m: _Map | None) -> EndOfLife | None:
    if m is None:
        return None
    eol = EndOfLife(m.text("product"), m.text("cycle"), m.day("date"))
    m.finish()
    return eol


def _vulnerability(m: _Map) -> Vulnerability:
    return Vulnerability(
        id=m.needed("id"),
        cvss=m.number("cvss", 0, 10),
        epss=m.number("epss", 0, 1),
        kev=bool(m.boolean("kev")),
        published=m.day("published"),
        fixed_in=m.text("fixed_in"),
    )


def _link(m: _Map) -> Link:
    return Link(
        m.needed("from"),
        m.needed("to"),
        _must(m, "kind", LinkKind),
        m.boolean("encrypted"),
        m.choice("authentication", Authentication),
    )


def _asset(m: _Map) -> EssentialAsset:
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


def _measure(m: _Map) -> Measure:
    return Measure(
        measure=m.needed("measure"),
        on=tuple(str(c) for c in m.items("on")),
        status=_must(m, "status", MeasureStatus),
        due=m.day("due"),
        owner=m.text("owner"),
        reason=m.text("reason"),
    )
