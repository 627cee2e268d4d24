"""What the readers of lock files share: the texts they take apart, and what they give."""

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from risk_models.product_file import source_yaml


class Locked(NamedTuple):
    """A purl without version, what stands for its version, and whether development alone wants it.

    Where the file tells who needs whom: `ref`, what its lines call this one, `needs`, those it needs, and whether the team
    itself imports it.
    """

    purl: str
    version: object
    development: bool = False
    ref: str = ""
    needs: Sequence[str] = ()
    imported: bool = False


Note = Callable[[str, object], None]
"""Told of each oddity: its kind (among the `sbom_oddities` of words.yaml) and an example."""
Pairs = Callable[[str, Note], Iterator[Locked]]
"""Packages of a text. Raises ValueError, KeyError, TypeError, AttributeError, RecursionError, ParseError or DefusedXmlException
when it is not what its name says."""

LONGEST_LINE = 20_000
_DEPTH, _NODES, _MOST_DOTS = 50, 2_000_000, 1_000


def find_development(
    running: Collection[str], imported: Collection[str], needs: Mapping[str, Iterable[str]]
) -> frozenset[str]:
    """The lines that only what is imported for development leads to; `running` is what else is imported."""
    aside = frozenset(imported) - frozenset(running)
    return _reached(aside, needs) - _reached(running, needs) if aside else frozenset()


def _reached(first: Iterable[str], needs: Mapping[str, Iterable[str]]) -> frozenset[str]:
    reached = dict.fromkeys(first)
    pending = list(reached)
    while pending:
        for other in needs.get(pending.pop(), ()):
            if other not in reached:
                reached[other] = None
                pending.append(other)
    return frozenset(reached)


def yaml_maps(text: str) -> list[dict[str, object]]:
    """The map of each document."""
    return [map_of(document) for document in source_yaml.load_documents(text, _DEPTH, _NODES)]


def lines_of(text: str, form: re.Pattern[str], note: Note) -> Iterator[re.Match[str]]:
    """The lines of this form, after what surrounds them and without comments; one of another form is noted.

    Raises ValueError where most are of another form: the file is of another kind.
    """
    read, unread = 0, []
    for line in text.splitlines():
        told = line.strip()
        if len(told) <= LONGEST_LINE and (found := form.fullmatch(told)):
            read += 1
            yield found
        elif told and not told.startswith("#"):
            unread.append(told[:80])
            note("not_a_requirement", told[:80])
    refuse_unread(read, unread)


def refuse_unread(read: int, unread: list[str]) -> None:
    """Raises ValueError where a file has many more lines that are `unread` than lines that are: it is of another kind."""
    if len(unread) > 3 * read:
        raise ValueError(f"most lines are of another form: {unread[0]!r}")


def toml_map(text: str) -> dict[str, object]:
    if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        raise ValueError(f"a line of more than {LONGEST_LINE} characters")
    # Each part of a dotted key is a table: a line of thousands would weigh a thousand times its length.
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines() if "." in line):
        raise ValueError(f"a line of more than {_MOST_DOTS} dots")
    return tomllib.loads(text)


# A text, a comment, or a comma before what closes a list: only the first is JSON.
# Each alternative goes on to the end of what it begins, closed or not: none is tried again from within.
_NOT_JSON = re.compile(
    r'("(?:[^"\\]++|\\.)*+(?:"|\\?\Z))|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)|,(?=\s*[}\]])', re.DOTALL
)


def loose_json(text: str) -> Any:
    """JSON with comments and commas that close lists, as JavaScript's tools write it."""
    return json.loads(_NOT_JSON.sub(lambda found: found[1] or "", text))


def map_of(value: object) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("a map is expected")
    return value


def maps_of(value: object) -> list[dict[str, object]]:
    """The maps of a list."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return [row for row in value if isinstance(row, dict)]


def purl_of(kind: str, name: str) -> str:
    return f"pkg:{kind}/{quote(name, safe='/')}"


def plain_version(value: object) -> str:
    """A version as a registry has it; nothing of what comes from a folder, an archive or a repository, and nothing of a
    range."""
    text = value if isinstance(value, str) else str(value or "")
    return "" if re.search(r"[:/\[(,*]", text) else text
