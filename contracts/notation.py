"""Our compact notation of a catalogue: YAML files that can be read in a review and compared.

``items.yaml``       one item a line: ``DI-063-MPAN-Core: {type: string, length: 13..13, pattern: …}``
``blocks.yaml``      one field a line: ``name: type``, ``name?`` when it may be left out
``interfaces.yaml``  per interface and variant: ``S0`` (its three enumerations), ``common``, ``custom``
``codes.yaml``       ``MSG1001: Schema Failure``
``endpoints.yaml``   ``IF-041/ReadingCOS: IF-041``, an official validation path and the variant behind it

A type is an item or block key; ``[B901]1..48`` is a list with its bounds; ``B031|null`` may be null.
Remarks in brackets after a name: ``(open)`` further fields are allowed, ``(untyped)`` the schema forgot
the type, so anything that is not an object passes too. This module reads; ``notation_writer`` writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from contracts.errors import CatalogueInvalid
from contracts.model import Block, DataItem, Endpoint, Field, Interface, ResponseCode, Variant

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NAME: Final = re.compile(r"^(?P<name>[^\s?]+)(?P<optional>\?)?(?: \((?P<flags>[a-z ]+)\))?$")
_TYPE: Final = re.compile(
    r"^(?P<open>\[)?(?P<key>[^\[\]|\s]+)(?(open)\](?:(?P<low>\d*)\.\.(?P<high>\d*))?)(?P<null>\|null)?$"
)
HEADER_ITEMS: Final = {
    "interfaceID": "DI-000-Interface-ID",
    "schemaVersion": "DI-992-Schema-Version",
    "eventCode": "eventCode",
}
BOUNDS: Final = {"length": ("min_length", "max_length"), "range": ("minimum", "maximum")}


def read_yaml(text: str, name: str) -> Any:
    """Parse YAML quickly. Raises CatalogueInvalid naming the file."""
    try:
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - the safe loader, in C
    except yaml.YAMLError as error:
        raise CatalogueInvalid(f"{name}: {error}") from error


class Reader:
    """Builds the model from the four parsed files of one directory."""

    def __init__(self, items: Mapping[str, Any], blocks: Mapping[str, Any]) -> None:
        self.items = {key: _read_item(key, entry) for key, entry in items.items()}
        self._raw = {_split_name(key)[0]: (key, entry or {}) for key, entry in blocks.items()}
        self._built: dict[str, Block] = {}
        self.blocks = {key: self._block(key) for key in self._raw}

    def interface(self, name: str, variants: Mapping[str, Any]) -> Interface:
        return Interface(name, tuple(self._variant(name, key, entry) for key, entry in variants.items()))

    def _block(self, key: str) -> Block:
        if key not in self._built:
            name, entry = self._raw[key]
            fields = tuple(self._field(f, of) for f, of in entry.items())
            self._built[key] = _flagged(key, fields, _split_name(name)[2])
        return self._built[key]

    def _field(self, name: str, of: str) -> Field:
        label, required, _ = _split_name(name)
        found = _TYPE.match(of)
        if found is None:
            raise CatalogueInvalid(f"`{name}: {of}` is not a field")
        low, high = found["low"], found["high"]
        return Field(
            name=label,
            type=self._type(found["key"]),
            required=required,
            many=found["open"] is not None,
            min_items=int(low) if low else None,
            max_items=int(high) if high else None,
            nullable=found["null"] is not None,
        )

    def _type(self, key: str) -> DataItem | Block:
        if key in self.items:
            return self.items[key]
        if key not in self._raw:
            raise CatalogueInvalid(f"{key} is neither an item nor a block")
        return self._block(key)

    def _variant(self, interface: str, key: str, entry: Mapping[str, Any]) -> Variant:
        name, _, flags = _split_name(key)
        label = f"{interface}-{name}"
        fields = []
        for part, contents in entry.items():
            part_name, required, part_flags = _split_name(part)
            if part_name == "S0":
                header = self._header(label, contents, part_flags)
                continue
            parts = tuple(self._field(*_split_part(token)) for token in (contents or "").split())
            block_name = f"{part_name.capitalize()}Block"
            whole = (Field("S0", header), *parts) if part_name == "common" else parts
            fields.append(Field(block_name, _flagged(f"{label}.{block_name}", whole, part_flags), required))
        return Variant(
            interface=interface,
            name=name,
            events=_enum(header, "eventCode"),
            schema_versions=_enum(header, "schemaVersion"),
            payload=_flagged(label, tuple(fields), flags),
        )

    def _header(self, label: str, contents: Mapping[str, Any], flags: str) -> Block:
        fields = []
        for key, values in contents.items():
            name, required, _ = _split_name(key)
            if isinstance(values, str):
                fields.append(self._field(key, values))
                continue
            item = DataItem(HEADER_ITEMS.get(name, name), "string", enum=tuple(values))
            fields.append(Field(name, item, required))
        return _flagged(f"{label}.CommonBlock.S0", tuple(fields), flags)


def _enum(header: Block, name: str) -> tuple[str, ...]:
    found = header.field(name)
    values = found.type.enum if found and isinstance(found.type, DataItem) else None
    return tuple(str(value) for value in values or ())


def _flagged(key: str, fields: tuple[Field, ...], flags: str) -> Block:
    words = flags.split()
    return Block(key, fields, open="open" in words, untyped="untyped" in words)


def _split_name(text: str) -> tuple[str, bool, str]:
    """Name, whether it is required, and its remarks."""
    found = _NAME.match(text)
    if found is None:
        raise CatalogueInvalid(f"`{text}` is not a name")
    return found["name"], found["optional"] is None, found["flags"] or ""


def _split_part(token: str) -> tuple[str, str]:
    name, _, of = token.partition("=")
    return name, of or name.removesuffix("?")


def _read_item(key: str, entry: Mapping[str, Any]) -> DataItem:
    values: dict[str, Any] = {}
    for name, value in entry.items():
        if name in BOUNDS:
            for bound, text in zip(BOUNDS[name], str(value).split(".."), strict=True):
                if text:
                    values[bound] = float(text) if name == "range" and "." in text else int(text)
        else:
            values[name] = tuple(value) if name == "enum" else value
    return DataItem(key, **values)


def read_endpoints(entries: Mapping[str, str]) -> tuple[Endpoint, ...]:
    return tuple(_endpoint(path, str(name)) for path, name in entries.items())


def _endpoint(path: str, variant: str) -> Endpoint:
    interface, _, event = path.partition("/")
    return Endpoint(interface, event, variant)


def read_codes(entries: Mapping[str, Any]) -> dict[str, ResponseCode]:
    return {code: ResponseCode(code, str(text)) for code, text in entries.items()}
