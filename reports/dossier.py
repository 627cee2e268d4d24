"""The content of a homologation dossier: canonical JSON, whose SHA-256 names it for ever, and the value that it holds."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from reports.frozen import (
    FORMAT,
    Claims,
    Content,
    FrozenDispensation,
    FrozenDispensationEnd,
    FrozenDossier,
    FrozenElsewhere,
    FrozenLifting,
    FrozenWithdrawal,
    InventoryText,
    Page,
)
from reports.frozen_decision import FrozenDecision, FrozenSigner
from risk_models import product_file
from risk_models.plain_values import make_converter
from risk_models.system import System

if TYPE_CHECKING:
    from cattrs import Converter


def upgrade_1_to_2(plain: dict[str, Any]) -> dict[str, Any]:
    """The outlooks, of which format 1 held the loss without measure alone; no sensitivity analysis, no acceptance."""
    assessment = plain["assessment"]
    return plain | {
        "views": {
            "raw": {"loss": plain["raw_loss"], "assets": []},
            "current": {"loss": assessment["loss"], "assets": assessment["assets"]},
            "target": {"loss": assessment["residual_loss"], "assets": assessment["residual_assets"]},
        },
        "stability": {"draws": 0, "kept": {}},
        "accepted_findings": [],
    }


# By the format that each reads; formats 3 and 4 only added parts.
_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: upgrade_1_to_2}
_PAGES: tuple[type[Page], ...] = (FrozenWithdrawal, FrozenLifting, FrozenDispensation, FrozenDispensationEnd)
_KINDS: dict[str | None, type[Content]] = {
    None: FrozenDossier,
    FrozenElsewhere.kind: FrozenElsewhere,
    **{page.kind: page for page in _PAGES},
}


@cache
def _converter() -> "Converter":
    from cattrs.gen import make_dict_unstructure_fn, override

    made = make_converter()
    made.register_unstructure_hook(System, lambda system: product_file.to_dict(system, complete=True))
    made.register_structure_hook(System, lambda plain, _: product_file.from_dict(plain))
    made.register_unstructure_hook(InventoryText, json.loads)
    made.register_structure_hook(
        InventoryText, lambda bom, _: InventoryText(json.dumps(bom, ensure_ascii=False, sort_keys=True, indent=1))
    )
    absent = override(omit_if_default=True)  # a key that is there only where it says something
    signer = make_dict_unstructure_fn(FrozenSigner, made, on_behalf_of=absent, vouched=absent)
    made.register_unstructure_hook(FrozenSigner, signer)
    decision = make_dict_unstructure_fn(
        FrozenDecision,
        made,
        doubts=absent,
        outside=absent,
        accepted=absent,
        reply=absent,
        exploited=absent,
        exploited_reason=absent,
        factor=absent,
        to_notify=absent,
        seal_sha256=absent,
    )
    made.register_unstructure_hook(FrozenDecision, decision)
    for kind in (*_PAGES, FrozenElsewhere):
        made.register_unstructure_hook(kind, _with_its_kind(make_dict_unstructure_fn(kind, made)))
    return made


def _with_its_kind(
    unstructure: Callable[[Page | FrozenElsewhere], dict[str, Any]],
) -> Callable[[Page | FrozenElsewhere], dict[str, Any]]:
    return lambda value: {"kind": value.kind} | unstructure(value)


def canonical(plain: object) -> str:
    """Canonical JSON: keys sorted, no space, UTF-8; the same value always gives the same text."""
    return json.dumps(plain, default=_iso, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _iso(value: object) -> str:
    """The days that a product file holds."""
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a dossier")


def is_canonical(text: str) -> bool:
    """Raises `ValueError` for what is no JSON."""
    return canonical(json.loads(text)) == text


def dumps(value: Content) -> str:
    """The canonical JSON of a content, whose SHA-256 names it."""
    return canonical(_converter().unstructure(value))


def loads_any(text: str) -> Content:
    """A content of any format and kind ever frozen.

    Raises `ValueError`, `TypeError` or `KeyError` for what is none: it is ours, whose hash was checked.
    """
    plain = json.loads(text)
    for known in range(plain["format"], FORMAT):
        plain = _UPGRADES.get(known, dict)(plain)
    kind = _KINDS[plain.get("kind")]
    if kind is not FrozenDossier:
        return _converter().structure(plain, kind)
    found = _converter().structure(plain, FrozenDossier)
    return replace(found, system=replace(found.system, as_of=found.frozen_on))


def loads(text: str) -> FrozenDossier:
    """As `loads_any`, of what is known to be a dossier. Raises `ValueError` for another kind."""
    found = loads_any(text)
    if not isinstance(found, FrozenDossier):
        raise ValueError(f"a dossier was expected, not a {found.kind}")
    return found


def loads_claims(text: str) -> Claims | Page:
    """What any file says of itself, without reading the rest. Raises `ValueError`, `TypeError`, `KeyError` or
    `AttributeError` for what is no content of ours."""
    plain = json.loads(text)
    kind = _KINDS.get(plain.get("kind"))
    if kind in _PAGES:
        return _converter().structure(plain, kind)
    return _converter().structure(plain, Claims)


def with_decision(text: str, decision: FrozenDecision) -> str:
    """The content that was asked, `text`, once decided: nothing else of it changes, whatever its format."""
    return canonical(json.loads(text) | {"decision": _converter().unstructure(decision)})


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
