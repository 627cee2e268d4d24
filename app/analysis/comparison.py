"""Two pictures of a product side by side: what is new, what changed and how, what is gone."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l

from app.platform.i18n import decimal, language, word
from risk_models import catalogue
from risk_models.scales import (
    Aim,
    Exposure,
    Hosting,
    Likelihood,
    MeasureStatus,
    Need,
    ProofState,
    RiskLevel,
    SecurityLevel,
    Severity,
    StakeholderZone,
    Treatment,
)
from risk_models.system import Component, EssentialAsset, Measure, System

V = TypeVar("V")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Change:
    """What differs in one part: names added, changed and gone."""

    part: Any
    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


def _measure_name(m: Measure) -> str:
    kind = catalogue.measures().get(m.measure)
    return kind.name.in_(language()) if kind else m.measure


def systems(old: System, new: System) -> list[Change]:
    """Part by part; parts that stay the same are left out."""
    names = {c.id: c.name for c in (*old.components, *new.components)}

    def link(k: Any) -> str:
        return f"{names[k.source]} → {names[k.target]} ({word(k.kind).lower()})"

    changes = [
        change(_l("Composants"), old.components, new.components, lambda c: c.id, lambda c: c.name),
        change(_l("Liens"), old.links, new.links, lambda k: (k.source, k.target, k.kind), link),
        change(_l("Valeurs métier"), old.assets, new.assets, lambda a: a.id, lambda a: a.name),
        change(_l("Mesures"), old.measures, new.measures, lambda m: (m.measure, m.on), _measure_name),
        change(_l("Contacts"), old.product.contacts, new.product.contacts, lambda c: c.name, lambda c: c.name),
        change(_l("Phases"), old.product.phases, new.product.phases, lambda p: (p.name, p.start), lambda p: p.name),
    ]
    return [c for c in changes if c.added or c.changed or c.gone]


def change(
    part: Any, old: Iterable[V], new: Iterable[V], key: Callable[[V], object], name: Callable[[V], str]
) -> Change:
    """One part; `key` names a thing from one picture to the other."""
    before, after = ({key(v): v for v in map(_unordered, values)} for values in (old, new))
    return Change(
        part,
        added=tuple(name(v) for k, v in after.items() if k not in before),
        changed=tuple(
            f"{name(v)} ({_differences(before[k], v)})" for k, v in after.items() if k in before and before[k] != v
        ),
        gone=tuple(name(v) for k, v in before.items() if k not in after),
    )


def _differences(before: Any, after: Any) -> str:
    """The fields that differ, with what they lose and win."""
    pairs = (
        {k: (before.get(k), after.get(k)) for k in {**before, **after}}
        if isinstance(before, dict)
        else {f.name: (getattr(before, f.name), getattr(after, f.name)) for f in dataclasses.fields(before)}
    )
    told = [
        _differences(old, new)
        if isinstance(old, dict) and isinstance(new, dict)
        else f"{_field(name)}{catalogue.colon(language())} {_shown(old, name)} → {_shown(new, name)}"
        for name, (old, new) in pairs.items()
        if old != new and name not in {"assumed", "extra"}
    ]
    return " ; ".join(told) or "x-"


# How people call what differs, and the closed lists whose codes they never see.
_FIELDS: dict[str, Any] = {
    "dependency": _l("dépendance"), "penetration": _l("pénétration"), "maturity": _l("maturité"), "trust": _l("confiance"),
    "threat": _l("menace"), "zone": _l("zone"), "note": _l("attentes"), "severity": _l("gravité"),
    "likelihood": _l("vraisemblance"), "computed_severity": _l("gravité selon le schéma"),
    "computed_likelihood": _l("vraisemblance selon le schéma"), "risk": _l("risque"), "treatment": _l("décision"),
    "treatment_note": _l("comment"), "accepted_by": _l("accepté par"), "accepted_until": _l("accepté jusqu’au"),
    "kept": _l("retenu"), "why": _l("raison"), "why_not": _l("raison de l’écart"), "status": _l("état"), "due": _l("échéance"),
    "owner": _l("responsable"), "reason": _l("raison"), "description": _l("texte"), "story": _l("texte"), "need": _l("atteinte"),
    "level": _l("niveau"), "motivation": _l("motivation"), "resources": _l("moyens"), "aim": _l("but"), "proof": _l("preuve"),
    "can_suspend": _l("peut suspendre"), "phone": _l("téléphone"), "email": _l("adresse"), "role": _l("rôle"),
    "computed": _l("niveau calculé"), "wanted": _l("niveau voulu"), "data": _l("données"), "volume": _l("volume"),
    "outage": _l("arrêt supportable"), "audience": _l("public"), "openness": _l("ouverture"),
    "proofs": _l("preuves"), "exposure": _l("exposition"), "hosting": _l("hébergement"), "version": _l("version"), "name": _l("nom"), "on": _l("composants"),
}  # fmt: skip
_LISTS: dict[str, type[Enum]] = {
    "zone": StakeholderZone, "treatment": Treatment, "risk": RiskLevel, "need": Need, "aim": Aim, "status": MeasureStatus,
    "proof": ProofState, "exposure": Exposure, "hosting": Hosting, "level": SecurityLevel, "severity": Severity,
    "likelihood": Likelihood, "computed_severity": Severity, "computed_likelihood": Likelihood,
}  # fmt: skip


def _field(name: str) -> str:
    return str(_FIELDS.get(name, name))


def _shown(value: Any, name: str = "") -> str:
    if isinstance(value, bool):
        return str(_l("oui") if value else _l("non"))
    if name in _LISTS and value not in (None, ""):
        return word(_LISTS[name](value))
    if isinstance(value, float):
        return decimal(value)
    if value in (None, (), ""):
        return "∅"
    if isinstance(value, tuple):
        return _short(", ".join(str(getattr(v, "id", getattr(v, "name", v))) for v in value))
    return _short(str(value)) if not dataclasses.is_dataclass(value) else "…"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _unordered(value: V) -> V:
    """Neither the order of components, where it says nothing, nor who gave a value is a change."""
    match value:
        case Component():
            return dataclasses.replace(value, assumed=())
        case Measure():
            return dataclasses.replace(value, on=tuple(sorted(value.on)))
        case EssentialAsset():
            return dataclasses.replace(value, lives_in=tuple(sorted(value.lives_in)))
    return value
