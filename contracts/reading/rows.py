"""A structure as lines: every field of a block, nested blocks below it, with its facts spelled out.

One description serves the console, JSON and the static reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.model import Block, DataItem, Field, Scalar


@dataclass(frozen=True, slots=True)
class Row:
    """One field. ``pointer``: JSON pointer below the block, ``*`` for any element of a list.

    ``of``: key of the item or block. ``count``: ``1``, ``0..1``, ``1..48`` or ``0..*``; it counts
    elements for a list and says whether the field may be left out for everything else. ``type`` is
    ``object`` for blocks. ``length`` counts characters; ``limits`` holds the range of a number.
    """

    depth: int
    pointer: str
    name: str
    of: str
    number: str | None
    type: str
    required: bool
    many: bool
    count: str
    nullable: bool
    length: str = ""
    limits: str = ""
    pattern: str = ""
    allowed: tuple[Scalar, ...] = ()


def rows(block: Block, pointer: str = "", depth: int = 0) -> Iterator[Row]:
    """All fields of a block in published order, those of nested blocks right after their own."""
    for part in block.fields:
        below = f"{pointer}/{part.name}"
        yield _row(part, below, depth)
        if isinstance(part.type, Block):
            yield from rows(part.type, f"{below}/*" if part.many else below, depth + 1)


def shallow(block: Block) -> Iterator[Row]:
    """The fields of a block, without those of nested blocks."""
    for part in block.fields:
        yield _row(part, f"/{part.name}", 0)


def count(part: Field) -> str:
    """How often a field may be there: ``1``, ``0..1``, or the bounds of its list."""
    if not part.many:
        return "1" if part.required else "0..1"
    low = part.min_items or 0
    high = "*" if part.max_items is None else str(part.max_items)
    return f"{low}..{high}"


def length(item: DataItem) -> str:
    """``13``, ``1..50``, ``..10`` or nothing."""
    return _bounds(item.min_length, item.max_length)


def limits(item: DataItem) -> str:
    """``0..9``, ``30``, with the step where there is one: ``0..45 in steps of 15``."""
    text = _bounds(item.minimum, item.maximum)
    return f"{text} in steps of {item.multiple_of}".strip() if item.multiple_of is not None else text


def _row(part: Field, pointer: str, depth: int) -> Row:
    kind = part.type
    if isinstance(kind, Block):
        return Row(
            depth,
            pointer,
            part.name,
            of=kind.key,
            number=None,
            type="object",
            required=part.required,
            many=part.many,
            count=count(part),
            nullable=part.nullable,
        )
    return Row(
        depth,
        pointer,
        part.name,
        of=kind.key,
        number=kind.number,
        type=kind.type,
        required=part.required,
        many=part.many,
        count=count(part),
        nullable=kind.nullable or part.nullable,
        length=length(kind),
        limits=limits(kind),
        pattern=kind.pattern or "",
        allowed=kind.enum or (),
    )


def _bounds(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    if low == high:
        return str(low)
    return f"{'' if low is None else low}..{'' if high is None else high}"
