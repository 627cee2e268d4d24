"""The reader of every YAML text: its numbers keep the text that was written (a version 1.10 is not 1.1, a telephone keeps
its zero), dates stay texts, tags of others are passed over, and what is wrong is told in words with its line.

The parser in C is asked first. It refuses some texts that YAML 1.2 allows, such as `[80:8000]`: ruamel's own reads these.
"""

import re
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, RoundTripConstructor, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.parser import ParserError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import ScannerError

from risk_models import catalogue

# What the slower parser is given: some three seconds.
_MOST_PURE = 250_000


class UnreadableYaml(ValueError):
    """A text that is not YAML, or more than is read of one: `code` among the `file_errors` of words.yaml, the values of its
    sentence, and line and column, from 1, where they are known."""

    def __init__(self, code: str, place: tuple[int, int] | None = None, **values: object) -> None:
        self.code, self.place = code, place
        self.values: dict[str, Any] = {hole: str(value)[:200] for hole, value in values.items()}
        super().__init__(self.text("en"))

    @property
    def line(self) -> int:
        """1 where it is not known."""
        return self.place[0] if self.place else 1

    def text(self, language: str) -> str:
        """What is wrong and how to mend it; its place apart."""
        return catalogue.sentence("file_errors", self.code, language, **self.values)

    def placed_text(self, language: str) -> str:
        """The same after its line and column, where they are known."""
        if self.place is None:
            return self.text(language)
        line, column = map(str, self.place)
        return catalogue.sentence("file_errors", "place", language, line=line, column=column) + self.text(language)


class SourceInt(int):
    """A whole number, and how it was written."""

    text: str


class SourceFloat(float):
    """A number, and how it was written."""

    text: str


def as_written(value: object) -> str:
    """The text that stands for `value` in its file."""
    return getattr(value, "text", None) or str(value)


class _Safe(SafeConstructor):
    """Builds plain values fast."""


class _Placed(RoundTripConstructor):
    """Builds values that know their line and column."""


# More digits than Python writes of a number, in whatever base.
_MOST_DIGITS = 3_000


def _integer(constructor: Any, node: Node) -> Any:
    if not isinstance(node, ScalarNode) or len(node.value) > _MOST_DIGITS:
        return _as_written(constructor, node)
    try:
        number = SourceInt(SafeConstructor.construct_yaml_int(constructor, node))
    except (ValueError, LookupError):
        return node.value
    number.text = node.value
    return number


def _decimal(constructor: Any, node: Node) -> Any:
    if not isinstance(node, ScalarNode):
        return _as_written(constructor, node)
    try:
        number = SourceFloat(SafeConstructor.construct_yaml_float(constructor, node))
    except (ValueError, LookupError):
        return node.value
    number.text = node.value
    return number


def _truth(constructor: Any, node: Node) -> Any:
    written = isinstance(node, ScalarNode) and node.value.lower() in SafeConstructor.bool_values
    return SafeConstructor.construct_yaml_bool(constructor, node) if written else _as_written(constructor, node)


def _as_written(constructor: Any, node: Node) -> Any:
    """What a tag says to be of another kind than it is, is what is written."""
    if isinstance(node, MappingNode):
        return constructor.construct_yaml_map(node)
    return constructor.construct_yaml_seq(node) if isinstance(node, SequenceNode) else node.value


# Tags that ask a parser to make an object of a program.
_CODE = re.compile(r"(tag:yaml\.org,2002:|!)(python|java|javax|js|perl|php|ruby)\b[/:]")


def _without_tag(constructor: Any, node: Any) -> Any:
    """A value whose tag is somebody else's, such as `!reset` of compose: what it holds."""
    tag = str(node.tag)
    if _CODE.match(tag):
        raise ConstructorError(problem=f"{_RUNS_CODE} {tag}", problem_mark=node.start_mark)
    return _as_written(constructor, node)


_RUNS_CODE = "tag that runs code"
for _class in (_Safe, _Placed):
    _class.add_constructor("tag:yaml.org,2002:int", _integer)
    _class.add_constructor("tag:yaml.org,2002:float", _decimal)
    _class.add_constructor("tag:yaml.org,2002:bool", _truth)
    _class.add_constructor("tag:yaml.org,2002:timestamp", _as_written)
    _class.add_constructor("tag:yaml.org,2002:binary", _as_written)
    _class.add_constructor(None, _without_tag)


def yaml_reader(*, placed: bool = False, pure: bool = False) -> YAML:
    """A parser of YAML 1.2; with `placed`, its maps and lists know where each thing stands, ten times slower."""
    yaml = YAML(typ="rt") if placed else YAML(typ="safe", pure=pure)
    yaml.Constructor = _Placed if placed else _Safe
    return yaml


