"""Models made elsewhere, as product files: Threagile (YAML) and OWASP Threat Dragon (JSON, versions 1 and 2).

What has no place in a product file is told, never dropped in silence. Formats: Threagile's schema.json and Threat
Dragon's open-threat-model JSON, as their repositories publish them.
"""

import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from risk_models import catalogue
from risk_models.draft.deployment import a_list, a_map
from risk_models.product_file.component_format import derived_patcher
from risk_models.product_file.file_format import id_of
from risk_models.product_file.source_yaml import UnreadableYaml, load_yaml
from risk_models.scales import Authentication, ComponentKind, Exposure, Hosting, LinkKind, Severity
from risk_models.system import Component, EssentialAsset, Link, Product, System

MAX_CHARACTERS = 5_000_000
_K = ComponentKind


class UnreadableModel(ValueError):
    """A file that is neither model; `code` among the `model_errors` of words.yaml, `why` what stops its YAML."""

    def __init__(self, code: str, why: UnreadableYaml | None = None) -> None:
        self.code, self.why = code, why
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        said = catalogue.sentence("model_errors", self.code, language)
        return f"{said} {self.why.placed_text(language)}" if self.why else said


@dataclass(frozen=True, slots=True)
class Converted:
    """`left`: what could not be carried over, a code of `model_left` and the name of each."""

    system: System
    left: tuple[tuple[str, str], ...]


_MOST_INCLUDED = 500

Beside = Callable[[str], str | None]
"""The text of a file by its path from the folder of the model; None where it is not there."""


def convert_model(text: str, beside: Beside = lambda _: None) -> Converted:
    """The system of a Threagile or Threat Dragon model, with the files that it includes. Raises `UnreadableModel`."""
    found = _loaded(text)
    if isinstance(found.get("technical_assets"), Mapping) or isinstance(found.get("includes"), list):
        return _threagile(*_whole(found, beside))
    if isinstance(a_map(found.get("detail")).get("diagrams"), list):
        return _threat_dragon(found)
    raise UnreadableModel("unknown")


def _whole(model: Mapping[str, Any], beside: Beside) -> tuple[Mapping[str, Any], list[tuple[str, str]]]:
    """A model and what its `includes` add to it; the files that are not there are told."""
    whole, missing = dict(model), []
    pending = _included(model, "")
    met: set[str] = set()
    while pending:
        name = pending.pop(0)
        if name in met:
            continue
        met.add(name)
        text = beside(name) if len(met) <= _MOST_INCLUDED else None
        if text is None:
            missing.append(("not_included", name))
            continue
        added = _loaded(text)
        pending += _included(added, posixpath.dirname(name))
        for key, value in added.items():
            known = whole.get(key)
            whole[key] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return whole, missing


def _included(model: Mapping[str, Any], folder: str) -> list[str]:
    """The files that a model of this folder includes, as Threagile finds them: from where it stands itself."""
    return [posixpath.normpath(posixpath.join(folder, name)) for name in map(str, a_list(model.get("includes")))]


