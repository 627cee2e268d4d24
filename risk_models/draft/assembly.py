"""From what was noted to a System: components, links and measures, each with the lines that say so."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from risk_models import catalogue
from risk_models.draft.applications import Application, cycle_of, find_applications
from risk_models.draft.environment import names_a_secret
from risk_models.draft.gathered_components import Aside, Thing, Things
from risk_models.draft.knowledge import Signs, matches_any
from risk_models.draft.repository_facts import Seen, UpdatedFolder
from risk_models.product_file.component_format import derived_patcher
from risk_models.product_file.file_format import id_of
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, MeasureStatus, Patcher
from risk_models.system import Component, EndOfLife, Extra, Link, Measure, Product, Secret, System

_ORDER = {"sure": 0, "likely": 1, "guess": 2}
_SHOWN = 6
_READ_TOO = frozenset({ComponentKind.DATABASE, ComponentKind.SEARCH, ComponentKind.STORAGE})
_PAAS = ("Scalingo", "Clever Cloud", "Heroku", "Vercel", "Netlify")
_PACKAGE_SETS = {
    "npm": "Paquets npm",
    "pypi": "Paquets Python",
    "gem": "Gems Ruby",
    "composer": "Paquets PHP",
    "maven": "Bibliothèques Java",
    "golang": "Modules Go",
    "hex": "Paquets Elixir",
    "nuget": "Paquets .NET",
    "cargo": "Paquets Rust",
}
_SHARED_BY_WORKERS = frozenset({ComponentKind.DATABASE, ComponentKind.CACHE, ComponentKind.QUEUE, ComponentKind.MAIL})


def explain_sources(sources: Iterable[str], confidence: str) -> Extra:
    """The `x-` keys that tell why something is in a draft, and how sure it is."""
    kept = list(dict.fromkeys(sources))[:_SHOWN]
    return (("x-sources", json.dumps(kept, ensure_ascii=False)), ("x-confidence", json.dumps(confidence)))


@dataclass(frozen=True, slots=True)
class Assembled:
    system: System
    aside: tuple[Aside, ...]


def assemble_system(seen: Seen, signs: Signs, fallback: str) -> Assembled:
    """The system that `seen` speaks of; `fallback` names the product where nothing does."""
    eol_of = {name: one.eol_product for one in catalogue.usual_components() for name in one.names}
    apps = find_applications(seen, signs, eol_of)
    things = Things(seen, signs, {image for app in apps for image in app.images})
    title = seen.titles[0].name if seen.titles else fallback
    parts = _Parts(apps, things, seen, signs)
    system = System(
        product=Product(id_of(title), title[:200] or "Produit"),
        components=tuple(parts.components()),
        links=tuple(parts.links()),
        measures=tuple(parts.measures()),
    )
    return Assembled(system, tuple(things.aside))


class _Parts:
    """Applications and things, brought together."""

    def __init__(self, apps: list[Application], things: Things, seen: Seen, signs: Signs) -> None:
        self._apps, self._seen, self._signs = apps, seen, signs
        self._programs = [a for a in apps if a.server]
        self._things = list(things.found.values())
        taken = {app.id for app in apps}
        self._ids: dict[str, str] = {}
        for thing in self._things:
            wanted = id_of(thing.known.name)
            number, self._ids[thing.known.name] = 2, wanted
            while self._ids[thing.known.name] in taken:
                self._ids[thing.known.name], number = f"{wanted}-{number}", number + 1
            taken.add(self._ids[thing.known.name])
        hosts = [t for t in self._things if t.known.role == "host"]
        hosts.sort(key=lambda t: (not t.ways & {"host", "resource"}, t.known.name not in _PAAS, t.known.name))
        self._host = hosts[0] if hosts else None
        self._package_sets = self._find_package_sets(taken)
        self._scripts = self._find_scripts(taken)

    def _find_package_sets(self, taken: set[str]) -> dict[str, tuple[str, list[str]]]:
        """By id, an ecosystem and the lock files that say its packages."""
        found: dict[str, tuple[str, list[str]]] = {}
        for lock in self._seen.locks:
            set_id = f"paquets-{lock.name}"
            if set_id not in taken:
                found.setdefault(set_id, (lock.name, []))[1].append(lock.source)
        return found

    def _find_scripts(self, taken: set[str]) -> dict[str, tuple[str, list[str]]]:
        """By host whose scripts pages load, the id of what serves them: a thing of that name, where there is one."""
        found: dict[str, tuple[str, list[str]]] = {}
        for script in self._seen.scripts:
            if script.name not in found:
                words = re.split(r"[.-]", script.name)
                same = [i for name, i in self._ids.items() if name.partition(" ")[0].lower() in words]
                found[script.name] = (same[0] if same else f"script-{id_of(script.name)}", [])
            found[script.name][1].append(script.source)
        return {host: (i, sources) for host, (i, sources) in found.items() if i in self._ids.values() or i not in taken}

    def _embedded(self) -> Iterator[tuple[str, str, LinkKind, list[str], str]]:
        """The packages of a lock file are within the programs below its folder; a script, within what its frame shows."""
        for set_id, (_, sources) in self._package_sets.items():
            yield from ((a, set_id, LinkKind.EMBEDS, sources, "sure") for a in self._within(sources))
        for script_id, sources in self._scripts.values():
            yield from ((a, script_id, LinkKind.EMBEDS, sources, "likely") for a in self._showing(sources))

    def _within(self, sources: list[str]) -> list[str]:
        folders = {_folder(s) for s in sources}
        inside = [
            a.id for a in self._apps if any(a.folder == f or a.folder.startswith(f"{f}/") or not f for f in folders)
        ]
        return inside or [a.id for a in self._programs[:1]]

    def _showing(self, sources: list[str]) -> list[str]:
        """The deepest program above each frame, job runners apart."""
        shown = []
        for folder in map(_folder, sources):
            above = [
                a for a in self._apps if not a.worker and (not a.folder or f"{folder}/".startswith(f"{a.folder}/"))
            ]
            shown += [max(above, key=lambda a: len(a.folder)).id] if above else []
        return list(dict.fromkeys(shown))

    def components(self) -> Iterator[Component]:
        managed = self._host is None or self._host.known.name in _PAAS
        own = Hosting.PAAS if managed else Hosting.IAAS
        for app in self._apps:
            yield Component(
                id=app.id,
                name=app.name,
                kind=app.kind,
                hosting=own,
                exposure=Exposure.INTERNAL if app.worker else Exposure.INTERNET,
                patched_by=derived_patcher(own),
                version=app.version or None,
                purl=app.purl or None,
                eol=EndOfLife(app.eol_product, app.cycle) if app.eol_product and app.version else None,
                extra=explain_sources(app.sources, app.confidence),
                secrets=self._keys_of(app) or None,
            )
        for thing in self._things:
            yield self._component(thing)
        for set_id, (ecosystem, sources) in self._package_sets.items():
            yield Component(
                id=set_id,
                name=_PACKAGE_SETS[ecosystem],
                kind=ComponentKind.PACKAGE_SET,
                hosting=Hosting.IAAS,
                exposure=Exposure.INTERNAL,
                patched_by=derived_patcher(Hosting.IAAS),
                extra=explain_sources(sources, "sure"),
            )
        for host, (script_id, sources) in self._scripts.items():
            if script_id in self._ids.values():
                continue
            yield Component(
                id=script_id,
                name=host,
                kind=ComponentKind.PAGE_SCRIPT,
                hosting=Hosting.SAAS,
                exposure=Exposure.INTERNET,
                patched_by=derived_patcher(Hosting.SAAS),
                extra=explain_sources(sources, "likely"),
            )

    def _keys_of(self, app: Application) -> tuple[Secret, ...]:
        """The keys that its settings name, of what it stores in or calls; never their values."""
        variables = {v.source: v.name for v in self._seen.variables if not v.test}
        found = []
        for thing in self._things:
            if thing.known.role in {"store", "calls"} and app in self._users(thing):
                named = [variables.get(s, "") for how, s in thing.evidence if how == "variable"]
                key = next((name for name in named if names_a_secret(name)), None)
                found += [Secret((self._ids[thing.known.name],), key)] if key else []
        return tuple(found)

    def _keys_in_code(self) -> tuple[Secret, ...]:
        """The keys whose value seems to be in the repository, and what each opens where something tells."""
        of = {source: self._ids[thing.known.name] for thing in self._things for source in thing.sources}
        return tuple(Secret((of[s.source],) if s.source in of else (), s.name) for s in self._seen.secrets)

    def _component(self, thing: Thing) -> Component:
        known, hosting = thing.known, thing.known.hosting
        if "addon" in thing.ways:
            hosting = Hosting.PAAS
        elif "manifest" in thing.ways and hosting is Hosting.PAAS:
            hosting = Hosting.IAAS
        version = thing.version
        supplier = known.supplier or (self._host.known.supplier if self._host and "addon" in thing.ways else "")
        return Component(
            id=self._ids[known.name],
            name=known.name,
            kind=known.kind,
            hosting=hosting,
            exposure=known.exposure,
            patched_by=Patcher.PUBLISHER if self._is_managed(thing, hosting) else derived_patcher(hosting),
            supplier=supplier or None,
            version=version or None,
            purl=f"{known.purl}@{version}" if known.purl and version else known.purl or None,
            cpe=known.cpe or None,
            eol=EndOfLife(known.eol_product, cycle_of(known.eol_product, version))
            if known.eol_product and version
            else None,
            data=known.data,
            location=known.location,
            extra=explain_sources(thing.sources, thing.confidence),
            secrets=(self._keys_in_code() or None) if "forge" in thing.ways else None,
        )

    def _is_managed(self, thing: Thing, hosting: Hosting) -> bool:
        """Whether its supplier keeps it: a platform, what a platform adds or rents by itself."""
        if thing.known.role == "host":
            return bool(thing.known.supplier)
        rented = bool(thing.ways & {"addon", "resource"})
        # Whoever runs a store of files by itself has its image.
        rented |= thing.known.kind is ComponentKind.STORAGE and "image" not in thing.ways
        return hosting is Hosting.PAAS and rented

    def links(self) -> Iterator[Link]:
        found: dict[tuple[str, str, LinkKind], Link] = {}
        for source, target, kind, sources, confidence in self._links():
            found.setdefault(
                (source, target, kind), Link(source, target, kind, extra=explain_sources(sources, confidence))
            )
        yield from found.values()

    def _links(self) -> Iterator[tuple[str, str, LinkKind, list[str], str]]:
        main = self._programs[0] if self._programs else None
        for app in self._apps:
            if not app.server and not app.worker and main:
                yield app.id, main.id, LinkKind.CALLS, app.sources, "likely"
        for thing in self._things:
            for user in self._users(thing):
                for kind in self._kinds(thing):
                    yield user.id, self._ids[thing.known.name], kind, thing.sources, thing.confidence
        yield from self._embedded()
        yield from self._readers()
        yield from self._hosted()
        yield from self._deployed()

    def _users(self, thing: Thing) -> list[Application]:
        """The programs whose own packages, variables or compose service speak of it, else the first one; its job runner
        too for what jobs touch."""
        folders = {_folder(s) for how, s in thing.evidence if how == "package" or (how == "variable" and _folder(s))}
        sources = set(thing.sources)
        services = {s.name for s in self._seen.services if s.source in sources}
        folders |= {s.folder for s in self._seen.services if s.builds and services & {*s.depends_on}}
        users = [a for a in self._apps if a.folder in folders and self._runs(a)] or self._programs[:1]
        shared = thing.known.kind in _SHARED_BY_WORKERS
        return users + [w for w in self._apps if w.worker and shared and w.folder in {u.folder for u in users}]

    def _runs(self, app: Application) -> bool:
        """Whether a program is what runs in its folder: the server of it, else the interface, never a job runner."""
        return not app.worker and (app.server or all(p.folder != app.folder for p in self._programs))

    def _kinds(self, thing: Thing) -> list[LinkKind]:
        match thing.known.role:
            case "store":
                return [LinkKind.WRITES, LinkKind.READS] if thing.known.kind in _READ_TOO else [LinkKind.WRITES]
            case "calls" | "authenticates_with" if thing.known.kind is ComponentKind.FORGE and not self._signs_in(
                thing
            ):
                return [LinkKind.CALLS] if {"variable", "package"} & thing.ways else []
            case "calls":
                return [LinkKind.CALLS]
            case "authenticates_with":
                return [LinkKind.AUTHENTICATES_WITH]
            case "shield":
                return [LinkKind.PROTECTED_BY]
        return []

    def _signs_in(self, thing: Thing) -> bool:
        """Whether people sign in with a forge, beyond its API being called."""
        packages = {p.source: p.name for p in self._seen.packages}
        variables = {v.source: v.name for v in self._seen.variables}
        return any(
            matches_any(["*omniauth*", "*passport*"], packages.get(s, ""))
            or matches_any(["*_APP_*", "*_CLIENT_*"], variables.get(s, ""))
            for s in thing.sources
        )

    def _readers(self) -> Iterator[tuple[str, str, LinkKind, list[str], str]]:
        """BI reads the first database, pipelines of data write to it, a proxy calls the application."""
        stores = [t for t in self._things if t.known.kind is ComponentKind.DATABASE]
        for thing in self._things:
            mine = self._ids[thing.known.name]
            if thing.known.role in {"reads", "writes"} and stores:
                kind = LinkKind.READS if thing.known.role == "reads" else LinkKind.WRITES
                yield mine, self._ids[stores[0].known.name], kind, thing.sources, "guess"
            if thing.known.role == "front" and self._programs:
                yield mine, self._programs[0].id, LinkKind.CALLS, thing.sources, "likely"

    def _hosted(self) -> Iterator[tuple[str, str, LinkKind, list[str], str]]:
        if self._host is None:
            return
        host, sources = self._ids[self._host.known.name], self._host.sources
        for app in self._apps:
            yield app.id, host, LinkKind.RUNS_ON, sources, self._host.confidence
        for thing in self._things:
            if thing.known.role == "store" and thing.known.hosting is not Hosting.SAAS and thing is not self._host:
                sure = "sure" if "addon" in thing.ways else "guess"
                yield self._ids[thing.known.name], host, LinkKind.RUNS_ON, sources, sure

    def _deployed(self) -> Iterator[tuple[str, str, LinkKind, list[str], str]]:
        forges = [t for t in self._things if "forge" in t.ways]
        pipelines = [t for t in self._things if "pipeline" in t.ways]
        for forge in forges:
            for pipeline in pipelines:
                yield (
                    self._ids[forge.known.name],
                    self._ids[pipeline.known.name],
                    LinkKind.CALLS,
                    pipeline.sources,
                    "likely",
                )
        told = {_folder(d.source): d.source for d in self._seen.deploying}
        deploying = [p for p in pipelines if any(_folder(s) in told for s in p.sources)]
        for deployer in deploying or forges[:1]:
            for app in self._apps:
                sure = "likely" if deploying else "guess"
                yield (
                    self._ids[deployer.known.name],
                    app.id,
                    LinkKind.DEPLOYS,
                    list(told.values()) or deployer.sources,
                    sure,
                )

    def measures(self) -> Iterator[Measure]:
        found: dict[str, tuple[list[str], str, set[str]]] = {}

        def add(measure: str, source: str, confidence: str, on: Iterable[str]) -> None:
            sources, known, where = found.setdefault(measure, ([], confidence, set()))
            sources.append(source)
            where |= {*on}
            found[measure] = sources, min(known, confidence, key=_ORDER.__getitem__), where

        for measure, source, confidence in self._seen.measures:
            add(measure, source, confidence, self._everywhere(measure))
        for one, app_id in self._updates():
            add("dependabot", one.source, one.confidence, [app_id])
        for row in self._signs.measures:
            for package in self._seen.packages:
                if not package.development and matches_any(row.get("packages", ()), package.name):
                    on = [a.id for a in self._apps if a.folder == package.folder and self._runs(a)]
                    add(row["measure"], package.source, "likely", on)
            for job in self._seen.jobs:
                if matches_any(row.get("commands", ()), job.command):
                    add(row["measure"], job.source, "guess", self._everywhere(row["measure"]))
        hashed = {lock.source for lock in self._seen.hashed_locks}
        for set_id, (_, sources) in self._package_sets.items():
            if hashed.issuperset(sources):
                add("pinned_dependencies", sources[0], "sure", [set_id])
        for measure, (sources, confidence, where) in sorted(found.items()):
            yield Measure(measure, tuple(sorted(where)), MeasureStatus.DONE, extra=explain_sources(sources, confidence))

    def _updates(self) -> Iterator[tuple[UpdatedFolder, str]]:
        """What a tool of updates looks at, with each application whose dependencies are there."""
        for app in self._apps:
            # Python's teams put what an application wants in a folder of its own.
            for folder in (app.folder, f"{app.folder}/requirements".lstrip("/")):
                kinds = {p.ecosystem for p in self._seen.packages if p.folder == folder}
                for one in self._seen.updated:
                    if one.ecosystem in kinds and self._is_updated(folder, one):
                        yield one, app.id

    def _is_updated(self, folder: str, by: UpdatedFolder) -> bool:
        """Whether a tool looks at this folder, or at one above whose lock file holds what this one wants."""
        locked = {_folder(lock.source) for lock in self._seen.locks if lock.name == by.ecosystem}
        within = (
            folder.startswith(f"{by.folder}/" if by.folder else "") and folder not in locked and by.folder in locked
        )
        return fnmatch(folder, by.folder) or within

    def _everywhere(self, measure: str) -> list[str]:
        """The components on which a measure of the whole repository acts."""
        kind = catalogue.measures()[measure]
        mine: list[tuple[str, ComponentKind]] = [(a.id, a.kind) for a in self._apps]
        mine += [
            (self._ids[t.known.name], t.known.kind) for t in self._things if t.known.kind is ComponentKind.DATABASE
        ]
        if measure == "pinned_dependencies":
            mine = [(self._ids[t.known.name], t.known.kind) for t in self._things if "pipeline" in t.ways]
        return [i for i, k in mine if kind.applies_to(k)]


def _folder(source: str) -> str:
    return source.rpartition(":")[0].rpartition("/")[0]


def plain_aside(aside: Iterable[Aside]) -> list[dict[str, Any]]:
    return [{"name": a.name, "why": a.why, "source": a.source} for a in aside]
