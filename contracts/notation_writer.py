"""Writing a catalogue in our compact notation (see ``notation``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from contracts.errors import CatalogueInvalid
from contracts.model import Block, Catalogue, DataItem, Field, Variant
from contracts.notation import BOUNDS


def write_items(catalogue: Catalogue) -> str:
    return _lines((item.key, _item_entry(item)) for item in catalogue.items.values())


def write_blocks(catalogue: Catalogue) -> str:
    parts = []
    for block in catalogue.blocks.values():
        head = f"{_quoted(block.key + _flags(block))}:"
        parts.append(head + ("" if block.fields else " {}"))
        parts += [f"  {_quoted(_field_name(f))}: {_quoted(_type_text(f))}" for f in block.fields]
    return "\n".join(parts) + "\n"


def write_interfaces(catalogue: Catalogue) -> str:
    parts = []
    for interface in catalogue.interfaces.values():
        parts.append(f"{interface.name}:")
        for variant in interface.variants:
            parts.append(f"  {_quoted(variant.name + _flags(variant.payload))}:")
            parts += _variant_lines(variant)
    return "\n".join(parts) + "\n"


def write_codes(catalogue: Catalogue) -> str:
    return _lines((code.code, code.text) for code in catalogue.codes.values())


def write_endpoints(catalogue: Catalogue) -> str:
    """``IF-041/ReadingCOS: ReadingCOS``, an official validation path and the variant behind it."""
    return _lines((f"{e.interface}/{e.event}", e.variant) for e in catalogue.endpoints)


def write(catalogue: Catalogue, directory: Path) -> None:
    """Write the catalogue's files into ``directory`` (made when missing)."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "items.yaml": write_items(catalogue),
        "blocks.yaml": write_blocks(catalogue),
        "interfaces.yaml": write_interfaces(catalogue),
        "codes.yaml": write_codes(catalogue),
        "endpoints.yaml": write_endpoints(catalogue),
    }.items():
        (directory / name).write_text(text, encoding="utf-8")


def _variant_lines(variant: Variant) -> list[str]:
    lines = []
    for part in variant.payload.fields:
        block = part.type
        if not isinstance(block, Block):
            raise CatalogueInvalid(f"{variant.interface} {variant.name}: {part.name} is not a block")
        fields = list(block.fields)
        if part.name == "CommonBlock":
            header = fields.pop(next(i for i, f in enumerate(fields) if f.name == "S0")).type
            lines.append(f"    {_quoted('S0' + _flags(header))}: {_header_text(header)}")
        label = part.name.removesuffix("Block").lower() + ("" if part.required else "?") + _flags(block)
        lines.append(f"    {_quoted(label)}: {_quoted(' '.join(map(_part_text, fields)))}")
    return lines


def _header_text(header: DataItem | Block) -> str:
    entries = {}
    for part in header.fields if isinstance(header, Block) else ():
        values = part.type.enum if isinstance(part.type, DataItem) else None
        entries[_field_name(part)] = list(values) if values is not None else _type_text(part)
    return _flow(entries)


def _field_name(part: Field) -> str:
    return part.name + ("" if part.required else "?")


def _part_text(part: Field) -> str:
    of = _type_text(part)
    return _field_name(part) + ("" if of == part.name else f"={of}")


def _type_text(part: Field) -> str:
    text = part.type.key
    if part.many:
        bounded = part.min_items is not None or part.max_items is not None
        text = f"[{text}]" + (f"{_number(part.min_items)}..{_number(part.max_items)}" if bounded else "")
    return text + ("|null" if part.nullable else "")


def _flags(block: DataItem | Block) -> str:
    if isinstance(block, DataItem):
        return ""
    words = [word for word, on in (("open", block.open), ("untyped", block.untyped)) if on]
    return f" ({' '.join(words)})" if words else ""


def _item_entry(item: DataItem) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": item.type}
    if item.nullable:
        entry["nullable"] = True
    for name, (low, high) in BOUNDS.items():
        lower, upper = getattr(item, low), getattr(item, high)
        if lower is not None or upper is not None:
            entry[name] = f"{_number(lower)}..{_number(upper)}"
    for name in ("multiple_of", "format", "pattern"):
        if getattr(item, name) is not None:
            entry[name] = getattr(item, name)
    if item.enum is not None:
        entry["enum"] = list(item.enum)
    return entry


def _number(value: float | None) -> str:
    return "" if value is None else str(value)


def _lines(entries: Iterable[tuple[str, Any]]) -> str:
    return "".join(f"{_quoted(key)}: {_flow(value)}\n" for key, value in entries)


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else str(value)


_PLAIN: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_./?-]*$")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def _quoted(text: str) -> str:
    """A YAML scalar that reads back as this very string."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\' or not character.isprintable():
        return f"\\U{ord(character):08x}"
    return character