def _loaded(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_CHARACTERS:
        raise UnreadableModel("too_large")
    try:
        return a_map(json.loads(text) if text.lstrip().startswith("{") else load_yaml(text, 40, 200_000))
    except UnreadableYaml as error:
        raise UnreadableModel("unreadable", error) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableModel("unreadable") from error


_TECHNOLOGIES: tuple[tuple[str, ComponentKind], ...] = (
    ("waf", _K.WAF),
    ("identity", _K.IDENTITY_PROVIDER),
    ("ldap", _K.IDENTITY_PROVIDER),
    ("build-pipeline", _K.CI),
    ("sourcecode-repository", _K.FORGE),
    ("registry", _K.REGISTRY),
    ("monitoring", _K.MONITORING),
    ("log", _K.LOGGING),
    ("mail", _K.MAIL),
    ("queue", _K.QUEUE),
    ("search", _K.SEARCH),
    ("cms", _K.CMS),
    ("report", _K.BI),
    ("ai", _K.AI_SERVICE),
    ("library", _K.LIBRARY),
    ("container-platform", _K.HOST),
    ("reverse-proxy", _K.NETWORK),
    ("load-balancer", _K.NETWORK),
    ("gateway", _K.NETWORK),
    ("file-server", _K.STORAGE),
    ("file-system", _K.STORAGE),
    ("storage", _K.STORAGE),
    ("database", _K.DATABASE),
    ("data-lake", _K.DATABASE),
    ("web-service", _K.API),
    ("application-server", _K.API),
    ("task", _K.WORKER),
    ("function", _K.WORKER),
    ("stream-processing", _K.WORKER),
    ("web", _K.WEB),
    ("browser", _K.WORKSTATION),
    ("desktop", _K.WORKSTATION),
    ("client", _K.WORKSTATION),
    ("mobile", _K.WORKSTATION),
    ("cli", _K.WORKSTATION),
)
_STORES = frozenset({_K.DATABASE, _K.STORAGE, _K.SEARCH, _K.QUEUE, _K.CACHE})
_CONFIDENTIALITY = {"public": 1, "internal": 2, "restricted": 3, "confidential": 4, "strictly-confidential": 4}
_CRITICALITY = {"archive": 1, "operational": 2, "important": 3, "critical": 4, "mission-critical": 4}
_AUTHENTICATION = {
    "none": Authentication.NONE,
    "credentials": Authentication.PASSWORD,
    "session-id": Authentication.TOKEN,
    "token": Authentication.TOKEN,
    "client-certificate": Authentication.CERTIFICATE,
    "externalized": Authentication.SSO,
}
# From what protects least: silence is worth nothing.
_PROTECTS = (
    Authentication.NONE,
    None,
    Authentication.PASSWORD,
    Authentication.TOKEN,
    Authentication.SSO,
    Authentication.CERTIFICATE,
)
_ENCRYPTED = re.compile(
    r"https|wss|encrypted|ssh|sftp|ftps|tls|ssl|ldaps|smtps|imaps|pop3s|binary-encrypted", re.IGNORECASE
)


# Of what a model leaves out of its scope: kept with its links, for it may be a way in, and told as such.
_OUTSIDE = (("x-out-of-scope", "true"),)


def _threagile(model: Mapping[str, Any], missing: list[tuple[str, str]]) -> Converted:
    technical = {str(name): a_map(told) for name, told in a_map(model.get("technical_assets")).items()}
    left: list[tuple[str, str]] = [
        *missing,
        *(("kept_outside", name) for name, told in technical.items() if told.get("out_of_scope") is True),
    ]
    inside = technical
    ids = {str(told.get("id") or id_of(name)): id_of(str(told.get("id") or name)) for name, told in inside.items()}
    hosting = _hosting(model)
    components = tuple(
        _technical(name, told, ids[str(told.get("id") or id_of(name))], hosting.get(str(told.get("id"))))
        for name, told in inside.items()
    )
    kinds = {c.id: c.kind for c in components}
    links: dict[tuple[str, str, LinkKind], Link] = {}
    for name, told in inside.items():
        source = ids[str(told.get("id") or id_of(name))]
        for label, flow in a_map(told.get("communication_links")).items():
            target = ids.get(str(a_map(flow).get("target")))
            if target is None or target == source:
                left.append(("link_outside", f"{name} → {label}"))
                continue
            link = _communication(source, target, a_map(flow), kinds)
            _add(links, link, f"{name} → {label}", left)
    stores = _stores(inside, ids)
    assets = tuple(_asset(name, a_map(told), stores) for name, told in a_map(model.get("data_assets")).items())
    left += [
        ("risk", f"{name} ({a_map(told).get('status')})") for name, told in a_map(model.get("risk_tracking")).items()
    ]
    left += [("boundary", str(name)) for name in a_map(model.get("trust_boundaries"))]
    left += [("runtime", str(name)) for name in a_map(model.get("shared_runtimes"))]
    title = str(model.get("title") or "Modèle Threagile")
    return _converted(title, components, links.values(), assets, left)


def _add(links: dict[tuple[str, str, LinkKind], Link], link: Link, label: str, left: list[tuple[str, str]]) -> None:
    """Adds a link; of two between the same ends, what is least protected is kept, and that is told."""
    key = (link.source, link.target, link.kind)
    known = links.get(key)
    if known is None:
        links[key] = link
        return
    left.append(("merged", label))
    links[key] = replace(
        known,
        encrypted=False if False in {known.encrypted, link.encrypted} else known.encrypted,
        authentication=min(known.authentication, link.authentication, key=_PROTECTS.index),
    )


def _hosting(model: Mapping[str, object]) -> dict[str, Hosting]:
    """By technical asset, where the boundary that holds it stands."""
    found: dict[str, Hosting] = {}
    for told in a_map(model.get("trust_boundaries")).values():
        kind = str(a_map(told).get("type") or "")
        at = (
            Hosting.ON_PREMISE
            if "on-prem" in kind or "dedicated" in kind
            else Hosting.IAAS
            if "cloud" in kind
            else None
        )
        for asset in a_list(a_map(told).get("technical_assets_inside")):
            if at:
                found[str(asset)] = at
    return found


def _technical(name: str, told: Mapping[str, object], component_id: str, hosting: Hosting | None) -> Component:
    technologies = told.get("technologies") or told.get("technology") or ""
    words = " ".join(map(str, technologies)) if isinstance(technologies, list) else str(technologies)
    kind = next((kind for word, kind in _TECHNOLOGIES if re.search(rf"(?<![a-z]){word}", words)), None)
    if kind is None or (told.get("type") == "external-entity" and kind in {_K.API, _K.WEB}):
        kind = {"datastore": _K.DATABASE, "external-entity": _K.EXTERNAL_API}.get(str(told.get("type")), _K.OTHER)
    usual_hosting, usual_exposure = catalogue.defaults_by_kind()[kind]
    where = Hosting.SAAS if kind is _K.EXTERNAL_API else hosting or usual_hosting
    internet = told.get("internet")
    exposure = Exposure.INTERNET if internet is True else Exposure.INTERNAL if internet is False else usual_exposure
    return Component(
        component_id,
        name[:200],
        kind,
        where,
        exposure,
        derived_patcher(where),
        supplier=str(told["owner"])[:200] if told.get("owner") else None,
        extra=_OUTSIDE if told.get("out_of_scope") is True else (),
    )


def _communication(source: str, target: str, flow: Mapping[str, object], kinds: Mapping[str, ComponentKind]) -> Link:
    kind = LinkKind.CALLS
    if kinds[target] in _STORES:
        kind = LinkKind.READS if flow.get("readonly") is True else LinkKind.WRITES
    elif kinds[target] is _K.IDENTITY_PROVIDER:
        kind = LinkKind.AUTHENTICATES_WITH
    elif kinds[source] is _K.CI or flow.get("usage") == "devops":
        kind = LinkKind.DEPLOYS if kinds[source] is _K.CI else LinkKind.ADMINISTERS
    encrypted = bool(_ENCRYPTED.search(str(flow.get("protocol")))) if flow.get("protocol") else None
    return Link(source, target, kind, encrypted, _AUTHENTICATION.get(str(flow.get("authentication"))))


def _stores(inside: Mapping[str, Mapping[str, object]], ids: Mapping[str, str]) -> dict[str, list[str]]:
    """By data asset, the components that store it."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, told in inside.items():
        for asset in map(str, a_list(told.get("data_assets_stored"))):
            found[asset].append(ids[str(told.get("id") or id_of(name))])
    return found


def _asset(name: str, told: Mapping[str, object], stores: Mapping[str, list[str]]) -> EssentialAsset:
    asset_id = str(told.get("id") or id_of(name))
    return EssentialAsset(
        id_of(asset_id),
        name[:200],
        tuple(dict.fromkeys(stores.get(asset_id, ()))),
        Severity(_CONFIDENTIALITY.get(str(told.get("confidentiality")), 2)),
        Severity(_CRITICALITY.get(str(told.get("integrity")), 2)),
        Severity(_CRITICALITY.get(str(told.get("availability")), 2)),
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of a Threat Dragon diagram, whatever its version."""

    id: str
    shape: str
    name: str
    data: Mapping[str, object]
    source: str
    target: str


def _cells(model: Mapping[str, object]) -> list[_Cell]:
    found = []
    for diagram in a_list(a_map(model.get("detail")).get("diagrams")):
        cells = a_map(diagram).get("cells") or a_map(a_map(diagram).get("diagramJson")).get("cells")
        for cell in map(a_map, a_list(cells)):
            data = a_map(cell.get("data")) or cell
            shape = str(data.get("type") or cell.get("shape") or "").rpartition(".")[2].lower()
            text = a_map(a_map(cell.get("attrs")).get("text")).get("text")
            ends = [a_map(cell.get(end)) for end in ("source", "target")]
            source, target = (str(end.get("cell") or end.get("id") or "") for end in ends)
            name = " ".join(str(data.get("name") or text or shape).split())
            found.append(_Cell(str(cell.get("id")), shape, name, data, source, target))
    return found


def _threat_dragon(model: Mapping[str, object]) -> Converted:
    cells = _cells(model)
    left: list[tuple[str, str]] = []
    components: dict[str, Component] = {}
    taken: dict[str, int] = {}
    for cell in cells:
        if cell.shape not in {"process", "store", "actor"}:
            continue
        outside = cell.data.get("outOfScope") is True
        if cell.shape == "actor" and not re.search(
            r"api|service|provider|system|server|tiers", cell.name, re.IGNORECASE
        ):
            left.append(("actor", cell.name))
            continue
        left += [("kept_outside", cell.name)] if outside else []
        components[cell.id] = replace(_drawn(cell, taken), extra=_OUTSIDE if outside else ())
    links: dict[tuple[str, str, LinkKind], Link] = {}
    for cell in cells:
        left += [
            ("threat", f"{cell.name} : {a_map(t).get('title')} ({a_map(t).get('status')})")
            for t in a_list(cell.data.get("threats"))
        ]
        if cell.shape == "flow":
            ends = components.get(cell.source), components.get(cell.target)
            if ends[0] is None or ends[1] is None or ends[0] is ends[1] or cell.data.get("outOfScope") is True:
                left.append(("link_outside", cell.name))
            else:
                _add(links, _flow(ends[0], ends[1], cell.data), cell.name, left)
        elif "boundary" in cell.shape:
            left.append(("boundary", cell.name))
    title = str(a_map(model.get("summary")).get("title") or "Modèle Threat Dragon")
    return _converted(title, tuple(components.values()), links.values(), (), left)


def _drawn(cell: _Cell, taken: dict[str, int]) -> Component:
    kind = _K.WEB
    if cell.shape == "store":
        kind = _K.LOGGING if cell.data.get("isALog") is True else _K.DATABASE
    elif cell.shape == "actor":
        kind = _K.EXTERNAL_API
    elif cell.data.get("isWebApplication") is False or re.search(r"\bapi\b|service|back", cell.name, re.IGNORECASE):
        kind = _K.API
    wanted = component_id = id_of(cell.name)
    while component_id in taken:
        taken[wanted] += 1
        component_id = f"{wanted}-{taken[wanted]}"
    taken[component_id] = 1
    hosting, exposure = catalogue.defaults_by_kind()[kind]
    assumed = ("hosting", "exposure", "patched_by")
    return Component(component_id, cell.name[:200], kind, hosting, exposure, derived_patcher(hosting), assumed=assumed)


def _flow(source: Component, target: Component, data: Mapping[str, object]) -> Link:
    said = data.get("isEncrypted")
    encrypted = said if isinstance(said, bool) else None
    if source.kind in {_K.DATABASE, _K.LOGGING}:
        return Link(target.id, source.id, LinkKind.READS, encrypted)
    kind = LinkKind.WRITES if target.kind in {_K.DATABASE, _K.LOGGING} else LinkKind.CALLS
    return Link(source.id, target.id, kind, encrypted)


def _converted(
    title: str,
    components: tuple[Component, ...],
    links: Iterable[Link],
    assets: tuple[EssentialAsset, ...],
    left: list[tuple[str, str]],
) -> Converted:
    if not components:
        raise UnreadableModel("empty")
    unique = {c.id: c for c in components}
    kept = {a.id: a for a in assets}
    system = System(Product(id_of(title), title[:200]), tuple(unique.values()), tuple(links), tuple(kept.values()))
    return Converted(system, tuple(left))
