"""Small catalogues, and changed copies of the shipped one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contracts.model import Block, Catalogue, DataItem, Field, Interface, ResponseCode, Variant

NAME = DataItem("DI-001-Name", "string", min_length=1, max_length=10)
AMOUNT = DataItem("DI-002-Amount", "integer", minimum=0, maximum=9)


def block(key: str, **fields: DataItem | Block | Field) -> Block:
    """A closed block; a bare item or block makes a required field."""
    return Block(
        key, tuple(kind if isinstance(kind, Field) else Field(name, kind) for name, kind in fields.items())
    )


def variant(interface: str, name: str, *events: str, custom: Block | None = None, **header: Any) -> Variant:
    """A message with an S0 block and, where given, a custom block."""
    label = f"{interface}-{name}"
    events = events or (f"[{name}]",)
    schema_versions = header.get("schema_versions", ("011",))
    s0 = block(
        f"{label}.CommonBlock.S0",
        interfaceID=DataItem("DI-000-Interface-ID", "string", enum=(interface,)),
        schemaVersion=DataItem("DI-992-Schema-Version", "string", enum=schema_versions),
        eventCode=DataItem("eventCode", "string", enum=events),
    )
    parts = {"CommonBlock": block(f"{label}.CommonBlock", S0=s0)}
    if custom is not None:
        parts["CustomBlock"] = replace(custom, key=f"{label}.CustomBlock")
    return Variant(interface, name, events, schema_versions, block(label, **parts))


def catalogue(version: str, *variants: Variant, blocks: tuple[Block, ...] = (), **more: Any) -> Catalogue:
    """A catalogue of these variants; items are those of the shared blocks."""
    names = dict.fromkeys(one.interface for one in variants)
    items = {f.type.key: f.type for b in blocks for f in b.fields if isinstance(f.type, DataItem)}
    return Catalogue(
        version=version,
        items=items | more.get("items", {}),
        blocks={one.key: one for one in blocks},
        interfaces={
            name: Interface(name, tuple(v for v in variants if v.interface == name)) for name in names
        },
        codes={code: ResponseCode(code, text) for code, text in more.get("codes", {}).items()},
        endpoints=more.get("endpoints", ()),
    )
