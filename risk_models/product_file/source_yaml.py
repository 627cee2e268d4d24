"""YAML whose numbers keep the text that was written: a version 1.10 is not 1.1, a telephone keeps its zero.

Dates stay texts, for whoever reads them to refuse with their place what is no day.
"""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor, SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent
from ruamel.yaml.nodes import ScalarNode


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


def _integer(constructor: Any, node: ScalarNode) -> Any:
    try:
        number = SourceInt(SafeConstructor.construct_yaml_int(constructor, node))
    except ValueError:
        return node.value  # more digits than a number may have
    number.text = node.value
    return number


def _decimal(constructor: Any, node: ScalarNode) -> Any:
    try:
        number = SourceFloat(SafeConstructor.construct_yaml_float(constructor, node))
    except ValueError:
        return node.value
    number.text = node.value
    return number


def _as_written(constructor: Any, node: ScalarNode) -> Any:
    return node.value


for _class in (_Safe, _Placed):
    _class.add_constructor("tag:yaml.org,2002:int", _integer)
    _class.add_constructor("tag:yaml.org,2002:float", _decimal)
    _class.add_constructor("tag:yaml.org,2002:timestamp", _as_written)


def yaml_reader(*, placed: bool = False) -> YAML:
    """A parser of YAML 1.2; with `placed`, its maps and lists know where each thing stands, ten times slower."""
    yaml = YAML(typ="rt") if placed else YAML(typ="safe")
    yaml.Constructor = _Placed if placed else _Safe
    return yaml


def too_much(text: str, depth: int, nodes: int) -> tuple[int, int] | None:
    """Where a text would exhaust whoever builds it, by nesting without end or aliases that multiply; None if nowhere."""
    sizes: dict[str, int] = {}
    anchors: set[str | None] = set()
    open_nodes: list[tuple[str | None, int]] = []
    total = 0
    try:
        for event in YAML(typ="safe").parse(text):
            mark = event.start_mark
            place = mark.line + 1, mark.column + 1
            if isinstance(event, AliasEvent):
                if event.anchor not in anchors:
                    return None  # said with its place by the parser that builds
                total += sizes.get(event.anchor, nodes)  # an alias within its own node never ends
            elif isinstance(event, ScalarEvent):
                anchors.add(event.anchor)
                total += 1
                sizes |= {event.anchor: 1} if event.anchor else {}
            elif isinstance(event, CollectionStartEvent):
                total += 1
                anchors.add(event.anchor)
                sizes.pop(event.anchor or "", None)
                open_nodes.append((event.anchor, total - 1))
            elif isinstance(event, CollectionEndEvent):
                anchor, before = open_nodes.pop()
                if anchor:
                    sizes[anchor] = total - before
            if total > nodes or len(open_nodes) > depth:
                return place
    except YAMLError:
        pass  # said with its place by the parser that builds
    return None
