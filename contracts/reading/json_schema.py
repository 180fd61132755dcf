"""JSON Schema (2020-12) of messages, one per event variant, with the verdict of our own validator.

Two differences remain by nature: a schema cannot accept field names in another case, and it knows no
semantic rules (which only warn unless told otherwise).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson

from contracts.model import Block, Catalogue, DataItem, Field, Variant

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_ITEM_KEYWORDS: Final = {
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "multiple_of": "multipleOf",
    "format": "format",
}


class Definitions:
    """Schemas of the shared items and blocks, filled in as they are referred to.

    ``prefix``: where they will stand in the document, such as ``#/$defs/``.
    """

    def __init__(self, catalogue: Catalogue, prefix: str = "#/$defs/") -> None:
        self._catalogue = catalogue
        self._prefix = prefix
        self.schemas: dict[str, Schema] = {}

    def message(self, variant: Variant) -> Schema:
        """A message ``{"payload": …}`` of this variant."""
        whole = Block("message", (Field("payload", variant.payload),), open=True)
        return block_schema(whole, self.of)

    def of(self, kind: DataItem | Block) -> Schema:
        """A reference to a shared item or block; what is a message's own is written out in its place."""
        if not self._is_shared(kind):
            return _schema(kind, self.of)
        name = kind.key.replace("'", "_")
        if name not in self.schemas:
            self.schemas[name] = {}  # holds the place: blocks may refer to each other
            self.schemas[name] = _schema(kind, self.of)
        return {"$ref": self._prefix + name}

    def _is_shared(self, kind: DataItem | Block) -> bool:
        if isinstance(kind, DataItem):
            return self._catalogue.items.get(kind.key) == kind
        return self._catalogue.blocks.get(kind.key) == kind


def schema(catalogue: Catalogue, variant: Variant) -> Schema:
    """The self-contained schema of one variant's messages."""
    definitions = Definitions(catalogue)
    message = definitions.message(variant)
    return {
        "$schema": DIALECT,
        "$id": f"urn:dipemu:contract:{catalogue.version}:{variant.interface}:{variant.name}",
        "title": f"{variant.interface} {' '.join(variant.events)}",
        **message,
        "$defs": dict(sorted(definitions.schemas.items())),
    }


def write_schemas(catalogue: Catalogue, folder: Path) -> int:
    """Write ``IF-031-MSApp.schema.json`` and so on, and ``index.json`` from events to files.

    Returns how many schemas there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index: dict[str, dict[str, str]] = {}
    variants = list(catalogue.variants())
    for variant in variants:
        name = f"{variant.interface}-{variant.name}.schema.json"
        (folder / name).write_bytes(_json(schema(catalogue, variant)))
        events = index.setdefault(variant.interface, {})
        for event in variant.events:
            if catalogue.variant(variant.interface, event) is variant:
                events[event] = name
    (folder / "index.json").write_bytes(_json({"version": catalogue.version, "events": index}))
    return len(variants)


def item_schema(item: DataItem) -> Schema:
    """The schema of one value."""
    found: Schema = {"title": item.key}
    if item.type != "any":
        found["type"] = [item.type, "null"] if item.nullable else item.type
    elif not item.nullable:
        found["not"] = {"type": "null"}
    for ours, theirs in _ITEM_KEYWORDS.items():
        if getattr(item, ours) is not None:
            found[theirs] = getattr(item, ours)
    if item.enum is not None:
        found["enum"] = [*item.enum, None] if item.nullable else list(item.enum)
    return found


def block_schema(block: Block, refer: Callable[[DataItem | Block], Schema]) -> Schema:
    """The schema of a block; ``refer`` gives the schemas of what its fields hold."""
    found: Schema = {} if block.untyped else {"type": "object"}
    found["properties"] = {part.name: _field(part, refer) for part in block.fields}
    required = [part.name for part in block.fields if part.required]
    if required:
        found["required"] = required
    if not block.open:
        found["additionalProperties"] = False
    return found


def _schema(kind: DataItem | Block, refer: Callable[[DataItem | Block], Schema]) -> Schema:
    return item_schema(kind) if isinstance(kind, DataItem) else block_schema(kind, refer)


def _field(part: Field, refer: Callable[[DataItem | Block], Schema]) -> Schema:
    found = refer(part.type)
    if part.many:
        found = {"type": "array", "items": found}
        if part.min_items is not None:
            found["minItems"] = part.min_items
        if part.max_items is not None:
            found["maxItems"] = part.max_items
    return {"anyOf": [found, {"type": "null"}]} if part.nullable else found


def _json(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
