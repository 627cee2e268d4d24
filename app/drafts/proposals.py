"""A draft beside what a product already holds: what is new, changed, the same or gone; and the product with what was chosen."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from risk_models.exposure.package_names import UnreadableName, split_purl
from risk_models.system import Component, Link, Measure, Secret, System

CONFIDENCES = ("sure", "likely", "guess")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that a draft proposes. `state`: "new", "changed" or "gone"; `links`: what would be linked with it; `keys`: those
    that it would be said to keep."""

    key: str
    name: str
    state: str
    confidence: str
    sources: tuple[str, ...]
    component: Component | None = None
    link: Link | None = None
    measure: Measure | None = None
    before: str = ""
    links: tuple[Link, ...] = ()
    keys: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposals:
    """What is to be decided, and how much is already there."""

    found: tuple[Proposal, ...]
    same: tuple[str, ...]

    def of(self, confidence: str) -> list[Proposal]:
        return [p for p in self.found if p.state != "gone" and p.confidence == confidence]

    @property
    def gone(self) -> list[Proposal]:
        return [p for p in self.found if p.state == "gone"]


def read_told(extra: tuple[tuple[str, str], ...], key: str) -> str | list[str]:
    for name, value in extra:
        if name == key:
            found: str | list[str] = json.loads(value)
            return found
    return ""


def is_drafted(extra: tuple[tuple[str, str], ...]) -> bool:
    return any(name == "x-confidence" for name, _ in extra)