def load_yaml(text: str, depth: int, nodes: int) -> Any:
    """The value of a text of one document; None where it is empty. Raises `UnreadableYaml`."""
    found = load_documents(text, depth, nodes)
    if len(found) > 1:
        raise UnreadableYaml("yaml_several", count=len(found))
    return found[0] if found else None


def load_placed(text: str) -> Any:
    """The value of what `load_yaml` read, each part with its line and column; None where that parser reads no such thing."""
    try:
        return next((found for found in yaml_reader(placed=True).load_all(text) if found is not None), None)
    except YAMLError:
        return None


def load_documents(text: str, depth: int, nodes: int) -> list[Any]:
    """The values of the documents of a text, the empty ones apart; at most so many levels and so many nodes, those that
    aliases repeat included. Raises `UnreadableYaml`."""
    try:
        return _load_all(text, depth, nodes, pure=False)
    except (ScannerError, ParserError) as error:
        if len(text) > _MOST_PURE:
            raise _in_words(text, error) from error
    except (YAMLError, ValueError, AttributeError, TypeError, LookupError) as error:
        raise _in_words(text, error) from error
    try:
        return _load_all(text, depth, nodes, pure=True)
    except (YAMLError, ValueError, AttributeError, TypeError, LookupError) as error:
        raise _in_words(text, error) from error


def _load_all(text: str, depth: int, nodes: int, *, pure: bool) -> list[Any]:
    place = _too_much(YAML(typ="safe", pure=pure).parse(text), depth, nodes)
    if place:
        raise UnreadableYaml("too_nested", place, depth=depth, nodes=nodes)
    return [document for document in yaml_reader(pure=pure).load_all(text) if document is not None]


_PROBLEMS = (
    (r"found character '\\t'|found character that cannot start any token|tab character", "yaml_tab"),
    (r"mapping values are not allowed", "yaml_colon"),
    (r"could not find expected ':'|expected ':'", "yaml_no_colon"),
    (r"unexpected end of stream|<stream end>|expected ',' or|unexpected document separator", "yaml_unclosed"),
    (r"expected <block end>|did not find expected '-'|did not find expected key|unindent", "yaml_indent"),
    (r"unhashable|unacceptable key", "yaml_key"),
)


def _in_words(text: str, error: Exception) -> UnreadableYaml:
    """The error of a parser, which speaks English to who knows YAML, as one that says what to do."""
    if isinstance(error, UnreadableYaml):
        return error
    if isinstance(error, ReaderError):
        before = text[: error.position]
        return UnreadableYaml("yaml_character", (before.count("\n") + 1, len(before) - before.rfind("\n")))
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    place = (mark.line + 1, mark.column + 1) if mark else None
    problem = str(error.problem if isinstance(error, MarkedYAMLError) else error)
    if isinstance(error, DuplicateKeyError):
        named = re.search(r'duplicate key "?(.*?)"?(?: with value.*)?$', problem, re.DOTALL)
        return UnreadableYaml("yaml_duplicate", place, key=named[1] if named else "")
    if isinstance(error, ComposerError):
        return UnreadableYaml("yaml_alias", place)
    if problem.startswith(_RUNS_CODE):
        return UnreadableYaml("yaml_code", place, tag=problem.removeprefix(_RUNS_CODE).strip())
    code = next((code for pattern, code in _PROBLEMS if re.search(pattern, problem)), "not_yaml")
    return UnreadableYaml(code, place)


def _too_much(events: Iterable[Event], depth: int, nodes: int) -> tuple[int, int] | None:
    """Where a text would exhaust whoever builds it, by nesting without end or aliases that multiply; None if nowhere."""
    sizes: dict[str, int] = {}
    heights: dict[str, int] = {}
    anchors: set[str | None] = set()
    open_nodes: list[list[Any]] = []  # of each: its anchor, how many nodes came before it, how many levels it holds
    total = 0
    for event in events:
        mark, height = event.start_mark, 0
        place = mark.line + 1, mark.column + 1
        if isinstance(event, AliasEvent):
            if event.anchor not in anchors:
                return None  # said with its place by the parser that builds
            total += sizes.get(event.anchor, nodes)  # an alias within its own node never ends
            height = heights.get(event.anchor, 0)
        elif isinstance(event, ScalarEvent):
            anchors.add(event.anchor)
            total += 1
            sizes |= {event.anchor: 1} if event.anchor else {}
            heights.pop(event.anchor or "", None)
        elif isinstance(event, CollectionStartEvent):
            total += 1
            anchors.add(event.anchor)
            sizes.pop(event.anchor or "", None)
            open_nodes.append([event.anchor, total - 1, 1])
        elif isinstance(event, CollectionEndEvent):
            anchor, before, height = open_nodes.pop()
            if anchor:
                sizes[anchor], heights[anchor] = total - before, height
        if open_nodes:
            open_nodes[-1][2] = max(open_nodes[-1][2], height + 1)
        if total > nodes or len(open_nodes) + height > depth:
            return place
    return None
