"""Reads YAML strictly and remembers on which line each value stands.

Only JSON's kinds of values come out: no dates, no ``yes`` for true, no anchors into other types. A key
given twice is an error, since the first one would be lost silently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml's is ten times as fast, where it is there
_INTEGER = re.compile(r"-?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True)
class Located:
    """A YAML document as JSON values, with the line (from 1) of every pointer, and what was wrong."""

    data: Any
    lines: dict[str, int]
    problems: list[tuple[str, int, str]] = field(default_factory=list)

    def line(self, pointer: str) -> int:
        """The line of a pointer, or of the nearest value around it."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)


def read_yaml(text: str) -> Located:
    """Read one document. Raises yaml.YAMLError where the text is not YAML."""
    located = Located({}, {})
    node = yaml.compose(text, Loader=_LOADER)
    data = None if node is None else _value(node, "", located)
    return Located(data, located.lines, located.problems)


def _value(node: yaml.Node, pointer: str, located: Located) -> Any:
    located.lines[pointer] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, pointer, located)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, f"{pointer}/{index}", located) for index, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, pointer: str, located: Located) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, item in node.value:
        key = str(key_node.value)
        where = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        if key in result:
            located.problems.append((where, key_node.start_mark.line + 1, f"{key} is given twice."))
        result[key] = _value(item, where, located)
    return result


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if getattr(node, "style", None):  # quoted; plain is None to one loader and empty to the other
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
