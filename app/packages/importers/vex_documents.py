"""What a VEX document says of flaws, in its three forms: CycloneDX (1.4 to 1.7), OpenVEX (0.0.1 to 0.2.0), CSAF 2.0's VEX profile.

Sources: cyclonedx.org (vulnerability analysis), github.com/openvex/spec, docs.oasis-open.org/csaf (profile 5).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l

from app.packages.importers.vex_statements import LeftEntry, Statement
from app.packages.kinds import COMPONENT, STATE, UNTIL, FlawState, Justification
from app.platform.clock import instant_of
from app.platform.foreign_json import load_json
from app.platform.refusals import Refusal, unreadable_json
from risk_models.exposure.package_names import UnreadableName, split_purl
from risk_models.rules.limits import FILE_BYTES

_LONGEST_NAME = 100  # of a flaw, in any record
Said = list[Statement | LeftEntry]


def read_vex(content: bytes) -> tuple[Said, tuple[str, ...]]:
    """What a document states, and what of it cannot be taken; and the products that it says it is about. Raises `Refusal` at the
    field `file`."""
    if len(content) > FILE_BYTES:
        raise Refusal(_l("Ce fichier est trop grand : 30 Mo au plus."), "file")
    try:
        document = load_json(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise unreadable_json(error) from error
    if isinstance(document, dict):
        entries = document.get("vulnerabilities")
        if document.get("bomFormat") == "CycloneDX" and _filled(entries):
            reader = _Cyclonedx(document)
            said = [said for n, entry in enumerate(_list(entries), 1) for said in reader.read(n, entry)]
            return said, _about(document)
        if "openvex" in str(document.get("@context")) and _filled(document.get("statements")):
            at = instant_of(document.get("timestamp"))
            said = [
                _with_version(s) for n, entry in enumerate(document["statements"], 1) for s in _openvex(n, entry, at)
            ]
            return said, _about(document)
        if str(_at(document, "document", "category")).startswith("csaf") and _filled(entries):
            tree = document.get("product_tree")
            products, groups = dict(_csaf_products(tree)), _csaf_groups(tree)
            said = [_with_version(s) for n, e in enumerate(_list(entries), 1) for s in _csaf(n, e, products, groups)]
            return said, _about(document)
    raise Refusal(
        _l(
            "Ce n’est pas un document VEX : on y attend des failles en CycloneDX (« vulnerabilities »), en OpenVEX"
            " (« statements ») ou en CSAF (« vulnerabilities »)."
        ),
        "file",
    )


def _with_version(said: Statement | LeftEntry) -> Statement | LeftEntry:
    """A statement of a publisher, unless it says that a package is mended and not in which version: that is not every one."""
    if isinstance(said, Statement) and said.state is FlawState.RESOLVED and said.package:
        return said if said.version or said.span else LeftEntry(said.told(), "no_version")
    return said


def _about(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The products that a document says it is about, by what it calls them: whose they are, its reader knows."""
    described = _at(document, "metadata", "component")
    found = [_at(described, "name") or _at(described, "purl")]
    for entry in _list(_at(document, "statements")):
        parts = _list(_at(entry, "subcomponents"))
        for product in _list(_at(entry, "products")):
            told = _at(product, "identifiers", "purl") or _at(product, "@id") or product
            held = parts or _list(_at(product, "subcomponents")) or _is_product(told)
            found.append((_at(product, "@id") or told) if held else None)
    for one in _list(_at(document, "product_tree", "relationships")):
        found.append(_at(one, "full_product_name", "name"))
    return tuple(dict.fromkeys(filter(None, map(_plain, found))))


