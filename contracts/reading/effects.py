"""Single facts that differ, and whether the difference makes the standard stricter or looser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.model import Block, DataItem, Field


class Effect(StrEnum):
    """What a change does to verdicts; see ``diff``."""

    STRICTER = "stricter"
    LOOSER = "looser"
    MIXED = "mixed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Detail:
    """One fact before and after; None where there was or is none."""

    fact: str
    before: Any
    after: Any
    effect: Effect


def combined(effects: Iterable[Effect]) -> Effect:
    """What several effects are together."""
    found = set(effects) - {Effect.NONE}
    if not found:
        return Effect.NONE
    return found.pop() if len(found) == 1 else Effect.MIXED


def item_details(old: DataItem, new: DataItem, prefix: str = "") -> Iterator[Detail]:
    """The facts in which two items differ."""
    if old.type != new.type:
        yield Detail(f"{prefix}type", old.type, new.type, Effect.MIXED)
    yield from _switch(f"{prefix}nullable", old.nullable, new.nullable)
    yield from _bound(f"{prefix}minimum length", old.min_length, new.min_length, upper=False)
    yield from _bound(f"{prefix}maximum length", old.max_length, new.max_length, upper=True)
    yield from _bound(f"{prefix}minimum", old.minimum, new.minimum, upper=False)
    yield from _bound(f"{prefix}maximum", old.maximum, new.maximum, upper=True)
    yield from _rule(f"{prefix}pattern", old.pattern, new.pattern)
    yield from _rule(f"{prefix}multiple of", old.multiple_of, new.multiple_of)
    if old.format != new.format:
        yield Detail(f"{prefix}format", old.format, new.format, Effect.NONE)
    yield from _enumeration(f"{prefix}values", old.enum, new.enum)


def block_details(old: Block, new: Block, prefix: str = "", *, header: bool = False) -> Iterator[Detail]:
    """The facts in which two blocks differ, field by field.

    ``header``: they are S0 blocks, whose items are a message's own and are compared by what they allow.
    """
    if old.open != new.open:
        effect = Effect.LOOSER if new.open else Effect.STRICTER
        yield Detail(f"{prefix}further fields allowed", old.open, new.open, effect)
    if old.untyped != new.untyped:
        effect = Effect.LOOSER if new.untyped else Effect.STRICTER
        yield Detail(f"{prefix}anything but an object allowed", old.untyped, new.untyped, effect)
    for part in old.fields:
        now = new.field(part.name)
        if now is None:
            yield Detail(f"{prefix}{part.name}", type_text(part), None, _of_removed(new))
        else:
            yield from _field_details(part, now, f"{prefix}{part.name}", header=header)
    for part in new.fields:
        if old.field(part.name) is None:
            yield Detail(f"{prefix}{part.name}", None, type_text(part), _of_added(part, old))


def listed(fact: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Detail]:
    """A set of allowed values that grew, shrank, or both. Their order does not matter."""
    gone, come = set(old) - set(new), set(new) - set(old)
    if gone or come:
        effect = Effect.MIXED if gone and come else Effect.STRICTER if gone else Effect.LOOSER
        yield Detail(fact, list(old), list(new), effect)


def type_text(part: Field) -> str:
    """``DI-063-MPAN-Core``, ``B070, optional``, ``list of B901, 1..48``."""
    words = [f"list of {part.type.key}" if part.many else part.type.key]
    if part.min_items is not None or part.max_items is not None:
        words.append(f"{part.min_items or 0}..{'*' if part.max_items is None else part.max_items}")
    if not part.required:
        words.append("optional")
    if part.nullable:
        words.append("or null")
    return ", ".join(words)


def _field_details(old: Field, new: Field, name: str, *, header: bool) -> Iterator[Detail]:
    if old.required != new.required:
        effect = Effect.STRICTER if new.required else Effect.LOOSER
        yield Detail(f"{name} required", old.required, new.required, effect)
    yield from _switch(f"{name} nullable", old.nullable, new.nullable)
    if old.many != new.many:
        yield Detail(f"{name} is a list", old.many, new.many, Effect.MIXED)
    yield from _bound(f"{name} fewest", old.min_items, new.min_items, upper=False)
    yield from _bound(f"{name} most", old.max_items, new.max_items, upper=True)
    if header and isinstance(old.type, DataItem) and isinstance(new.type, DataItem):
        yield from _header_details(old.type, new.type, name)
    elif old.type.key != new.type.key and not (_is_part(old) and _is_part(new)):
        yield Detail(f"{name} type", old.type.key, new.type.key, Effect.MIXED)


def _header_details(old: DataItem, new: DataItem, name: str) -> Iterator[Detail]:
    """S0: its event codes are compared as events, so they are left out here."""
    if name.endswith("eventCode"):
        return
    yield from item_details(old, new, f"{name} ")


def _is_part(part: Field) -> bool:
    """Parts that every message has of its own, keyed after it: they are compared on their own."""
    return isinstance(part.type, Block) and part.name in ("S0", "CommonBlock", "CustomBlock")


def _switch(fact: str, old: object, new: object) -> Iterator[Detail]:
    if old != new:
        yield Detail(fact, old, new, Effect.LOOSER if new else Effect.STRICTER)


def _bound(fact: str, old: float | None, new: float | None, *, upper: bool) -> Iterator[Detail]:
    if old == new:
        return
    if old is None or new is None:
        effect = Effect.STRICTER if old is None else Effect.LOOSER
    else:
        effect = Effect.LOOSER if (new > old) is upper else Effect.STRICTER
    yield Detail(fact, old, new, effect)


def _rule(fact: str, old: object, new: object) -> Iterator[Detail]:
    if old == new:
        return
    effect = Effect.STRICTER if old is None else Effect.LOOSER if new is None else Effect.MIXED
    yield Detail(fact, old, new, effect)


def _enumeration(fact: str, old: Sequence[Any] | None, new: Sequence[Any] | None) -> Iterator[Detail]:
    if old is None or new is None:
        yield from _rule(fact, old and list(old), new and list(new))
    else:
        yield from listed(fact, old, new)


def _of_removed(new: Block) -> Effect:
    """A closed block refuses the field from now on; an open one takes it unchecked."""
    return Effect.LOOSER if new.open else Effect.STRICTER


def _of_added(part: Field, old: Block) -> Effect:
    if part.required:
        return Effect.STRICTER
    return Effect.STRICTER if old.open else Effect.LOOSER
