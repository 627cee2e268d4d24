"""VEX in: what a CycloneDX document says of flaws becomes judgements, after a look, in one transaction."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.packages.exports import COMPONENT, STATE, UNTIL
from app.packages.flaw_judgements import keep_judgement
from app.packages.kinds import FlawState, Justification
from app.packages.matching import Match, matches_of
from app.platform.refusals import Refusal, unreadable_json
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models.exposure.package_names import UnreadableName, split_purl
from risk_models.rules.limits import FILE_BYTES

_STATES = {
    "in_triage": FlawState.IN_TRIAGE,
    "exploitable": FlawState.EXPLOITABLE,
    "not_affected": FlawState.NOT_AFFECTED,
    "false_positive": FlawState.NOT_AFFECTED,
    "resolved": FlawState.RESOLVED,
    "resolved_with_pedigree": FlawState.RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What a document says of one flaw in one package; `version` and `component` are empty for any."""

    flaw: str
    package: str
    version: str
    state: FlawState
    justification: Justification | None
    detail: str
    component: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class VexPreview:
    """`taken`: flaws of the product with what would be said; `left`: what is said of nothing here; `odd`: unreadable."""

    taken: tuple[tuple[Match, Statement], ...]
    left: tuple[str, ...]
    odd: tuple[str, ...]


def read_vex(content: bytes) -> tuple[list[Statement], list[str]]:
    """What a CycloneDX document states, and what of it could not be read. Raises `Refusal` at the field `file`."""
    if len(content) > FILE_BYTES:
        raise Refusal(_l("Ce fichier est trop grand : 30 Mo au plus."), "file")
    try:
        bom = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise unreadable_json(error) from error
    if not isinstance(bom, dict) or bom.get("bomFormat") != "CycloneDX":
        raise Refusal(_l("Ce n’est pas un fichier CycloneDX : « bomFormat » devrait être CycloneDX."), "file")
    entries = bom.get("vulnerabilities")
    if not isinstance(entries, list) or not entries:
        raise Refusal(_l("Ce fichier ne dit rien d’aucune faille (« vulnerabilities »)."), "file")
    purls = dict(_references(bom.get("components")))
    components = dict(_components(bom.get("components")))
    statements: list[Statement] = []
    odd: list[str] = []
    for number, entry in enumerate(entries, start=1):
        found = _statements(entry, purls, components)
        statements += found
        if not found:
            name = entry.get("id") if isinstance(entry, Mapping) else entry
            odd.append(f"{number} : {str(name)[:60]}")
    return statements, odd


def _references(components: Any) -> Iterator[tuple[str, str]]:
    pending = list(components) if isinstance(components, list) else []
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            if isinstance(item.get("bom-ref"), str) and isinstance(item.get("purl"), str):
                yield item["bom-ref"], item["purl"]
            inner = item.get("components")
            pending += inner if isinstance(inner, list) else []


def _components(components: Any) -> Iterator[tuple[str, str]]:
    """By reference, the component of a product of ours that Jalon wrote beside it."""
    for item in components if isinstance(components, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("bom-ref"), str):
            yield item["bom-ref"], _property(item, COMPONENT)


def _property(holder: Mapping[str, object], name: str) -> str:
    listed = holder.get("properties")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("name") == name and isinstance(one.get("value"), str):
            return _plain(one["value"])
    return ""


def _plain(text: str) -> str:
    """Text that every database keeps."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _statements(entry: Any, purls: Mapping[str, str], components: Mapping[str, str]) -> list[Statement]:
    """Empty when the entry names no flaw, no package, or nothing that is known to be said of one."""
    analysis = entry.get("analysis") if isinstance(entry, Mapping) else None
    if not isinstance(analysis, Mapping) or not isinstance(entry.get("id"), str):
        return []
    state = _STATES.get(str(analysis.get("state")))
    if state is None:
        return []
    until = _day(_property(entry, UNTIL))
    if _property(entry, STATE) == FlawState.ACCEPTED.value and until:
        state = FlawState.ACCEPTED
    justification = analysis.get("justification")
    known = {j.value: j for j in Justification}.get(str(justification))
    if state is FlawState.NOT_AFFECTED and known is None:
        if analysis.get("state") != "false_positive":
            return []
        known = Justification.CODE_NOT_PRESENT
    detail = analysis.get("detail")
    found = []
    affects = entry.get("affects")
    for one in affects if isinstance(affects, list) else ():
        ref = one.get("ref") if isinstance(one, Mapping) else None
        if not isinstance(ref, str):
            continue
        purl = purls.get(ref) or ref.rpartition("#")[2]
        try:
            package, version = split_purl(purl)
        except UnreadableName:
            continue
        said = Statement(
            flaw=_plain(entry["id"]),
            package=package,
            version=version,
            state=state,
            justification=known if state is FlawState.NOT_AFFECTED else None,
            detail=_plain(detail[:4000]) if isinstance(detail, str) else "",
            component=components.get(ref, ""),
            until=until if state is FlawState.ACCEPTED else None,
        )
        found += _of_versions(said, one.get("versions"))
    return found


def _of_versions(said: Statement, versions: Any) -> list[Statement]:
    """`said` of each version that is named; a range is not read, and what is harmless is not said of an affected one."""
    if not isinstance(versions, list) or not versions:
        return [said]
    harmless = said.state in {FlawState.NOT_AFFECTED, FlawState.RESOLVED}
    return [
        replace(said, version=one["version"])
        for one in versions
        if isinstance(one, Mapping)
        and isinstance(one.get("version"), str)
        and (one.get("status", "affected") == "unaffected") == harmless
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def preview_vex(session: Session, product: Product, content: bytes) -> VexPreview:
    """What importing the document would say of the product's flaws. Raises `Refusal`."""
    statements, odd = read_vex(content)
    matches = matches_of(session, [product.id])[product.id]
    refs = {m.component_ref for m in matches}
    taken: dict[tuple[str, str, str, str], tuple[Match, Statement]] = {}
    contrary = set()
    left = []
    for said in statements:
        fit = [
            m
            for m in matches
            if m.package == said.package
            and said.flaw in m.names
            and said.version in {"", m.version}
            and (said.component not in refs or said.component == m.component_ref)
        ]
        for m in fit:
            key = (m.component_id, m.package, m.version, m.flaw)
            if key in taken and taken[key][1].state is not said.state:
                contrary.add(key)
            taken[key] = (m, said)
        if not fit:
            left.append(f"{said.flaw} – {said.package} {said.version}".strip())
    for key in contrary:
        match, _ = taken.pop(key)
        odd.append(
            str(_l("%(flaw)s : deux réponses contraires pour %(where)s", flaw=match.flaw, where=match.component))
        )
    return VexPreview(tuple(taken.values()), tuple(dict.fromkeys(left)), tuple(odd))


@transaction
def import_vex(session: Session, actor: Person, product: Product, content: bytes, file_name: str) -> int:
    """Keeps each statement as `actor`'s judgement, in one transaction; gives how many. Raises `Refusal`."""
    found = preview_vex(session, product, content)
    for match, said in found.taken:
        from_file = f"({file_name})"
        reason = said.detail if said.detail.endswith(from_file) else f"{said.detail} {from_file}".strip()
        keep_judgement(
            session, actor, match, state=said.state, justification=said.justification, reason=reason, until=said.until
        )
    digest = hashlib.sha256(content).hexdigest()
    record(session, actor, Action.IMPORT_VEX, file_name, product_id=product.id, sha256=digest, count=len(found.taken))
    return len(found.taken)
