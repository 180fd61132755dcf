"""From what Elexon publishes to a catalogue. Facts are taken; descriptions are not.

``import_spec`` reads a directory of unresolved YAML or one resolved OpenAPI document. What it cannot read
it names with file and pointer, and imports the rest only when asked to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from contracts import published
from contracts.catalogues import available_versions, load_catalogue
from contracts.codes import described
from contracts.errors import ImportRefused
from contracts.importing_codes import CODES_SCHEMA, response_codes
from contracts.model import Block, Catalogue, DataItem, Endpoint, Field, Interface, ResponseCode, Variant
from contracts.normalising import Used, normal
from contracts.notation_writer import write
from contracts.published import Documents, Node, Problem

_ANYTHING: Final = DataItem("anything", "any")
_INTERFACE: Final = re.compile(r"^((?:IF|REP)-\d+[A-Z]?)(?:-(.+))?$")
_VALIDATE: Final = re.compile(r"^/validate/([^/]+)/([^/]+)$")
_SHARED: Final = re.compile(r"^(DI-\d{3}N?-.+|[A-Z]\d{1,4}[a-z]?|REP-\d+[A-Z]?-CustomBlock)$")
_TYPES: Final = frozenset({"string", "integer", "number", "boolean"})
_SILENT: Final = frozenset({"description", "example", "examples", "title", "default", "deprecated", "$ref"})
_ITEM_KEYWORDS: Final = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "multipleOf": "multiple_of",
    "format": "format",
}
_OBJECT_KEYWORDS: Final = frozenset({"type", "properties", "required", "additionalProperties", "nullable"})
_ARRAY_KEYWORDS: Final = frozenset({"type", "items", "minItems", "maxItems", "nullable"})


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import. ``problems`` names every part that could not be read."""

    catalogue: Catalogue
    problems: tuple[Problem, ...]


def import_spec(path: Path, version: str | None = None, keep_going: bool = False) -> ImportReport:
    """Read published files into a catalogue.

    ``version``: the name to give it; by default what the documents say. Raises ImportRefused when a part
    cannot be read, unless ``keep_going``, and always when there is no interface at all.
    """
    documents = published.read(path)
    importer = _Importer(documents)
    catalogue = importer.catalogue(version or _published_version(documents))
    problems = tuple(dict.fromkeys(importer.problems))
    if not catalogue.interfaces:
        raise ImportRefused(f"{path} describes no interface")
    if problems and not keep_going:
        raise ImportRefused("\n".join(["parts that cannot be read:", *map(str, problems)]))
    return ImportReport(catalogue, problems)


def write_catalogue(catalogue: Catalogue, directory: Path) -> Path:
    """Write the catalogue into ``directory/<version>``; returns that folder."""
    folder = directory / catalogue.version
    write(catalogue, folder)
    return folder


