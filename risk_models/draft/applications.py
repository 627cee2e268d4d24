"""The product's own programs: applications by folder, interfaces, and the job runners beside them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from risk_models.draft.knowledge import Signs, matches_any
from risk_models.draft.repository_facts import Process, Seen, SeenPackage
from risk_models.product_file.file_format import id_of
from risk_models.scales import ComponentKind

_APIS = frozenset({"Express", "NestJS", "FastAPI", "Fastify", "Hapi", "Spring Boot", "Quarkus", "Gin", "Echo"})
# Lines of a Procfile that run once, at each deployment.
_ONCE = frozenset({"postdeploy", "release", "postbuild", "first-deploy", "firstdeploy", "predeploy", "migrate", "seed"})
_BY_MAJOR = frozenset(
    {"nextjs", "nuxt", "vue", "react", "angular", "nodejs", "laravel", "strapi", "nextcloud", "debian"}
)
_BY_MAJOR |= {"postgresql", "elasticsearch", "kibana", "logstash", "opensearch", "eclipse-temurin"}


@dataclass
class Application:
    """A program of the product; `worker`: it does the jobs of another one, of the same code."""

    id: str
    name: str
    kind: ComponentKind
    folder: str
    server: bool
    sources: list[str]
    confidence: str
    version: str = ""
    package: str = ""
    eol_product: str = ""
    worker: bool = False
    images: set[str] = field(default_factory=set)

    @property
    def purl(self) -> str:
        if not self.package or not self.version:
            return ""
        ecosystem, _, name = self.package.partition(":")
        return f"pkg:{ecosystem}/{name.replace('@', '%40')}@{self.version}"

    @property
    def cycle(self) -> str:
        return cycle_of(self.eol_product, self.version)


def cycle_of(eol_product: str, version: str) -> str:
    """The cycle that endoflife.date gives a version: its first number, or its first two."""
    numbers = version.lstrip("v").partition("-")[0].split(".")
    return numbers[0] if eol_product in _BY_MAJOR else ".".join(numbers[:2])


def find_applications(seen: Seen, signs: Signs, eol_of: dict[str, str]) -> list[Application]:
    """Applications first, then interfaces, then job runners; `eol_of`: endoflife.date's name of a framework."""
    by_folder: dict[str, list[SeenPackage]] = defaultdict(list)
    building: dict[str, list[SeenPackage]] = defaultdict(list)
    for package in seen.packages:
        building[package.folder].append(package)
        if not package.development:
            by_folder[package.folder].append(package)
    apps = [app for folder in sorted(building) for app in _programs(building[folder], seen, signs, eol_of)]
    _built(apps, seen)
    if not any(app.server for app in apps) and (web := _unnamed(apps, seen)):
        apps.insert(0, web)
    apps.sort(key=lambda app: (not app.server, app.folder.count("/"), app.folder))
    _named(apps)
    workers = [w for app in apps if app.server and (w := _worker(app, apps, by_folder, seen, signs))]
    for number, worker in enumerate(workers, start=1):
        worker.id = "worker" if number == 1 else f"worker-{number}"
    return [*apps, *workers]


def _programs(packages: list[SeenPackage], seen: Seen, signs: Signs, eol_of: dict[str, str]) -> Iterator[Application]:
    """What a folder's packages make of it: a server, an interface that is built, or one beside the other."""
    running = [p for p in packages if not p.development]
    server = _framework(running, [row for row in signs.frameworks if row["server"]], seen, eol_of)
    interfaces = [row for row in signs.frameworks if not row["server"]]
    bundled = any(matches_any(signs.bundlers, p.name) for p in packages)
    if server:
        yield server
        beside = bundled and server.package.startswith("npm:") and server.name not in signs.whole_interfaces
    if not server or beside:
        interface = _framework(packages if bundled else running, interfaces, seen, eol_of)
        yield from [interface] if interface else []


