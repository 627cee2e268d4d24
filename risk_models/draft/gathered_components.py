"""One component a thing: whatever speaks of it (image, add-on, variable, package), it is gathered under one name."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from risk_models.draft.knowledge import Known, Signs
from risk_models.draft.repository_facts import Seen, SeenService, ToldFact, Variable
from risk_models.scales import ComponentKind, Exposure, Hosting

# What a build tool puts before the name of a variable that the browser may see.
_PUBLIC = re.compile(r"^(NEXT_PUBLIC|REACT_APP|VITE|NUXT_PUBLIC|NUXT|VUE_APP|EXPO_PUBLIC|GATSBY|PUBLIC)_")
_ADDRESS = re.compile(
    r"(.+?)_(?:(?:API_)?(?:BASE_|ROOT_|SERVER_)?(?:URL|URI|HOST|ENDPOINT|ADDRESS|SERVER|HOSTNAME)|API)"
)
_KEY = re.compile(
    r"(.+?)_(?:API_)?(?:AUTH_|ACCESS_|SHARED_)?"
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASS|CLIENT_ID|CLIENT_SECRET|APP_ID|USERNAME|LOGIN|CREDENTIALS)"
)
_API_KEY = re.compile(r"(.+?)_API_(?:AUTH_|ACCESS_)?(?:KEY|TOKEN|SECRET)")
_REGISTRY = re.compile(r"^[\w-]+(\.[\w-]+)+(:\d+)?/")
_WAREHOUSE = re.compile(r"(.*_)?((DATA_?)?WARE_?HOUSE|DWH|ENTREPOT)(_.*)?")
_SCHEMES = {"mysql": "MySQL", "mysql2": "MySQL", "mongodb": "MongoDB", "mongodb+srv": "MongoDB", "redis": "Redis"}
_SCHEMES |= {"rediss": "Redis", "amqp": "RabbitMQ", "amqps": "RabbitMQ", "sqlite": "SQLite", "sqlite3": "SQLite"}
_SCHEMES |= {"elasticsearch": "Elasticsearch"}
# Variables that name a database without saying which.
_ANY_DATABASE = re.compile(r"(DB|DATABASE)_(URL|HOST|PORT|USER|NAME)")
_OTHER_DATABASES = ("MySQL", "MariaDB", "SQLite")
# What the last word of the name of another store says of it.
_STORES = dict.fromkeys(("DB", "DATABASE", "PG", "POSTGRES"), ("base de données", ComponentKind.DATABASE))
_STORES |= dict.fromkeys(("S3", "BUCKET"), ("fichiers", ComponentKind.STORAGE))
_MOST_PAIRS = 1_000_000
_GENERIC_IDENTITY = "Fournisseur OpenID Connect"
_SURE_BY_ITSELF = frozenset({"addon", "host", "forge", "pipeline", "resource", "manifest"})


@dataclass
class Thing:
    """A component to be: what it is, and what speaks of it (how, where)."""

    known: Known
    evidence: list[tuple[str, str]] = field(default_factory=list)
    version: str = ""
    guessed: bool = False

    @property
    def sources(self) -> list[str]:
        return list(dict.fromkeys(source for _, source in self.evidence))

    @property
    def ways(self) -> set[str]:
        return {how for how, _ in self.evidence}

    @property
    def confidence(self) -> str:
        """sure: told plainly, or in two ways; likely: in one; guess: nobody knows it."""
        if self.guessed:
            return "guess"
        return "sure" if self.ways & _SURE_BY_ITSELF or len(self.ways - {"test"}) > 1 else "likely"


@dataclass(frozen=True, slots=True)
class Aside:
    """What was seen and left out, and why: a code of `draft_aside`."""

    name: str
    why: str
    source: str


class Things:
    """The third-party components that a repository speaks of."""

    def __init__(self, seen: Seen, signs: Signs, applications: Iterable[str]) -> None:
        """`applications`: images that the repository builds itself."""
        self.found: dict[str, Thing] = {}
        self.aside: list[Aside] = []
        self._signs = signs
        self._named = {v.source: _PUBLIC.sub("", v.name) for v in seen.variables}
        own = set(applications)
        self._built = {service.name for service in seen.services if service.builds}
        for service in seen.services:
            if not service.builds and service.image not in own:
                self._service(service)
        packages = [ToldFact(re.sub(r"/v\d+$", "", p.name), p.source) for p in seen.packages if not p.development]
        told_plainly = {
            "addon": seen.addons,
            "package": packages,
            "resource": seen.resources,
            "setting": seen.settings,
            "frame": seen.shown,
        }
        for how, facts in told_plainly.items():
            for one in facts:
                self._of(f"{how}s", one.name, how, one.source)
        for told, how in ((seen.hosts, "host"), (seen.forges, "forge"), (seen.pipelines, "pipeline")):
            for one in told:
                self._told(one.name, how, one.source)
        self._guess(self._variables(seen.variables))
        for site in seen.shown_sites:
            self._site(site, allowed=False)
        for site in seen.allowed_sites:
            self._site(site, allowed=True)
        self._one_each()
        if not any(self.of_roles("host")):
            for one in seen.deployed_to:
                self._told(one.name, "deployment", one.source)

    def _add(self, known: Known, how: str, source: str, version: str = "") -> None:
        thing = self.found.setdefault(known.name, Thing(known))
        thing.evidence.append((how, source))
        thing.version = thing.version or version

    def _of(self, what: str, text: str, how: str, source: str) -> bool:
        known = self._signs.of(what, text)
        if known:
            self._add(known, how, source)
        return known is not None

    def _site(self, site: ToldFact, *, allowed: bool) -> None:
        """What pages show of others: a part known by its address, else the site itself; a guess where it is only allowed."""
        host = site.name.partition("/")[0]
        known = self._signs.of("frames", site.name)
        known = known or Known(host, ComponentKind.OTHER, Hosting.SAAS, Exposure.INTERNET, "calls")
        new = known.name not in self.found
        self._add(known, "frame", site.source)
        if new:
            self.found[known.name].guessed = allowed

    def _told(self, name: str, how: str, source: str) -> None:
        known = self._signs.known.get(name)
        if known is None:
            kind = ComponentKind.CI if how == "pipeline" else ComponentKind.FORGE
            known = Known(name, kind, Hosting.SAAS, Exposure.AUTHENTICATED, "none", supplier=name.partition(" ")[0])
        self._add(known, how, source)

    def _service(self, service: SeenService) -> None:
        image, how = service.image, "manifest" if service.deployed else "image"
        bare = _REGISTRY.sub("", image)
        if self._signs.for_development("images", image) or self._signs.for_development("images", bare):
            self.aside.append(Aside(service.name, "development_image", service.source))
            return
        if not service.deployed and self._signs.for_development("services", service.name):
            self.aside.append(Aside(service.name, "development_service", service.source))
            return
        known = self._signs.of("images", image) or self._signs.of("images", bare)
        as_variable = service.name.upper().replace("-", "_")
        if known and known.kind is ComponentKind.DATABASE and _WAREHOUSE.fullmatch(as_variable):
            self._add(_warehouse(), how, service.source)
        elif known:
            self._add(known, how, service.source, service.version)
        elif image and service.name not in self._built:  # what one file builds, another may take already built
            name = image.rpartition("/")[2]
            guess = Known(name, ComponentKind.OTHER, Hosting.IAAS, Exposure.INTERNAL, "calls")
            self._add(guess, how, service.source, service.version)
            self.found[name].guessed = True

    def _variables(self, variables: Iterable[Variable]) -> list[Variable]:
        """Those that no sign knows and that do not speak of the application itself."""
        left = []
        for variable in variables:
            name = _PUBLIC.sub("", variable.name)
            how = "test" if variable.test else "variable"
            if self._signs.for_development("variables", variable.name):
                self.aside.append(Aside(variable.name, "development_variable", variable.source))
            elif _WAREHOUSE.fullmatch(name):
                self._add(_warehouse(), how, variable.source)
            elif variable.scheme in _SCHEMES and name.endswith("DATABASE_URL"):
                self._add(self._signs.known[_SCHEMES[variable.scheme]], how, variable.source)
            elif (
                not self._of("variables", name, how, variable.source)
                and not variable.test
                and name.split("_")[0] not in self._signs.own
            ):
                left.append(replace(variable, name=name))
        return left

    def _guess(self, variables: Iterable[Variable]) -> None:
        """A prefix that has both an address and a key, or the key of an API, names something that the product calls."""
        addresses: dict[str, list[str]] = defaultdict(list)
        keys: dict[str, list[str]] = defaultdict(list)
        for variable in variables:
            if found := _API_KEY.fullmatch(variable.name):
                addresses[found[1]] += []
            for pattern, kept in ((_ADDRESS, addresses), (_KEY, keys)):
                if found := pattern.fullmatch(variable.name):
                    kept[found[1]].append(variable.source)
        if len(addresses) * len(keys) > _MOST_PAIRS:
            return  # no product calls so many things
        for prefix in sorted(addresses, key=len):
            related = [key for key in keys if _same_thing(prefix, key)]
            if related:
                self._add_guess(prefix, related, addresses, keys)

    def _add_guess(
        self, prefix: str, related: list[str], addresses: dict[str, list[str]], keys: dict[str, list[str]]
    ) -> None:
        words = min([prefix, *related], key=len).split("_")
        named = next((known for word in words if (known := self._signs.called(word))), None)
        if named:  # CUSTOM_APPSIGNAL_PUSH_KEY speaks of AppSignal
            for source in (*addresses[prefix], *(source for key in related for source in keys[key])):
                self._add(named, "variable", source)
            return
        what, kind = _STORES.get(words[-1], ("", None)) if len(words) > 1 else ("", None)
        name = " ".join(part.capitalize() if len(part) > 4 else part for part in (words[:-1] if kind else words))
        name = f"{name} ({what or 'API'})"
        if kind:
            known = Known(name, kind, Hosting.PAAS, Exposure.INTERNAL, "store")
        else:
            known = Known(name, ComponentKind.EXTERNAL_API, Hosting.SAAS, Exposure.AUTHENTICATED, "calls")
        for source in (*addresses[prefix], *(source for key in related for source in keys[key])):
            self._add(known, "variable", source)
        if name in self.found:
            self.found[name].guessed = True

    def _one_each(self) -> None:
        """What speaks twice of one thing is one."""
        self._merge("PostgreSQL", "PostGIS")
        self._merge("PostgreSQL", "TimescaleDB")
        postgresql = self.found.get("PostgreSQL")
        if postgresql and all(_ANY_DATABASE.fullmatch(self._named.get(s, "")) for s in postgresql.sources):
            for name in _OTHER_DATABASES:
                self._merge("PostgreSQL", name)
        providers = [n for n, t in self.found.items() if t.known.kind is ComponentKind.IDENTITY_PROVIDER]
        providers = [name for name in providers if name != _GENERIC_IDENTITY]
        if providers and _GENERIC_IDENTITY in self.found:
            self._merge(_GENERIC_IDENTITY, providers[0])
        minio = self.found.get("MinIO")
        if minio and "S3" in self.found and all("compose" in source for source in minio.sources):
            self.aside.append(Aside("MinIO", "stands_for_s3", minio.sources[0]))
            del self.found["MinIO"]

    def _merge(self, name: str, into: str) -> None:
        if name in self.found and into in self.found:
            merged = self.found.pop(name)
            self.found[into].evidence += merged.evidence
            self.found[into].version = self.found[into].version or merged.version

    def of_roles(self, *roles: str) -> Iterator[Thing]:
        return (thing for thing in self.found.values() if thing.known.role in roles)


def _same_thing(a: str, b: str) -> bool:
    first, second = a.split("_"), b.split("_")
    shortest = min(len(first), len(second))
    return first[:shortest] == second[:shortest]


def _warehouse() -> Known:
    return Known("Entrepôt de données", ComponentKind.DATABASE, Hosting.PAAS, Exposure.INTERNAL, "store")
