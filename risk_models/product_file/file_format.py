"""The product file (formats 1 and 2): one YAML that a team keeps beside its code, loaded into a System and dumped back.

Errors say the line and the column. Keys that begin with `x-` are kept and ignored. Format: docs/product-file.md.
"""

import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from ruamel.yaml import YAML

from risk_models.product_file import source_yaml
from risk_models.product_file.checked_map import CheckedMap, ProductFileError
from risk_models.product_file.component_format import (
    MAX_ID,
    component_dict,
    extra_dict,
    plain_fields,
    read_choice,
    read_component,
    read_each,
    read_new_id,
)
from risk_models.product_file.source_yaml import as_written
from risk_models.scales import (
    Authentication,
    ComponentKind,
    LinkKind,
    MeasureStatus,
    Need,
    PhaseName,
    ProofState,
    Severity,
)
from risk_models.system import (
    Contact,
    EssentialAsset,
    InvalidSystem,
    Link,
    Measure,
    Phase,
    Product,
    System,
)

MAX_CHARACTERS = 5_000_000
# As many as a product of a ministry has at most; the ranking of so many still ends, in minutes.
MOST = {"components": 5_000, "links": 20_000, "assets": 500, "measures": 20_000}
MAX_DEPTH, MAX_NODES = 40, 1_000_000
FORMATS = (1, 2)
_PRODUCT_ID = re.compile(r"[A-Za-z0-9._-]+")

# What format 1 cannot say.
NEW_KINDS = frozenset(
    {
        ComponentKind.REMOTE_ACCESS,
        ComponentKind.DNS,
        ComponentKind.PAGE_SCRIPT,
        ComponentKind.PACKAGE_SET,
        ComponentKind.HELP_DESK,
    }
)
NEW_LINKS = frozenset({LinkKind.LEADS_TO})
NEW_FACTS = ("state", "last_tested", "accounts", "secrets", "tokens", "resets")


def loads(text: str, *, as_of: date | None = None) -> System:
    """The System that a product file describes. Raises `ProductFileError`."""
    if len(text) > MAX_CHARACTERS:
        raise ProductFileError("too_large", most=MAX_CHARACTERS)
    try:
        tree = source_yaml.load_yaml(text, MAX_DEPTH, MAX_NODES)
    except source_yaml.UnreadableYaml as error:
        raise ProductFileError(error.code, None, error.place, **error.values) from error
    if not isinstance(tree, dict):
        raise ProductFileError("not_a_product_file", place=(1, 1))
    try:
        return _system(CheckedMap(tree, "file"), as_of)
    except ProductFileError:
        # The same by the parser that remembers lines and columns, ten times slower: to say where a file is wrong.
        placed = source_yaml.load_placed(text)
        if placed is None:
            raise
        return _system(CheckedMap(placed, "file"), as_of)


def dumps(system: System) -> str:
    """The product file of `system`; loading it gives the same System back (its `as_of` aside)."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 120
    out = io.StringIO()
    yaml.dump(to_dict(system), out)
    return out.getvalue()


def to_dict(system: System, *, complete: bool = False) -> dict[str, Any]:
    """Plain values in the shape of the product file, without what is absent or, unless `complete`, was assumed."""
    product = system.product
    plain: dict[str, object] = _pruned(
        {
            "jalon": format_of(system),
            "product": {
                "id": product.id,
                "name": product.name,
                "incubator": product.incubator,
                "phases": [plain_fields(p) for p in product.phases],
                "contacts": [plain_fields(c) for c in product.contacts],
            }
            | extra_dict(product.extra),
            "components": [component_dict(replace(c, assumed=()) if complete else c) for c in system.components],
            "links": [
                {"from": k.source, "to": k.target, "kind": k.kind.value, "encrypted": k.encrypted}
                | {"authentication": k.authentication and k.authentication.value}
                | extra_dict(k.extra)
                for k in system.links
            ],
            "assets": [_asset_dict(a, complete=complete) for a in system.assets],
            "measures": [plain_fields(m) for m in system.measures],
        }
        | extra_dict(system.extra)
    )
    return plain


def _asset_dict(a: EssentialAsset, *, complete: bool) -> dict[str, object]:
    needs: dict[str, object] = {need.value: int(a.severity(need)) for need in Need}
    extra = extra_dict(a.extra)
    needs |= {key.removeprefix(_IN_NEEDS): extra.pop(key) for key in list(extra) if key.startswith(_IN_NEEDS)}
    name = a.name if complete or a.name != a.id else None
    return {"id": a.id, "name": name, "lives_in": list(a.lives_in), "needs": needs} | extra


def format_of(system: System) -> int:
    """The oldest format that can say all that `system` says: older programs read what they know."""
    return 2 if next(_said_anew(system), None) else 1


def _said_anew(system: System) -> Iterator[tuple[str, str]]:
    """What format 1 cannot say: where, and what."""
    for c in system.components:
        yield from ((c.id, fact) for fact in NEW_FACTS if getattr(c, fact) is not None)
        if c.kind in NEW_KINDS:
            yield c.id, f"kind: {c.kind}"
    for k in system.links:
        if k.kind in NEW_LINKS:
            yield f"{k.source} → {k.target}", f"kind: {k.kind}"


def from_dict(content: Mapping[str, object], *, as_of: date | None = None) -> System:
    """The System of plain values, as `to_dict` or a card's `infrastructure` gives them. Raises `ProductFileError`."""
    return _system(CheckedMap(content, "file"), as_of)


