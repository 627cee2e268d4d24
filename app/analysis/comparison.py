"""Two pictures of a product side by side: what is new, what changed and how, what is gone."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l

from risk_models.system import EssentialAsset, Measure, System

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Change:
    """What differs in one part: names added, changed and gone."""

    part: Any
    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


def systems(old: System, new: System) -> list[Change]:
    """Part by part; parts that stay the same are left out."""
    names = {c.id: c.name for c in (*old.components, *new.components)}

    def link(k: Any) -> str:
        return f"{names[k.source]} → {names[k.target]} ({k.kind})"

    changes = [
        change(_l("Composants"), old.components, new.components, lambda c: c.id, lambda c: c.name),
        change(_l("Liens"), old.links, new.links, lambda k: (k.source, k.target, k.kind), link),
        change(_l("Valeurs métier"), old.assets, new.assets, lambda a: a.id, lambda a: a.name),
        change(_l("Mesures"), old.measures, new.measures, lambda m: (m.measure, m.on), lambda m: m.measure),
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
        f"{name} : {_shown(old)} → {_shown(new)}"
        for name, (old, new) in pairs.items()
        if old != new and name not in {"assumed", "extra"}
    ]
    return " ; ".join(told) or "x-"


def _shown(value: Any) -> str:
    if value in (None, (), ""):
        return "∅"
    if isinstance(value, tuple):
        return ", ".join(str(getattr(v, "id", v)) for v in value)[:60]
    return str(value)[:60] if not dataclasses.is_dataclass(value) else "…"


def _unordered(value: V) -> V:
    """Where the order of components says nothing, it is not a change."""
    match value:
        case Measure():
            return dataclasses.replace(value, on=tuple(sorted(value.on)))
        case EssentialAsset():
            return dataclasses.replace(value, lives_in=tuple(sorted(value.lives_in)))
    return value