class _Importer:
    """Walks the documents once, collecting items, blocks and problems on the way."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.problems: list[Problem] = []
        self.items: dict[str, DataItem] = {}
        self.blocks: dict[str, Block] = {}
        self._under_way: list[str] = []
        self._places: dict[str, str] = {}
        self._listed: set[str] = set()

    def catalogue(self, version: str) -> Catalogue:
        self._shared()
        variants: dict[str, list[Variant]] = {}
        names: dict[str, str] = {}
        for node in self._payloads():
            for leaf in self._leaves(node, None):
                variant = self._variant(leaf)
                if variant is not None:
                    variants.setdefault(variant.interface, []).append(variant)
                    names[leaf.name or ""] = variant.name
        self._name_unlisted()
        codes, problems = response_codes(self.documents, _known_codes())
        self.problems += problems
        shared = dict(self.documents.schemas()).keys()
        used = Used(variant for found in variants.values() for variant in found)
        return Catalogue(
            version=version,
            items={k: i for k, i in sorted(self.items.items()) if k in shared or k in used.items},
            blocks={k: b for k, b in sorted(self.blocks.items()) if k in shared or k in used.blocks},
            interfaces={n: Interface(n, tuple(found)) for n, found in sorted(variants.items(), key=_order)},
            codes=described(codes),
            endpoints=tuple(self._endpoints(names)),
        )

    # --- finding the payloads

    def _shared(self) -> None:
        """Take in every published item and block, used by an interface or not, so versions compare well."""
        for name, node in self.documents.schemas():
            if _SHARED.match(name) and name != CODES_SCHEMA:
                self._type(node, name)

    def _payloads(self) -> Iterator[Node]:
        """The payload schemas in published order: what DIPMessage allows, else all named ``…-Payload``."""
        schemas = dict(self.documents.schemas())
        message = schemas.get("DIPMessage")
        payload = message and _walk(message, "properties", "payload")
        if payload is not None:
            yield payload
            return
        for name, node in schemas.items():
            if name.endswith("-Payload"):
                yield node

    def _name_unlisted(self) -> None:
        """Say so of an interface that is written but is none that a message may be."""
        for name, node in self.documents.schemas():
            if _INTERFACE.match(name) and name.endswith("-Payload") and name not in self._listed:
                text = "DIPMessage does not list this payload, so no message can be one: list it there"
                self.problems.append(node.problem(text))

    def _leaves(self, node: Node, name: str | None) -> Iterator[Node]:
        target = self._resolved(node)
        if target is None:
            return
        self._listed.add(target.name or "")
        alternatives = target.get("oneOf") or target.get("anyOf")
        if alternatives is None:
            yield Node(target.file, target.pointer, target.value, target.name or name)
            return
        for alternative in alternatives.elements():
            yield from self._leaves(alternative, target.name)

    def _endpoints(self, names: Mapping[str, str]) -> Iterator[Endpoint]:
        for path, node in self.documents.paths():
            found = _VALIDATE.match(path)
            if found is None:
                continue
            schema = _walk(node, "post", "requestBody", "content", "application/json", "schema", "items")
            payload = schema and _walk(schema, "properties", "payload")
            target = payload and self._resolved(payload)
            name = names.get(target.name or "", found[2]) if target else found[2]
            yield Endpoint(found[1], found[2], name)

    # --- variants

    def _variant(self, node: Node) -> Variant | None:
        header = _walk(node, "properties", "CommonBlock")
        header = header and self._resolved(header)
        header = header and _walk(header, "properties", "S0")
        header = header and self._resolved(header)
        if header is None:
            self.problems.append(node.problem("not a message payload: no CommonBlock with an S0 block"))
            return None
        found = _INTERFACE.match(node.name or "")
        interfaces = _enumeration(header, "interfaceID") or ((found[1],) if found else ())
        if len(interfaces) != 1:
            self.problems.append(header.problem("neither S0 nor its name says which interface it is"))
            return None
        interface, events = interfaces[0], _enumeration(header, "eventCode")
        name = _variant_name(node.name, interface, events)
        label = f"{interface}-{name}"
        payload = normal(self._object(node, label))
        return Variant(interface, name, events, _enumeration(header, "schemaVersion"), payload)

    # --- types

    def _type(self, node: Node, label: str) -> DataItem | Block:
        """The item or block at this place. ``label`` names it when nothing published does."""
        target = self._resolved(node)
        if target is None:
            return self._remember_item(_ANYTHING)
        target = self._merged(target)
        key = target.name or label
        if not isinstance(target.value, Mapping):
            self.problems.append(target.problem("not a schema"))
            return self._remember_item(_ANYTHING)
        if "properties" in target.value or target.value.get("type") == "object":
            return self._block(target, key)
        return self._item(target, key)

    def _merged(self, node: Node) -> Node:
        """``allOf`` of one schema, the OpenAPI 3.0 way to add a remark or ``nullable`` to a reference."""
        parts = node.get("allOf")
        only = list(parts.elements()) if parts else []
        if len(only) != 1:
            return node
        target = self._resolved(only[0])
        if target is None:
            return node
        extra = {k: v for k, v in node.value.items() if k != "allOf"}
        name = target.name if set(extra) <= _SILENT else None
        return Node(target.file, target.pointer, {**target.value, **extra}, name)

    def _block(self, node: Node, key: str) -> Block:
        place = f"{node.file}#{node.pointer}"
        if self._places.get(key) == place and key in self.blocks:
            return self.blocks[key]
        if place in self._under_way:
            self.problems.append(node.problem("a block that contains itself"))
            return Block(key, (), open=True)
        self._under_way.append(place)
        block = self._object(node, key)
        self._under_way.pop()
        while self.blocks.get(key, block) != block:  # two different inline blocks of one name
            key += "'"
        block = Block(key, block.fields, block.open, block.untyped)
        self._places[key] = place
        return self.blocks.setdefault(key, block)

    def _object(self, node: Node, key: str) -> Block:
        self._unknown(node, _OBJECT_KEYWORDS)
        required = set(node.value.get("required", ()))
        members = node.get("properties")
        fields = tuple(
            self._field(name, child, key, name in required)
            for name, child in (members.members() if members else ())
        )
        for name in sorted(required - {f.name for f in fields}):
            self.problems.append(node.problem(f"requires {name}, which it does not describe"))
        extra = node.value.get("additionalProperties", True)
        if isinstance(extra, Mapping):
            self.problems.append(node.problem("additionalProperties with a schema is not understood"))
        return Block(key, fields, open=extra is not False, untyped=node.value.get("type") != "object")

    def _field(self, name: str, node: Node, parent: str, required: bool) -> Field:
        label = f"{parent}.{name}"
        target = self._resolved(node)
        if target is None or not isinstance(target.value, Mapping) or target.value.get("type") != "array":
            kind = self._type(node, label)
            nullable = isinstance(kind, Block) and target is not None and _nullable(target)
            return Field(name, kind, required, nullable=nullable)
        self._unknown(target, _ARRAY_KEYWORDS)
        inner = target.get("items")
        if inner is None:
            self.problems.append(target.problem("a list that does not say of what"))
        return Field(
            name,
            self._type(inner, f"{label}.item") if inner else self._remember_item(_ANYTHING),
            required,
            many=True,
            min_items=target.value.get("minItems"),
            max_items=target.value.get("maxItems"),
            nullable=_nullable(target),
        )

    def _item(self, node: Node, key: str) -> DataItem:
        value = node.value
        kind = value.get("type", "any")
        self._unknown(node, {"type", "enum", "nullable", *_ITEM_KEYWORDS})
        if kind not in _TYPES and kind != "any":
            self.problems.append(node.problem(f"type {kind} is not understood"))
            kind = "any"
        enum = value.get("enum")
        nullable = _nullable(node) and (enum is None or None in enum)
        facts = {ours: value[theirs] for theirs, ours in _ITEM_KEYWORDS.items() if theirs in value}
        self._check_pattern(node, facts)
        values = tuple(v for v in enum if v is not None) if enum is not None else None
        return self._remember_item(DataItem(key, kind, nullable=nullable, enum=values, **facts))

    def _check_pattern(self, node: Node, facts: dict[str, Any]) -> None:
        try:
            re.compile(str(facts.get("pattern", "")))
        except re.error as error:
            self.problems.append(node.problem(f"the pattern cannot be read: {error}"))
            del facts["pattern"]

    def _remember_item(self, item: DataItem) -> DataItem:
        key = item.key
        while self.items.get(key, item) != (item := replace(item, key=key)):
            key += "'"
        return self.items.setdefault(key, item)

    # --- helpers

    def _resolved(self, node: Node) -> Node | None:
        target = self.documents.resolve(node)
        if isinstance(target, Problem):
            self.problems.append(target)
            return None
        return target

    def _unknown(self, node: Node, known: frozenset[str] | set[str]) -> None:
        for keyword in node.value:
            if keyword not in known and keyword not in _SILENT and not str(keyword).startswith("x-"):
                self.problems.append(node.problem(f"keyword {keyword} is not understood"))


def _walk(node: Node, *keys: str) -> Node | None:
    found: Node | None = node
    for key in keys:
        found = found.get(key) if found else None
    return found


def _nullable(node: Node) -> bool:
    return node.value.get("nullable") is True


def _enumeration(header: Node, name: str) -> tuple[str, ...]:
    found = _walk(header, "properties", name, "enum")
    return tuple(str(v) for v in found.value) if found and isinstance(found.value, list) else ()


def _variant_name(schema: str | None, interface: str, events: tuple[str, ...]) -> str:
    found = _INTERFACE.match(schema or "")
    suffix = found[2] if found else None
    if suffix and suffix != "Payload":
        return suffix
    return events[0].strip("[]") if len(events) == 1 else interface


def _order(entry: tuple[str, object]) -> tuple[str, str]:
    prefix, _, rest = entry[0].partition("-")
    return prefix, rest


def _known_codes() -> Mapping[str, ResponseCode]:
    """The codes of the newest version that ships."""
    return load_catalogue(available_versions()[-1]).codes if available_versions() else {}


def _published_version(documents: Documents) -> str:
    """The version of the document with the paths, else of the first that has one."""
    infos = [d.get("info", {}).get("version") for d in documents.documents.values() if isinstance(d, Mapping)]
    with_paths = [
        d.get("info", {}).get("version")
        for d in documents.documents.values()
        if isinstance(d, Mapping) and "paths" in d
    ]
    found = next((v for v in with_paths + infos if v), None)
    if found is None:
        raise ImportRefused("the documents name no version; give one")
    return str(found)
