"""Reading what Elexon publishes: YAML or JSON documents, their references, and what cannot be read.

A reference to ``https://raw.githubusercontent.com/…/DataTypes-unresolved.yaml#/…`` or to a SwaggerHub
domain (``…/domains/MHHSPROGRAMME/DataTypes/1.8.3#/…``) means the document of that name in the directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import orjson

from contracts.errors import CatalogueInvalid, ImportRefused
from contracts.notation import read_yaml

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_MAX_REFERENCES: Final = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """A part that cannot be read: file, JSON pointer, and why."""

    file: str
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}#{self.pointer}: {self.message}"


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a document. ``name``: that of the schema it was reached by, when there is one."""

    file: str
    pointer: str
    value: Any
    name: str | None = None

    def get(self, key: str | int) -> Node | None:
        if isinstance(self.value, Mapping) and key in self.value:
            return self.child(key, self.value[key])
        return None

    def child(self, key: str | int, value: object) -> Node:
        step = str(key).replace("~", "~0").replace("/", "~1")
        return Node(self.file, f"{self.pointer}/{step}", value)

    def members(self) -> Iterator[tuple[str, Node]]:
        if isinstance(self.value, Mapping):
            for key, value in self.value.items():
                yield str(key), self.child(key, value)

    def elements(self) -> Iterator[Node]:
        if isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield self.child(index, value)

    def problem(self, message: str) -> Problem:
        return Problem(self.file, self.pointer or "/", message)


class Documents:
    """The published documents, by file name. ``texts`` keeps the raw text: codes have theirs in comments."""

    def __init__(self, documents: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        self.documents = documents
        self.texts = texts
        self._names = {stem(file): file for file in documents}

    def schemas(self) -> Iterator[tuple[str, Node]]:
        """All named schemas of all documents."""
        for file, document in self.documents.items():
            components = Node(file, "", document).get("components")
            schemas = components.get("schemas") if components else None
            yield from ((key, _named(node, key)) for key, node in (schemas.members() if schemas else ()))

    def paths(self) -> Iterator[tuple[str, Node]]:
        for file, document in self.documents.items():
            paths = Node(file, "", document).get("paths")
            yield from paths.members() if paths else ()

    def resolve(self, node: Node) -> Node | Problem:
        """Follow references until there is none, keeping the first name: DI-001 stays DI-001 though it is

        defined as DT-001N. A Problem names the reference that leads nowhere.
        """
        name = node.name
        for _ in range(_MAX_REFERENCES):
            if not isinstance(node.value, Mapping) or "$ref" not in node.value:
                return _named(node, name)
            target = self._target(node, str(node.value["$ref"]))
            if isinstance(target, Problem):
                return target
            node, name = target, name or target.name
        return node.problem("references go round in a circle")

    def _target(self, node: Node, reference: str) -> Node | Problem:
        address, _, pointer = reference.partition("#")
        file = self._file(address) if address else node.file
        if file is None:
            return node.problem(f"broken reference: no file for {reference}")
        value = self.documents[file]
        steps = [unquote(s).replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:]]
        for step in steps:
            value = value.get(step) if isinstance(value, Mapping) else None
            if value is None:
                return node.problem(f"broken reference: {file} has no {pointer}")
        return Node(file, pointer, value, steps[-1] if steps else None)

    def _file(self, address: str) -> str | None:
        parts = [part for part in address.split("/") if part]
        return next((self._names[stem(p)] for p in reversed(parts) if stem(p) in self._names), None)


def read(path: Path) -> Documents:
    """Read a directory of documents or one document.

    Raises ImportRefused when there is nothing to read, CatalogueInvalid for a file that is no YAML or JSON.
    """
    files = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES) if path.is_dir() else [path]
    try:
        texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        raise ImportRefused(f"{path} cannot be read: {error}") from error
    documents = {name: _parse(name, text) for name, text in texts.items()}
    if not any(isinstance(d, Mapping) and ("components" in d or "paths" in d) for d in documents.values()):
        raise ImportRefused(f"{path} holds no OpenAPI document")
    return Documents(documents, texts)


def _parse(name: str, text: str) -> Any:
    if name.endswith(".json"):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise CatalogueInvalid(f"{name}: {error}") from error
    return read_yaml(text, name)


def _named(node: Node, name: str | None) -> Node:
    return Node(node.file, node.pointer, node.value, name)


def stem(file: str) -> str:
    for suffix in _SUFFIXES:
        file = file.removesuffix(suffix)
    return file.removesuffix("-unresolved").removesuffix("-resolved").lower()