def _filled(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _at(holder: Any, *keys: str) -> Any:
    for key in keys:
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    return holder


def _plain(value: Any) -> str:
    """Text that every database keeps; nothing of what is no text."""
    return value[:4000].replace("\0", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _answer(state: FlawState, justification: Justification | None, detail: str) -> str:
    """Why an answer cannot be taken, empty where it can: harmless without a word of why is no answer."""
    return "no_reason" if state is FlawState.NOT_AFFECTED and not justification and not detail else ""


_STATES = {
    "in_triage": FlawState.IN_TRIAGE,
    "exploitable": FlawState.EXPLOITABLE,
    "not_affected": FlawState.NOT_AFFECTED,
    "false_positive": FlawState.NOT_AFFECTED,
    "resolved": FlawState.RESOLVED,
    "resolved_with_pedigree": FlawState.RESOLVED,
}


class _Cyclonedx:
    """Reads the entries of a document by what its references name."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._purls: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self._components: dict[str, str] = {}
        described = _at(document, "metadata", "component")
        self._whole = _at(described, "bom-ref")
        self._at = instant_of(_at(document, "metadata", "timestamp"))
        pending = [*_list(document.get("components")), *_list(_at(described, "components"))]
        while pending:
            item = pending.pop()
            ref = _at(item, "bom-ref")
            if isinstance(ref, str):
                self._purls |= {ref: item["purl"]} if isinstance(item.get("purl"), str) else {}
                self._versions[ref] = _plain(item.get("version"))
                self._components[ref] = _property(item, COMPONENT)
            pending += _list(_at(item, "components"))

    def read(self, number: int, entry: Any) -> Iterator[Statement | LeftEntry]:
        name = _plain(_at(entry, "id"))[:_LONGEST_NAME]
        what = f"{number} : {name or str(entry)[:60]}"
        said = _at(entry, "analysis", "state")
        state = _STATES.get(str(said))
        if not name or state is None:
            yield LeftEntry(what, "no_flaw" if not name else "no_answer")
            return
        until = _day(_property(entry, UNTIL))
        if _property(entry, STATE) == FlawState.ACCEPTED.value and until:
            state = FlawState.ACCEPTED
        told = {j.value: j for j in Justification}.get(str(_at(entry, "analysis", "justification")))
        justification = told or (Justification.CODE_NOT_PRESENT if said == "false_positive" else None)
        detail = _plain(_at(entry, "analysis", "detail"))
        if why := _answer(state, justification, detail):
            yield LeftEntry(what, why)
            return
        names = (name, *(_plain(_at(one, "id")) for one in _list(entry.get("references"))))
        base = Statement(
            names=tuple(n for n in names if n),
            package="",
            version="",
            state=state,
            justification=justification if state is FlawState.NOT_AFFECTED else None,
            detail=detail,
            until=until if state is FlawState.ACCEPTED else None,
            said_at=instant_of(_at(entry, "analysis", "lastUpdated") or _at(entry, "updated")) or self._at,
        )
        affects = _list(entry.get("affects"))
        if not affects:
            yield LeftEntry(what, "nowhere")
        for one in affects:
            yield from self._affected(base, one, what)

    def _affected(self, base: Statement, one: Any, what: str) -> Iterator[Statement | LeftEntry]:
        ref = _at(one, "ref")
        if not isinstance(ref, str):
            yield LeftEntry(what, "nowhere")
            return
        said = base
        if ref != self._whole or ref in self._purls:
            try:
                package, version = split_purl(self._purls.get(ref) or ref.rpartition("#")[2])
            except UnreadableName:
                yield LeftEntry(f"{what}, {ref[:80]}", "no_package")
                return
            # Of a purl without version, the component may tell which beside it.
            version = version or self._versions.get(ref, "")
            said = replace(base, package=package, version=version, component=self._components.get(ref, ""))
        versions = _list(one.get("versions"))
        if not versions:
            yield said
            return
        # What is harmless is not said of an affected version, nor the contrary.
        harmless = said.state in {FlawState.NOT_AFFECTED, FlawState.RESOLVED}
        fit = [v for v in versions if (_at(v, "status") or "affected") == ("unaffected" if harmless else "affected")]
        for v in fit:
            if isinstance(_at(v, "version"), str):
                yield replace(said, version=v["version"])
            elif isinstance(_at(v, "range"), str):
                yield replace(said, version="", span=v["range"])
        if not fit:
            yield LeftEntry(said.told(), "other_versions")


def _property(holder: Any, name: str) -> str:
    for one in _list(_at(holder, "properties")):
        if _at(one, "name") == name and isinstance(one.get("value"), str):
            return _plain(one["value"])
    return ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


_OPEN_STATES = {
    "not_affected": FlawState.NOT_AFFECTED,
    "affected": FlawState.EXPLOITABLE,
    "fixed": FlawState.RESOLVED,
    "under_investigation": FlawState.IN_TRIAGE,
}
_REASONS = {
    "component_not_present": Justification.CODE_NOT_PRESENT,
    "vulnerable_code_not_present": Justification.CODE_NOT_PRESENT,
    "vulnerable_code_not_in_execute_path": Justification.CODE_NOT_REACHABLE,
    "vulnerable_code_cannot_be_controlled_by_adversary": Justification.REQUIRES_ENVIRONMENT,
    "inline_mitigations_already_exist": Justification.PROTECTED_BY_MITIGATING_CONTROL,
}


def _openvex(number: int, entry: Any, document_at: datetime | None) -> Iterator[Statement | LeftEntry]:
    flaw = _at(entry, "vulnerability")
    address = _plain(_at(flaw, "@id")).rstrip("/").rpartition("/")[2]
    named = [_at(flaw, "name") or address, *_list(_at(flaw, "aliases"))]
    told = [flaw] if isinstance(flaw, str) else named
    names = tuple(name[:_LONGEST_NAME] for name in map(_plain, told) if name)
    state = _OPEN_STATES.get(str(_at(entry, "status")))
    what = f"{number} : {names[0] if names else str(entry)[:60]}"
    if not names or state is None:
        yield LeftEntry(what, "no_flaw" if not names else "no_answer")
        return
    detail = _plain(_at(entry, "impact_statement") or _at(entry, "action_statement") or _at(entry, "status_notes"))
    justification = _REASONS.get(str(_at(entry, "justification"))) if state is FlawState.NOT_AFFECTED else None
    if why := _answer(state, justification, detail):
        yield LeftEntry(what, why)
        return
    at = instant_of(_at(entry, "last_updated") or _at(entry, "timestamp")) or document_at
    base = Statement(names, "", "", state, justification, detail, said_at=at)
    products = _list(_at(entry, "products"))
    if not products:
        yield LeftEntry(what, "nowhere")
    for product in products:
        # Of a product that carries packages, each is named within it; else the product is the package.
        within = _list(_at(product, "subcomponents")) or _list(_at(entry, "subcomponents")) or [product]
        for one in within:
            purl = _at(one, "identifiers", "purl") or _at(one, "@id") or one
            yield base if _is_product(purl) else _named(base, purl, what)


def _is_product(purl: Any) -> bool:
    """Whether what is named is a product and no package that one carries: an image, or an address that is no purl."""
    return isinstance(purl, str) and (purl.startswith(("pkg:oci/", "pkg:docker/", "https://", "http://")))


def _named(base: Statement, purl: Any, what: str) -> Statement | LeftEntry:
    try:
        package, version = split_purl(purl if isinstance(purl, str) else "")
    except UnreadableName:
        return LeftEntry(f"{what}, {str(purl)[:80]}", "no_package")
    return replace(base, package=package, version=version)


_CSAF_STATES = {
    "known_not_affected": FlawState.NOT_AFFECTED,
    "known_affected": FlawState.EXPLOITABLE,
    "fixed": FlawState.RESOLVED,
    "under_investigation": FlawState.IN_TRIAGE,
}


class _Product(NamedTuple):
    """The purl of a product, and the version or the range that its branch says it stands for."""

    purl: str
    version: str
    span: str


def _csaf_products(tree: Any) -> Iterator[tuple[str, _Product]]:
    """By identifier, each product; of one that stands in another, the part."""
    found: dict[str, _Product] = {}
    cpes: dict[str, str] = {}
    top = [*_list(_at(tree, "full_product_names")), *_list(_at(tree, "branches"))]
    pending = [(item, "", "") for item in top]
    while pending:
        item, version, span = pending.pop()
        told = _plain(_at(item, "name"))
        if _at(item, "category") == "product_version_range":
            version, span = "", told
        elif _at(item, "category") == "product_version":
            version, span = told, ""
        product = _at(item, "product") or item
        purl, cpe = (_at(product, "product_identification_helper", kind) for kind in ("purl", "cpe"))
        if isinstance(_at(product, "product_id"), str) and isinstance(cpe, str):
            cpes[product["product_id"]] = cpe
        if isinstance(_at(product, "product_id"), str) and isinstance(purl, str):
            named = "" if version or span else _version_named(_plain(_at(product, "name")))
            found[product["product_id"]] = _Product(purl, version or named, span)
        pending += [(below, version, span) for below in _list(_at(item, "branches"))]
    for one in _list(_at(tree, "relationships")):
        whole, part = _at(one, "full_product_name", "product_id"), str(_at(one, "product_reference"))
        if isinstance(whole, str) and part in found:
            platform = cpes.get(str(_at(one, "relates_to_product_reference")), "")
            found.setdefault(whole, found[part]._replace(purl=_of_platform(found[part].purl, platform)))
    yield from found.items()


def _version_named(name: str) -> str:
    """The version at the end of the full name of a product, which no branch gives."""
    found = re.search(r"[\s:@-]v?(\d+(?:\.\d+)+[^\s]*)$", name)
    return found[1] if found else ""


def _of_platform(purl: str, cpe: str) -> str:
    """The package of a distribution as that of the release that it stands in; nothing where none of them tells it."""
    if not purl.startswith(("pkg:rpm/", "pkg:deb/", "pkg:apk/")) or "distro=" in purl:
        return purl
    release = re.search(r"redhat:(?:enterprise_linux|rhel_\w+):(\d+)", cpe)
    return f"{purl}{'&' if '?' in purl else '?'}distro=rhel-{release[1]}" if release else ""


def _csaf_groups(tree: Any) -> dict[str, set[Any]]:
    """The products of each group."""
    groups = [one for one in _list(_at(tree, "product_groups")) if isinstance(_at(one, "group_id"), str)]
    return {one["group_id"]: {p for p in _list(_at(one, "product_ids")) if isinstance(p, str)} for one in groups}


def _csaf(
    number: int, entry: Any, products: Mapping[str, _Product], groups: Mapping[str, set[Any]]
) -> Iterator[Statement | LeftEntry]:
    ids = [_at(entry, "cve"), *(_at(one, "text") for one in _list(_at(entry, "ids")))]
    names = tuple(name[:_LONGEST_NAME] for name in map(_plain, ids) if name)
    what = f"{number} : {names[0] if names else str(entry)[:60]}"
    if not names:
        yield LeftEntry(what, "no_flaw")
        return
    status = _at(entry, "product_status")
    said = [(state, str(product)) for key, state in _CSAF_STATES.items() for product in _list(_at(status, key))]
    if not said:
        yield LeftEntry(what, "no_answer")
    labels = _About(entry, "flags", "label", groups)
    # Of threats, impact alone says why; what to install is no reason that something is harmless.
    impacts = _About(entry, "threats", "details", groups, category="impact")
    mendings = _About(entry, "remediations", "details", groups)
    for state, product in said:
        label = labels.of(product)
        detail = _plain(impacts.of(product) or (None if state is FlawState.NOT_AFFECTED else mendings.of(product)))
        justification = _REASONS.get(str(label)) if state is FlawState.NOT_AFFECTED else None
        why = _answer(state, justification, detail)
        if why or product not in products:
            yield LeftEntry(f"{what}, {product[:80]}", why or "no_package")
        else:
            purl, version, span = products[product]
            found = _named(Statement(names, "", "", state, justification, detail), purl, what)
            bare = isinstance(found, Statement) and not found.version
            yield replace(found, version=version, span=span) if bare and isinstance(found, Statement) else found


class _About:
    """What a group of an entry says of each product, by itself or by a group that it is of, or of all."""

    def __init__(
        self, entry: Any, group: str, key: str, groups: Mapping[str, set[Any]], category: str | None = None
    ) -> None:
        self._said: dict[str, tuple[int, Any]] = {}
        self._of_all: tuple[int, Any] | None = None
        for place, one in enumerate(_list(_at(entry, group))):
            if category is not None and _at(one, "category") != category:
                continue
            told, listed = _list(_at(one, "product_ids")), _list(_at(one, "group_ids"))
            if not told and not listed and self._of_all is None:
                self._of_all = place, _at(one, key)
            products = [p for p in told if isinstance(p, str)]
            products += (p for g in listed if isinstance(g, str) for p in groups.get(g, ()))
            for product in products:
                self._said.setdefault(product, (place, _at(one, key)))

    def of(self, product: str) -> Any:
        found = [said for said in (self._said.get(product), self._of_all) if said]
        return min(found, key=lambda said: said[0])[1] if found else None
