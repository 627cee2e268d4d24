"""A component of the product file: read with every fact on it, and written back."""

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeVar, cast

from risk_models import catalogue
from risk_models.product_file.checked_map import CheckedMap, is_hidden
from risk_models.scales import (
    AccountHolder,
    AccountReach,
    AskedFactor,
    ComponentKind,
    ComponentState,
    DataKind,
    Exposure,
    Hosting,
    Location,
    Patcher,
)
from risk_models.system import (
    Accounts,
    Component,
    Contact,
    EndOfLife,
    EssentialAsset,
    Extra,
    Link,
    Measure,
    Phase,
    Secret,
    Token,
    Vulnerability,
)

MAX_ID = 100
MOST_ACCOUNTS = 10_000_000_000

T = TypeVar("T", Phase, Contact, Vulnerability, Component, Link, EssentialAsset, Measure, Accounts, Secret, Token)
E = TypeVar("E", bound=StrEnum)


def derived_patcher(hosting: Hosting) -> Patcher:
    """Who patches where nobody said: the publisher of an online service, otherwise the team."""
    return Patcher.PUBLISHER if hosting is Hosting.SAAS else Patcher.TEAM


def component_dict(c: Component) -> dict[str, object]:
    """A component as plain values in the shape of the product file, without the fields that were assumed of it."""
    described = {
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
        "eol": c.eol and plain_fields(c.eol) | {"ended": c.eol.ended or None},
        "sbom": c.sbom,
        "data": [d.value for d in c.data],
        "location": c.location and c.location.value,
        "vulnerabilities": [plain_fields(v) for v in c.vulnerabilities],
        "state": c.state and c.state.value,
        "last_tested": c.last_tested,
        **access_dict(c),
    }
    return {key: value for key, value in described.items() if key not in c.assumed} | extra_dict(c.extra)


def access_dict(c: Component) -> dict[str, object]:
    """What is said of its accounts, secrets, tokens and resets, as plain values; what nobody said is left out."""
    said = {"accounts": c.accounts, "secrets": c.secrets, "tokens": c.tokens}
    plain: dict[str, object] = {
        key: [{k: v for k, v in plain_fields(one).items() if v is not None} for one in values]
        for key, values in said.items()
        if values is not None
    }
    return plain if c.resets is None else plain | {"resets": list(c.resets)}


def extra_dict(extra: Extra) -> dict[str, object]:
    """Keys that begin with `x-` as plain values."""
    return {key: json.loads(value) for key, value in extra}


def plain_fields(value: Any) -> dict[str, object]:
    """A dataclass as plain values."""
    plain = {}
    for name in value.__dataclass_fields__:
        item = getattr(value, name)
        if name != "extra":
            plain[name] = list(item) if isinstance(item, tuple) else item.value if isinstance(item, StrEnum) else item
    return plain | extra_dict(value.extra)


def read_each(top: CheckedMap, key: str, what: str, read: Callable[[CheckedMap], T]) -> tuple[T, ...]:
    """The values of the list under `key`, each with its keys `x-`; every other key must have been read."""
    values = []
    for item in top.maps(key, what):
        value = read(item)
        extra: Extra = value.extra + item.finish()
        values.append(replace(value, extra=extra) if extra else value)
    return tuple(values)


def read_new_id(m: CheckedMap, seen: set[str]) -> str:
    """The id of an element, added to `seen`, where it must not be yet."""
    found = m.needed("id")
    if any(is_hidden(ch) for ch in found):
        raise m.fail("control_characters", "id")
    if len(found) > MAX_ID:
        raise m.fail("too_long", "id", most=MAX_ID)
    if found in seen:
        raise m.fail("described_twice", "id", name=found)
    seen.add(found)
    return found


def read_choice(m: CheckedMap, key: str, of: type[E]) -> E:
    """The member of a closed list under `key`, which must be there."""
    m.needed(key)
    return cast(E, m.choice(key, of))


def read_component(m: CheckedMap, seen: set[str], known: Collection[str]) -> Component:
    """`seen`: the ids read before; `known`: the ids of all components, which what it opens and resets must name."""
    component_id = read_new_id(m, seen)
    kind = read_choice(m, "kind", ComponentKind)
    usual_hosting, usual_exposure = catalogue.defaults_by_kind()[kind]
    hosting, exposure = m.choice("hosting", Hosting), m.choice("exposure", Exposure)
    patched_by, name = m.choice("patched_by", Patcher), m.text("name")
    given = {"name": name, "hosting": hosting, "exposure": exposure, "patched_by": patched_by}
    return Component(
        id=component_id,
        name=name or component_id,
        kind=kind,
        hosting=hosting or usual_hosting,
        exposure=exposure or usual_exposure,
        patched_by=patched_by or derived_patcher(hosting or usual_hosting),
        supplier=m.text("supplier"),
        version=m.text("version"),
        purl=m.text("purl"),
        cpe=m.text("cpe"),
        eol=_end_of_life(m.map("eol", "eol", component_id)),
        sbom=m.text("sbom"),
        data=tuple(m.member("data", d, DataKind) for d in m.items("data")),
        location=m.choice("location", Location),
        vulnerabilities=_vulnerabilities(m),
        assumed=tuple(field for field, value in given.items() if not value),
        state=m.choice("state", ComponentState),
        last_tested=m.day("last_tested"),
        **read_access(m, known),
    )


def _end_of_life(m: CheckedMap | None) -> EndOfLife | None:
    if m is None:
        return None
    said = m.text("product"), m.text("cycle"), m.day("date")
    ended = m.boolean("ended") is True
    found = EndOfLife(*said, m.finish(), ended)
    return None if found == EndOfLife() else found


def _vulnerabilities(m: CheckedMap) -> tuple[Vulnerability, ...]:
    seen: set[str] = set()
    return read_each(m, "vulnerabilities", "vulnerability", lambda v: _vulnerability(v, seen))


def _vulnerability(m: CheckedMap, seen: set[str]) -> Vulnerability:
    return Vulnerability(
        id=read_new_id(m, seen),
        cvss=m.number("cvss", 0, 10),
        epss=m.number("epss", 0, 1),
        kev=bool(m.boolean("kev")),
        published=m.day("published"),
        fixed_in=m.text("fixed_in"),
    )


def read_access(m: CheckedMap, known: Collection[str]) -> dict[str, Any]:
    """The accounts, secrets, tokens and resets of a component by field, as `access_dict` gives them."""
    return {
        "accounts": _said(m, "accounts", _accounts),
        "secrets": _said(m, "secrets", lambda s: Secret(s.names("opens", known), s.text("name"))),
        "tokens": _said(m, "tokens", _token),
        "resets": None if m.raw("resets") is None else m.names("resets", known),
    }


def _said(m: CheckedMap, key: str, read: Callable[[CheckedMap], T]) -> tuple[T, ...] | None:
    """None where nobody said, as an empty list says that there is none."""
    return None if m.raw(key) is None else read_each(m, key, key, read)


def _accounts(m: CheckedMap) -> Accounts:
    count = m.raw("count")
    if count is not None and (isinstance(count, bool) or not _is_whole(count) or not 0 <= count <= MOST_ACCOUNTS):
        raise m.fail("not_whole", "count", most=f"{MOST_ACCOUNTS:,}".replace(",", "\u00a0"))
    who = read_choice(m, "who", AccountHolder)
    return Accounts(
        who,
        None if count is None else int(count),
        m.choice("reach", AccountReach),
        m.choice("second_factor", AskedFactor),
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _token(m: CheckedMap) -> Token:
    return Token(m.boolean("lasting"), m.choice("reach", AccountReach), m.text("name"))
