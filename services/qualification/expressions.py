"""Expressions in scenario files: ``${name}`` and ``${name.part}``, nothing else.

A text that is one expression takes the value with its type; an expression inside a text is put in as
text. Names: ``mpan``, ``distributor``, ``gspGroup``, ``run.id``, ``run.number`` (seven digits, unique),
``roles.<NAME>.dipId|mpid|role|title``, the scenario's own ``data`` entries, and ``captured.<name>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_EXPRESSION = re.compile(r"\$\{([A-Za-z][\w.]*)\}")


class Unresolved(KeyError):
    """An expression names a value that does not exist (or does not exist yet)."""


def lookup(name: str, values: Mapping[str, Any]) -> Any:
    """The value of a dotted name. Raises Unresolved."""
    value: Any = values
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise Unresolved(name)
        value = value[part]
    return value


def resolve(template: Any, values: Mapping[str, Any]) -> Any:
    """A copy of ``template`` with every expression replaced. Raises Unresolved."""
    if isinstance(template, Mapping):
        return {key: resolve(item, values) for key, item in template.items()}
    if isinstance(template, (list, tuple)):
        return [resolve(item, values) for item in template]
    return _resolve_text(template, values) if isinstance(template, str) else template


def _resolve_text(template: str, values: Mapping[str, Any]) -> Any:
    whole = _EXPRESSION.fullmatch(template)
    if whole:
        return lookup(whole[1], values)
    return _EXPRESSION.sub(lambda match: str(lookup(match[1], values)), template)


def names(template: Any) -> Iterator[str]:
    """Every name used in a template, in order."""
    if isinstance(template, Mapping):
        for item in template.values():
            yield from names(item)
    elif isinstance(template, (list, tuple)):
        for item in template:
            yield from names(item)
    elif isinstance(template, str):
        yield from (match[1] for match in _EXPRESSION.finditer(template))


def pointer_lookup(document: Any, pointer: str) -> tuple[bool, Any]:
    """Whether the JSON pointer (RFC 6901) leads somewhere, and what is there."""
    value = document
    for part in map(_unescape, pointer.split("/")[1:]):
        found, value = _child(value, part)
        if not found:
            return False, None
    return True, value


def _child(value: Any, part: str) -> tuple[bool, Any]:
    if isinstance(value, Mapping):
        return part in value, value.get(part)
    if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
        return True, value[int(part)]
    return False, None


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