def _framework(
    packages: Iterable[SeenPackage], rows: Iterable[dict[str, Any]], seen: Seen, eol_of: dict[str, str]
) -> Application | None:
    """The first framework of `rows` that the packages of a folder have."""
    for row in rows:
        for package in packages:
            if matches_any(row["packages"], package.name):
                folder = package.folder
                version = seen.locked.get((folder, package.name)) or package.version
                kind = ComponentKind.API if row["name"] in _APIS else ComponentKind.WEB
                return Application(
                    id="",
                    name=row["name"],
                    kind=kind,
                    folder=folder,
                    server=row["server"],
                    sources=[package.source],
                    confidence="likely",
                    version=version,
                    package=package.name,
                    eol_product=eol_of.get(row.get("component", "").lower(), ""),
                )
    return None


def _built(apps: list[Application], seen: Seen) -> None:
    """What is built, or run by a platform, is surely an application."""
    for app in apps:
        for service in seen.services:
            if service.builds and service.folder == app.folder:
                app.sources.append(service.source)
                app.images |= {service.image} if service.image else set()
                app.confidence = "sure"
        for base in seen.bases:
            if base.folder == app.folder:
                app.sources.append(base.source)
                app.confidence = "sure"
        if not app.folder and app.server:
            ran = [p.source for p in seen.processes if p.name == "web"]
            app.sources += ran
            app.confidence = "sure" if ran or seen.addons else app.confidence


def _unnamed(apps: list[Application], seen: Seen) -> Application | None:
    """An application whose framework nobody recognised."""
    web = [p.source for p in seen.processes if p.name == "web"]
    built = [s for s in seen.services if s.builds and s.folder not in {a.folder for a in apps}]
    sources = web or [s.source for s in built[:1]] or ([b.source for b in seen.bases[:1]] if not apps else [])
    if not sources:
        return None
    images = {s.image for s in built if s.image}
    return Application("", "", ComponentKind.WEB, "", server=True, sources=sources, confidence="likely", images=images)


def _named(apps: list[Application]) -> None:
    servers, taken = sum(app.server for app in apps), set[str]()
    interfaces = len(apps) - servers
    for app in apps:
        label = "Application" if app.server else "Interface"
        several = servers > 1 if app.server else interfaces > 1
        place = app.folder.rpartition("/")[2]
        app.name = " ".join(filter(None, (label, app.name))) + (f" ({place})" if several and place else "")
        wanted = id_of(place) if several and place else "web" if app.server else "front"
        number, app.id = 2, wanted
        while app.id in taken or app.id == "produit":
            app.id, number = f"{wanted}-{number}", number + 1
        taken.add(app.id)
    names = [app.name for app in apps]
    for app in apps:
        if names.count(app.name) > 1:
            app.name = f"{app.name} ({app.id})"


def _worker(
    app: Application, apps: list[Application], by_folder: dict[str, list[SeenPackage]], seen: Seen, signs: Signs
) -> Application | None:
    """The job runner of an application: processes beside its web one, services of its image, packages."""
    ran: list[Process] = []
    if app is apps[0]:
        ran = [p for p in seen.processes if p.name != "web" and p.name not in _ONCE]
    for service in seen.services:
        same = service.image in app.images if service.image else service.builds and service.folder == app.folder
        if same and any(matches_any(row["commands"], service.command) for row in signs.workers if row["commands"]):
            ran.append(Process(service.name, service.command, service.source))
    runner, packages = "", []
    for row in signs.workers:
        packaged = [p for p in by_folder[app.folder] if matches_any(row["packages"], p.name)]
        told = [p for p in ran if row["commands"] and matches_any(row["commands"], p.command)]
        if told or (packaged and not runner):
            runner, packages = row["name"], packaged
        if told:
            break
    if not ran and not packages:
        return None
    package = packages[0].name if packages else ""
    version = seen.locked.get((app.folder, package)) or (packages[0].version if packages else "")
    of = f" de {app.id}" if app is not apps[0] else ""
    return Application(
        id="",
        name=f"Tâches de fond{of}" + (f" ({runner})" if runner else ""),
        kind=ComponentKind.WORKER,
        folder=app.folder,
        server=False,
        sources=[*(p.source for p in ran), *(p.source for p in packages)],
        confidence="sure" if ran else "likely",
        version=version,
        package=package,
        worker=True,
    )
