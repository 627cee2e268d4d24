"""Libraries of a component from the CycloneDX file beside its product file (JSON, 1.2 to 1.7).

Only libraries with a known flaw become components of the graph: a thousand sound libraries, each with its small
chance of being trapped, would drown everything else. The others are counted.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from risk_models.product_file.checked_map import is_hidden
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, Patcher
from risk_models.system import Component, Link, System, Vulnerability

_VERSIONS = frozenset({"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"})
# What a VEX analysis says of a flaw that does not touch the component after all.
_HARMLESS = frozenset({"not_affected", "false_positive", "resolved", "resolved_with_pedigree"})


class UnreadableInventory(ValueError):
    """A file that is not CycloneDX JSON; the message says what is wrong with it."""


def with_libraries(system: System, sboms: Mapping[str, str]) -> System:
    """`system` with the libraries of each component's SBOM, by component id. Raises `UnreadableSbom`."""
    described = {c.id for c in system.components if c.kind is not ComponentKind.LIBRARY}
    taken = {c.id for c in system.components}
    components, links = list(system.components), list(system.links)
    for place, component in enumerate(system.components):
        if component.id in sboms:
            found, flaws = _read(sboms[component.id])
            components[place] = replace(component, libraries=len(found))
            for ref in sorted(flaws.keys() & found.keys()):
                library = _library(component, found[ref], flaws[ref])
                if library.id in described:
                    library = replace(library, id=f"{component.id}/{library.id}")
                if library.id not in taken:
                    taken.add(library.id)
                    components.append(library)
                links.append(Link(component.id, library.id, LinkKind.EMBEDS))
    return replace(system, components=tuple(components), links=tuple(dict.fromkeys(links)))


def _read(text: str) -> tuple[dict[str, dict[str, object]], dict[str, list[Vulnerability]]]:
    """Components by reference, and flaws by reference of what they affect."""
    try:
        bom = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableInventory(f"this is not JSON: {error}") from error
    if not isinstance(bom, dict) or bom.get("bomFormat") != "CycloneDX":
        raise UnreadableInventory("this is not a CycloneDX file: 'bomFormat' must be CycloneDX")
    if str(bom.get("specVersion", "1.6")) not in _VERSIONS:
        raise UnreadableInventory("'specVersion' must be from 1.2 to 1.7")
    found: dict[str, dict[str, object]] = {}
    pending = [c for c in _list(bom, "components") if isinstance(c, dict)]
    while pending:
        c = pending.pop()
        ref = str(c.get("bom-ref") or c.get("purl") or f"{c.get('name')}@{c.get('version')}")
        found[ref] = c
        pending += [inner for inner in _list(c, "components") if isinstance(inner, dict)]
    flaws: dict[str, list[Vulnerability]] = defaultdict(list)
    for entry in _list(bom, "vulnerabilities"):
        analysis = entry.get("analysis") if isinstance(entry, dict) else None
        harmless = isinstance(analysis, dict) and str(analysis.get("state")) in _HARMLESS
        if isinstance(entry, dict) and entry.get("id") and not harmless:
            for affected in _list(entry, "affects"):
                if isinstance(affected, dict) and affected.get("ref"):
                    flaws[str(affected["ref"])].append(_flaw(entry))
    return found, flaws


def _list(holder: Mapping[str, object], key: str) -> list[Any]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableInventory(f"{key!r} must be a list")
    return value


def _flaw(entry: Mapping[str, object]) -> Vulnerability:
    scores = [r.get("score") for r in _list(entry, "ratings") if isinstance(r, dict) and _is_cvss(r)]
    cvss = max((float(s) for s in scores if isinstance(s, int | float) and 0 <= s <= 10), default=None)
    try:
        published = date.fromisoformat(str(entry.get("published"))[:10])
    except ValueError:
        published = None
    return Vulnerability(_plain(entry["id"]), cvss=cvss, published=published)


def _plain(value: object) -> str:
    """Text of an SBOM without what would deceive whoever reads it on a screen."""
    return "".join(ch for ch in str(value) if not is_hidden(ch))


def _is_cvss(rating: Mapping[str, object]) -> bool:
    return str(rating.get("method", "CVSS")).upper().startswith("CVSS")


def _library(owner: Component, c: Mapping[str, object], flaws: list[Vulnerability]) -> Component:
    version = _plain(c.get("version") or "")
    label = ":".join(_plain(part) for part in (c.get("group"), c.get("name")) if part)
    purl = _plain(c["purl"]) if c.get("purl") else None
    return replace(library_component(owner, purl or f"{label}@{version}", label, version, flaws), purl=purl)


def library_component(
    owner: Component, purl: str, name: str, version: str, flaws: Sequence[Vulnerability]
) -> Component:
    """A library that `owner` carries, as a component of the graph called by its purl."""
    return Component(
        id=purl,
        name=name,
        kind=ComponentKind.LIBRARY,
        hosting=Hosting.IAAS,
        exposure=Exposure.INTERNAL,
        patched_by=Patcher.TEAM,
        version=version or None,
        purl=purl,
        location=owner.location,
        vulnerabilities=tuple({v.id: v for v in flaws}.values()),
    )
