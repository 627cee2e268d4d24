"""What readers note of a repository: facts with the line that says each, no judgement yet."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache

# ${NAME:-default}, as compose writes it.
_DEFAULT = re.compile(r"\$\{\w+:?-([^}]*)\}")


@dataclass(frozen=True, slots=True)
class SeenService:
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
    extends: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Variable:
    """The name of an environment variable; of its value, only the scheme of an address (`postgresql`) is looked at."""

    name: str
    source: str
    scheme: str = ""
    test: bool = False


@dataclass(frozen=True, slots=True)
class SeenPackage:
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
class UpdatedFolder:
    """A folder, or a pattern of folders, of which a tool proposes updates in one ecosystem (a purl type)."""

    ecosystem: str
    folder: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Process:
    """A line of a Procfile, or a job that a clock starts."""

    name: str
    command: str
    source: str


@dataclass(frozen=True, slots=True)
class BaseImage:
    """What an image of the repository is built on."""

    image: str
    version: str
    folder: str
    source: str


@dataclass(frozen=True, slots=True)
class ToldFact:
    """Something told plainly: a host, a forge, an add-on, a resource, a measure, a title."""

    name: str
    source: str


@dataclass
class Seen:
    """Everything that was noted; `unread`: files that could not be read, and why (a code of `draft_skipped`); `included`: the
    compose files that others name, beside those that name them, "" where they stand outside of the repository;
    `deployed_to`: platforms that a pipeline or a domain speaks of; `settings`: words of the settings of the code; `shown_sites`: what pages show of
    others, by host and path, `shown`: by words alone, `allowed_sites`: the hosts that a policy lets them show."""

    services: list[SeenService] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    packages: list[SeenPackage] = field(default_factory=list)
    locked: dict[tuple[str, str], str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    jobs: list[Process] = field(default_factory=list)
    bases: list[BaseImage] = field(default_factory=list)
    addons: list[ToldFact] = field(default_factory=list)
    resources: list[ToldFact] = field(default_factory=list)
    hosts: list[ToldFact] = field(default_factory=list)
    deployed_to: list[ToldFact] = field(default_factory=list)
    settings: list[ToldFact] = field(default_factory=list)
    forges: list[ToldFact] = field(default_factory=list)
    pipelines: list[ToldFact] = field(default_factory=list)
    deploying: list[ToldFact] = field(default_factory=list)
    updated: list[UpdatedFolder] = field(default_factory=list)
    measures: list[tuple[str, str, str]] = field(default_factory=list)
    titles: list[ToldFact] = field(default_factory=list)
    secrets: list[ToldFact] = field(default_factory=list)
    locks: list[ToldFact] = field(default_factory=list)
    hashed_locks: list[ToldFact] = field(default_factory=list)
    scripts: list[ToldFact] = field(default_factory=list)
    shown: list[ToldFact] = field(default_factory=list)
    shown_sites: list[ToldFact] = field(default_factory=list)
    allowed_sites: list[ToldFact] = field(default_factory=list)
    included: list[tuple[str, str]] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)


def line_number_of(text: str, needle: str) -> int:
    """The line, from 1, where `needle` is first found; 1 where it is not."""
    at = text.find(needle)
    return _lines_of(text).at(at) if at >= 0 else 1


class Lines:
    """Line numbers, from 1, of places in a text."""

    def __init__(self, text: str) -> None:
        self._ends = [found.start() for found in re.finditer("\n", text)]

    def at(self, position: int) -> int:
        return bisect_right(self._ends, position - 1) + 1


@lru_cache(maxsize=2)
def _lines_of(text: str) -> Lines:
    """Of the text that is being read, whose lines are asked for thousands of times."""
    return Lines(text)


class NamedLines:
    """Lines of names that are asked for in the order in which a text holds them, most often: each is looked for from where
    the one before was found, so that a manifest of tens of thousands of names is read once."""

    def __init__(self, text: str, start: int = 0) -> None:
        self._text, self._start, self._at = text, start, start

    def of(self, name: str) -> int:
        """The line, from 1, of a name; 1 where it is not there."""
        at = self._text.find(name, self._at)
        at = at if at >= 0 else self._text.find(name, self._start)
        if at < 0:
            return 1
        self._at = at + len(name)
        return _lines_of(self._text).at(at)


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def image_and_tag(text: str) -> tuple[str, str]:
    """The name and the version of an image: of its tag, the number alone. A tag that a variable gives, or "latest", is
    none; the name and password of a registry's user are left out."""
    name = _DEFAULT.sub(r"\1", text[:500].strip().strip("\"'"))
    name = re.sub(r"@sha\d+:.*", "", name).rpartition("@")[2].rpartition("//")[2]
    host, slash, rest = name.rpartition("/")
    last, _, tag = rest.partition(":")
    name = f"{host}{slash}{last}".removeprefix("docker.io/").removeprefix("library/")
    if not re.fullmatch(r"[\w.-]{0,128}", tag) or tag in {"latest", "stable", "main", "master"}:
        tag = ""
    number = re.match(r"v?(\d[\w.]*)(-|$)", tag)
    return name.lower(), number[1] if number else tag