def _sources(extra: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    found = read_told(extra, "x-sources")
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _package(c: Component) -> str:
    try:
        return split_purl(c.purl)[0] if c.purl else ""
    except UnreadableName:
        return ""


def _alike(mine: Component | None, drafted: Component) -> bool:
    """Whether two of the same id may be one: the same kind, and no package that says otherwise."""
    return mine is not None and mine.kind is drafted.kind and not (_package(mine) and _package(drafted))


def _says_more(drafted: Component, mine: Component) -> bool:
    """Whether a draft's version is another one, rather than a shorter way to say the same."""
    version, known = drafted.version or "", mine.version or ""
    return bool(version) and known != version and not known.startswith(f"{version}.")


def find_counterparts(old: System, new: System) -> dict[str, str]:
    """By id in the draft, the id of the same component in the product: same name, same package, same id and kind."""
    names = {c.name.lower(): c.id for c in old.components}
    packages = {_package(c): c.id for c in old.components if _package(c)}
    by_id = {c.id: c for c in old.components}
    found: dict[str, str] = {}
    for c in new.components:
        same = names.get(c.name.lower()) or packages.get(_package(c)) or (c.id if _alike(by_id.get(c.id), c) else None)
        if same and same not in found.values():
            found[c.id] = same
    return found


def make_proposals(old: System, new: System) -> Proposals:
    """What `new`, a draft, says that `old`, the product, does not."""
    same = find_counterparts(old, new)
    by_id = {c.id: c for c in old.components}
    links: dict[str, list[Link]] = defaultdict(list)
    for link in new.links:
        links[link.source].append(link)
        links[link.target].append(link)
    found = []
    kept = []
    for c in new.components:
        mine = by_id.get(same.get(c.id, ""))
        confidence = str(read_told(c.extra, "x-confidence") or "guess")
        if mine is None:
            found.append(
                Proposal(
                    f"c:{c.id}",
                    c.name,
                    "new",
                    confidence,
                    _sources(c.extra),
                    component=c,
                    links=tuple(links[c.id]),
                    keys=c.secrets or (),
                )
            )
            continue
        more_keys = c.secrets if mine.secrets is None else None
        if more_keys:
            found.append(
                Proposal(f"k:{c.id}", mine.name, "changed", "likely", _sources(c.extra), component=c, keys=more_keys)
            )
        if _says_more(c, mine):
            before = mine.version or "?"
            found.append(
                Proposal(f"c:{c.id}", mine.name, "changed", confidence, _sources(c.extra), component=c, before=before)
            )
        elif not more_keys:
            kept.append(mine.name)
    found += _links_between(old, new, same)
    found += _measures_beside(old, new, same)
    seen = set(same.values())
    for c in old.components:
        if is_drafted(c.extra) and c.id not in seen:
            found.append(Proposal(f"g:{c.id}", c.name, "gone", "", _sources(c.extra), component=c))
    return Proposals(tuple(found), tuple(kept))


def _measures_beside(old: System, new: System, same: dict[str, str]) -> Iterator[Proposal]:
    """Measures that the product does not place where the draft does."""
    placed = {(m.measure, on) for m in old.measures for on in m.on or ("",)}
    for m in new.measures:
        wanted = tuple(on for on in m.on or ("",) if (m.measure, same.get(on, on)) not in placed)
        if wanted:
            confidence = str(read_told(m.extra, "x-confidence") or "guess")
            there = replace(m, on=wanted if m.on else ())
            yield Proposal(f"m:{m.measure}", m.measure, "new", confidence, _sources(m.extra), measure=there)


def _links_between(old: System, new: System, same: dict[str, str]) -> Iterator[Proposal]:
    """Links that the product lacks, between components that it has."""
    there = {(k.source, k.target, k.kind) for k in old.links}
    names = {c.id: c.name for c in old.components}
    for link in new.links:
        source, target = same.get(link.source), same.get(link.target)
        if source and target and source != target and (source, target, link.kind) not in there:
            confidence = str(read_told(link.extra, "x-confidence") or "guess")
            name = f"{names[source]} → {names[target]}"
            yield Proposal(_key(link), name, "new", confidence, _sources(link.extra), link=link)


def _key(link: Link) -> str:
    return f"l:{link.source}:{link.kind}:{link.target}"


def take_chosen(old: System, new: System, keys: Collection[str]) -> System:
    """`old` with what was chosen of `new`: components with the links between what is there, measures, versions; and
    without what is gone and was chosen to go."""
    same = find_counterparts(old, new)
    components = {c.id: c for c in old.components}
    ids, keeping = dict(same), dict[str, Component]()
    for c in new.components:
        if f"k:{c.id}" in keys and c.id in same:
            keeping[same[c.id]] = c
        if f"c:{c.id}" not in keys:
            continue
        if c.id in same:
            mine = components[same[c.id]]
            components[mine.id] = replace(mine, version=c.version, purl=c.purl or mine.purl, eol=c.eol or mine.eol)
        else:
            ids[c.id] = _free(c.id, components)
            components[ids[c.id]] = replace(c, id=ids[c.id])
    gone = {key[2:] for key in keys if key.startswith("g:")} & components.keys()
    kept = _kept_components(old, components, ids, keeping, gone)
    links = {(k.source, k.target, k.kind): k for k in old.links}
    for link in new.links:
        source, target = ids.get(link.source), ids.get(link.target)
        if source and target and source != target and {f"c:{link.source}", f"c:{link.target}", _key(link)} & {*keys}:
            links.setdefault((source, target, link.kind), replace(link, source=source, target=target))
    measures = [replace(m, on=tuple(on for on in m.on if on not in gone)) for m in old.measures]
    placed = {(m.measure, on) for m in measures for on in m.on or ("",)}
    for m in new.measures:
        if f"m:{m.measure}" in keys:
            on = tuple(ids[o] for o in m.on if o in ids and ids[o] in kept and (m.measure, ids[o]) not in placed)
            if on or (not m.on and (m.measure, "") not in placed):
                measures.append(replace(m, on=on))
    return replace(
        old,
        components=tuple(kept.values()),
        links=tuple(k for k in links.values() if k.source in kept and k.target in kept),
        assets=tuple(replace(a, lives_in=tuple(c for c in a.lives_in if c in kept)) for a in old.assets),
        measures=tuple(measures),
    )


def _kept_components(
    old: System,
    components: Mapping[str, Component],
    ids: Mapping[str, str],
    keeping: Mapping[str, Component],
    gone: Collection[str],
) -> dict[str, Component]:
    """By id, the components that stay, none of which names one that does not.

    `ids`: those of the draft by theirs there; `keeping`: by id, the drafted component whose keys were chosen.
    """
    there = {i: i for i in components if i not in gone}
    drafted = {in_draft: mine for in_draft, mine in ids.items() if mine in there}
    known = {c.id for c in old.components}
    kept = {i: components[i].naming(there) if i in known else _with_its_keys(components[i], drafted) for i in there}
    chosen = {i: _with_its_keys(c, drafted).secrets for i, c in keeping.items() if i in kept}
    return kept | {i: replace(kept[i], secrets=secrets) for i, secrets in chosen.items()}


def _with_its_keys(c: Component, ids: Mapping[str, str]) -> Component:
    """A drafted component by the ids of the product, with the keys of what is there alone."""
    opening = tuple(s for s in c.secrets or () if not s.opens or any(other in ids for other in s.opens))
    return replace(c, secrets=opening or None).naming(ids)


def _free(wanted: str, taken: Collection[str]) -> str:
    number, found = 2, wanted
    while found in taken:
        found, number = f"{wanted}-{number}", number + 1
    return found