# Keys x- of an asset's needs, kept among those of the asset.
_IN_NEEDS = "needs/"


def _pruned(value: Any) -> Any:
    """`value` without keys whose value is absent, and without defaults that say nothing."""
    if isinstance(value, dict):
        silent = {"can_suspend", "kev"}  # false unless said
        kept = {
            k: v if str(k).startswith("x-") else _pruned(v)
            for k, v in value.items()
            if str(k).startswith("x-") or (v not in (None, "") and not (k in silent and v is False))
        }
        needed = {"components", "lives_in", "on", "accounts", "secrets", "tokens", "resets"}  # empty: there is none
        return {k: v for k, v in kept.items() if v not in ([], {}) or k in needed or str(k).startswith("x-")}
    if isinstance(value, list):
        return [_pruned(v) for v in value]
    return value


def _system(top: CheckedMap, as_of: date | None) -> System:
    written_in = top.raw("jalon")
    if isinstance(written_in, bool | str) or written_in not in FORMATS:
        raise top.fail("wrong_format", "jalon")
    product = top.map("product", "product")
    if product is None:
        raise ProductFileError("missing", ("file", ""), (1, 1), key="product")
    if not top.items("components"):
        raise top.fail("no_component", "components")
    read_product = _product(product)
    for key, most in MOST.items():
        if len(top.items(key)) > most:
            raise top.fail("too_many", key, most=f"{most:,}".replace(",", "\u00a0"))
    seen: set[str] = set()
    known = {as_written(c["id"]).strip() for c in top.items("components") if isinstance(c, Mapping) and c.get("id")}
    components = read_each(top, "components", "component", lambda m: read_component(m, seen, known))
    links = read_each(top, "links", "link", lambda m: _link(m, seen))
    assets_seen: set[str] = set()
    assets = read_each(top, "assets", "asset", lambda m: _asset(m, seen, assets_seen))
    measures = read_each(top, "measures", "measure", lambda m: _measure(m, seen))
    extra = top.finish()
    try:
        system = System(read_product, components, links, assets, measures, as_of, extra)
    except InvalidSystem as error:
        raise ProductFileError("invalid", problem=error) from error
    if format_of(system) > written_in:
        where, what = next(_said_anew(system))
        raise top.fail("newer_format", "jalon", where=where, said=what)
    return system


def _product(m: CheckedMap) -> Product:
    name = m.needed("name")
    product_id = m.text("id")
    if m.raw("id") is not None and not _PRODUCT_ID.fullmatch(product_id or ""):
        raise m.fail("wrong_id", "id")
    phases = read_each(m, "phases", "phase", _phase)
    contacts = read_each(m, "contacts", "contact", _contact)
    incubator = m.text("incubator")
    return Product(product_id or id_of(name), name, incubator, phases, contacts, m.finish())


def id_of(name: str) -> str:
    """An identifier made from a name: ASCII letters, digits, dot, dash and underscore."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-")[:MAX_ID] or "produit"


def _phase(m: CheckedMap) -> Phase:
    phase = Phase(read_choice(m, "name", PhaseName), _must_day(m, "start"), m.day("end"))
    if phase.end and phase.end < phase.start:
        raise m.fail("ends_before_it_starts", "end")
    return phase


def _contact(m: CheckedMap) -> Contact:
    return Contact(
        m.needed("name"), m.text("role") or "", m.text("email"), m.text("phone"), bool(m.boolean("can_suspend"))
    )


def _must_day(m: CheckedMap, key: str) -> date:
    day = m.day(key)
    if day is None:
        raise m.fail("missing", key)
    return day


def _link(m: CheckedMap, known: Collection[str]) -> Link:
    source, target = m.name_of("from", known), m.name_of("to", known)
    if source == target:
        raise m.fail("linked_to_itself", "to")
    return Link(
        source,
        target,
        read_choice(m, "kind", LinkKind),
        m.boolean("encrypted"),
        m.choice("authentication", Authentication),
    )


def _asset(m: CheckedMap, known: Collection[str], seen: set[str]) -> EssentialAsset:
    asset_id = read_new_id(m, seen)
    needs = m.map("needs", "needs", asset_id)
    if needs is None:
        raise m.fail("missing", "needs")
    values = {}
    for need in ("confidentiality", "integrity", "availability"):
        number = needs.number(need, 1, 4)
        if number is None or number != int(number):
            raise needs.fail("not_severity", need)
        values[need] = Severity(int(number))
    needs_extra = tuple((f"{_IN_NEEDS}{key}", value) for key, value in needs.finish())
    return EssentialAsset(
        id=asset_id,
        name=m.text("name") or asset_id,
        lives_in=m.names("lives_in", known),
        confidentiality=values["confidentiality"],
        integrity=values["integrity"],
        availability=values["availability"],
        extra=needs_extra,
    )


def _measure(m: CheckedMap, known: Collection[str]) -> Measure:
    return Measure(
        measure=m.needed("measure"),
        on=m.names("on", known),
        status=read_choice(m, "status", MeasureStatus),
        due=m.day("due"),
        owner=m.text("owner"),
        reason=m.text("reason"),
        proof=m.choice("proof", ProofState),
        inherited_from=m.text("inherited_from"),
    )
