"""One form for what was published in different ways, so that versions compare and notations agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from contracts.model import Block, DataItem, Field, Variant
from contracts.notation import HEADER_ITEMS


class Used:
    """The keys of all items and blocks the variants use, less the parts each variant describes itself."""

    def __init__(self, variants: Iterable[Variant]) -> None:
        self.items: set[str] = set()
        self.blocks: set[str] = set()
        for variant in variants:
            for part in (*variant.common.fields, *variant.custom.fields):
                if part.name != "S0":
                    self._add(part.type)
                elif isinstance(part.type, Block):
                    self._add_header(part.type)

    def _add_header(self, header: Block) -> None:
        """Enumerations stand with the variant itself; what S0 does not enumerate is an item like others."""
        for part in header.fields:
            if isinstance(part.type, Block) or part.type.enum is None:
                self._add(part.type)

    def _add(self, kind: DataItem | Block) -> None:
        if isinstance(kind, DataItem):
            self.items.add(kind.key)
        elif kind.key not in self.blocks:
            self.blocks.add(kind.key)
            for part in kind.fields:
                self._add(part.type)


def normal(payload: Block) -> Block:
    """The variant's own parts under our names for them, and the enumerations of S0 under their numbers.

    Whether they were described in place or by reference makes no difference then.
    """
    fields = []
    for part in payload.fields:
        block = part.type
        if isinstance(block, Block):
            block = replace(block, key=f"{payload.key}.{part.name}")
            block = replace(block, fields=tuple(_with_numbered_header(f, block.key) for f in block.fields))
        fields.append(replace(part, type=block))
    return replace(payload, fields=tuple(fields))


def _with_numbered_header(part: Field, key: str) -> Field:
    header = part.type
    if part.name != "S0" or not isinstance(header, Block):
        return part
    fields = tuple(_numbered(field) for field in header.fields)
    return replace(part, type=replace(header, key=f"{key}.S0", fields=fields))


def _numbered(part: Field) -> Field:
    if not isinstance(part.type, DataItem) or part.type.enum is None:
        return part
    key = HEADER_ITEMS.get(part.name, part.name)
    return replace(part, type=DataItem(key, "string", enum=part.type.enum))
