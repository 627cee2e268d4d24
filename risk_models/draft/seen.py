"""What readers note of a repository: facts with the line that says each, no judgement yet."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a compose file or a manifest. `builds`: it is made from the repository itself."""

    name: str
    image: str
    version: str
    builds: bool
    folder: str
    command: str
    depends_on: tuple[str, ...]
    source: str
    deployed: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """The name of an environment variable; of its value, only the scheme of an address (`postgresql`) is looked at."""

    name: str
    source: str
    scheme: str = ""
    test: bool = False


@dataclass(frozen=True, slots=True)
class Package:
    """A direct dependency, "ecosystem:name"; `version` is exact or empty."""

    name: str
    version: str
    development: bool
    folder: str
    source: str

    @property
    def ecosystem(self) -> str:
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Process:
    """A line of a Procfile, or a job that a clock starts."""

    name: str
    command: str
    source: str


@dataclass(frozen=True, slots=True)
class Base:
    """What an image of the repository is built on."""

    image: str
    version: str
    folder: str
    source: str


@dataclass(frozen=True, slots=True)
class Told:
    """Something told plainly: a host, a forge, an add-on, a resource, a measure, a title."""

    name: str
    source: str


@dataclass
class Seen:
    """Everything that was noted; `unread`: files that could not be read, and why (a code of `draft_skipped`)."""

    services: list[Service] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    locked: dict[tuple[str, str], str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    jobs: list[Process] = field(default_factory=list)
    bases: list[Base] = field(default_factory=list)
    addons: list[Told] = field(default_factory=list)
    resources: list[Told] = field(default_factory=list)
    hosts: list[Told] = field(default_factory=list)
    forges: list[Told] = field(default_factory=list)
    pipelines: list[Told] = field(default_factory=list)
    deploying: list[Told] = field(default_factory=list)
    measures: list[tuple[str, str, str]] = field(default_factory=list)
    titles: list[Told] = field(default_factory=list)
    secrets: list[Told] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)


def line_of(text: str, needle: str, start: int = 0) -> int:
    """The line, from 1, where `needle` is first found after `start`; 1 where it is not."""
    at = text.find(needle, start)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def image_and_tag(text: str) -> tuple[str, str]:
    """The name and the tag of an image; a tag that a variable gives, or "latest", is none."""
    name = text.strip().strip("\"'").partition("@")[0]
    host, slash, rest = name.rpartition("/")
    last, _, tag = rest.partition(":")
    name = f"{host}{slash}{last}".removeprefix("docker.io/").removeprefix("library/")
    return name.lower(), "" if "$" in tag or tag in {"latest", "stable", "main", "master"} else tag
