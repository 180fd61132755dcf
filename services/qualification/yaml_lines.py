"""Reads YAML strictly and remembers on which line each value stands.

Only JSON's kinds of values come out: no dates, no ``yes`` for true, no anchors into other types. A key
given twice is an error, since the first one would be lost silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from services.qualification.problems import Problem

_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml's is ten times as fast, where it is there
_INTEGER = re.compile(r"-?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


Place = tuple[str, int]  # file, line from 1


@dataclass(frozen=True)
class Located:
    """A YAML document as JSON values, with the place of every pointer, and what was wrong."""

    data: Any
    places: dict[str, Place]
    problems: list[Problem] = field(default_factory=list)

    def place(self, pointer: str) -> Place:
        """The place of a pointer, or of the nearest value around it."""
        while pointer and pointer not in self.places:
            pointer = pointer.rpartition("/")[0]
        return self.places[pointer]

    def problem(self, pointer: str, text: str) -> Problem:
        """What is wrong at a pointer, with its place; told with the scenario, where that is another file."""
        path, line = self.place(pointer)
        scenario = self.places[""][0]
        return Problem(path, line, pointer, text, "" if scenario == path else scenario)

    def without_data(self, problems: list[Problem]) -> Located:
        """What is left of a document that cannot be made whole."""
        return Located(None, self.places, [*self.problems, *problems])


def child(pointer: str, key: str | int) -> str:
    """The pointer of an entry of what another pointer leads to."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def pointers(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every pointer in a value with what it leads to, beginning with the value itself."""
    yield pointer, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from pointers(item, child(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from pointers(item, child(pointer, index))


def read_yaml(text: str, path: str) -> Located:
    """Read one document, found at ``path``. Raises yaml.YAMLError where the text is not YAML."""
    located = Located({}, {"": (path, 1)})
    node = yaml.compose(text, Loader=_LOADER)
    data = None if node is None else _value(node, "", located)
    return Located(data, located.places, located.problems)


def _value(node: yaml.Node, pointer: str, located: Located) -> Any:
    located.places[pointer] = (located.places[""][0], node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, pointer, located)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, child(pointer, index), located) for index, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, pointer: str, located: Located) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, item in node.value:
        key = str(key_node.value)
        where = child(pointer, key)
        if key in result:
            line = key_node.start_mark.line + 1
            located.problems.append(Problem(located.places[""][0], line, where, f"{key} is given twice."))
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
