"""Deliberate faults: one change that makes a valid message invalid, by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from contracts.errors import SampleImpossible
from contracts.explaining import broken_rule, step
from contracts.model import Block, DataItem, Field, Variant


@dataclass(frozen=True, slots=True)
class Fault:
    """A spoiled message and where it was spoiled."""

    message: dict[str, Any]
    kind: str
    pointer: str


@dataclass(frozen=True, slots=True)
class _Site:
    """A value in a message, the object or list that holds it, and what it is meant to be."""

    pointer: str
    holder: Any
    key: Any
    part: Field
    block: Block  # the block the holder belongs to
    whole: bool  # the field's whole value, not one entry of its list

    @property
    def value(self) -> Any:
        return self.holder[self.key]

    @property
    def item(self) -> DataItem | None:
        return self.part.type if isinstance(self.part.type, DataItem) else None


_Change = Callable[[Random, _Site], Any]
_NOTHING: Final = object()


def spoil(message: dict[str, Any], variant: Variant, kind: str, random: Random) -> Fault:
    """A copy of a valid message with one fault. Raises SampleImpossible when there is no place for it."""
    if kind not in _CHANGES:
        raise SampleImpossible(f"there is no kind {kind}; there are: {', '.join(KINDS)}")
    copy = deepcopy(message)
    sites = list(_sites(variant.payload, copy["payload"], "/payload"))
    random.shuffle(sites)
    for site in sites:
        pointer = _CHANGES[kind](random, site)
        if pointer is not _NOTHING:
            return Fault(copy, kind, pointer)
    raise SampleImpossible(f"{variant.interface} {variant.name} has no place for the fault {kind}")


def _sites(block: Block, value: Any, pointer: str) -> Iterator[_Site]:
    parts = {part.name: part for part in block.fields}
    for name, inner in value.items():
        part = parts.get(name)
        if part is None:
            continue
        yield _Site(step(pointer, name), value, name, part, block, whole=True)
        below = step(pointer, name)
        entries = list(enumerate(inner)) if part.many else [(None, inner)]
        for index, entry in entries:
            place = below if index is None else step(below, index)
            if index is not None:
                yield _Site(place, inner, index, part, block, whole=False)
            if isinstance(part.type, Block) and isinstance(entry, dict):
                yield from _sites(part.type, entry, place)


# --- the kinds: each changes the site and returns the pointer, or _NOTHING where it does not apply


def _missing_field(random: Random, site: _Site) -> Any:
    if not (site.whole and site.part.required and site.item is not None):
        return _NOTHING
    del site.holder[site.key]
    return site.pointer


def _missing_block(random: Random, site: _Site) -> Any:
    if not (site.whole and site.part.required and site.item is None):
        return _NOTHING
    del site.holder[site.key]
    return site.pointer


def _unknown_field(random: Random, site: _Site) -> Any:
    if not site.whole or site.block.open:
        return _NOTHING
    site.holder["notInTheStandard"] = "x"
    return site.pointer.rsplit("/", 1)[0] + "/notInTheStandard"


def _misspelt_field(random: Random, site: _Site) -> Any:
    if not site.whole or not site.part.required or len(site.part.name) < 5:
        return _NOTHING
    wrong = site.part.name[:2] + site.part.name[3:]
    site.holder[wrong] = site.holder.pop(site.key)
    return site.pointer  # of the field now missing: an open block takes the misspelt one


def _duplicate_field(random: Random, site: _Site) -> Any:
    other = site.part.name.swapcase()
    if not site.whole or site.block.open or other in site.holder or other == site.part.name:
        return _NOTHING
    site.holder[other] = site.value
    return site.pointer.rsplit("/", 1)[0] + f"/{other}"


def _wrong_type(random: Random, site: _Site) -> Any:
    return _replaced(site, 12.5 if _is_text(site) else "not a number")


def _null(random: Random, site: _Site) -> Any:
    block_site = site.item is None or (site.part.many and site.whole)
    untyped = isinstance(site.part.type, Block) and site.part.type.untyped and not site.part.many
    if block_site and not site.part.nullable and not untyped:
        site.holder[site.key] = None
        return site.pointer
    return _NOTHING if block_site else _replaced(site, None)


def _too_long(random: Random, site: _Site) -> Any:
    item = site.item
    if item is None or item.max_length is None or item.enum is not None:
        return _NOTHING
    return _replaced(site, str(site.value or "X").ljust(item.max_length + 1, "9"))


def _too_short(random: Random, site: _Site) -> Any:
    item = site.item
    if item is None or not item.min_length or not isinstance(site.value, str) or item.enum is not None:
        return _NOTHING
    return _replaced(site, site.value[: item.min_length - 1])


def _not_in_enumeration(random: Random, site: _Site) -> Any:
    if site.item is None or site.item.enum is None or not _is_text(site):
        return _NOTHING
    return _replaced(site, "??")


def _wrong_case_value(random: Random, site: _Site) -> Any:
    if site.item is None or site.item.enum is None or not isinstance(site.value, str):
        return _NOTHING
    return _replaced(site, site.value.swapcase())


def _wrong_pattern(random: Random, site: _Site) -> Any:
    if site.item is None or site.item.pattern is None or not isinstance(site.value, str) or not site.value:
        return _NOTHING
    place = random.randrange(len(site.value))
    return _replaced(site, site.value[:place] + "*" + site.value[place + 1 :])


def _out_of_range(random: Random, site: _Site) -> Any:
    if site.item is None or (site.item.minimum is None and site.item.maximum is None):
        return _NOTHING
    if site.item.maximum is not None:
        return _replaced(site, site.item.maximum + (site.item.multiple_of or 1))
    return _replaced(site, (site.item.minimum or 0) - (site.item.multiple_of or 1))


def _object_for_list(random: Random, site: _Site) -> Any:
    if not (site.whole and site.part.many and site.value):
        return _NOTHING
    site.holder[site.key] = site.value[0]
    return site.pointer


def _list_too_long(random: Random, site: _Site) -> Any:
    most = site.part.max_items
    if not (site.whole and site.part.many and most is not None and site.value):
        return _NOTHING
    site.holder[site.key] = [deepcopy(site.value[0]) for _ in range(most + 1)]
    return site.pointer


def _empty_list(random: Random, site: _Site) -> Any:
    if not (site.whole and site.part.many and site.part.min_items):
        return _NOTHING
    site.holder[site.key] = []
    return site.pointer


def _zulu_timestamp(random: Random, site: _Site) -> Any:
    if not isinstance(site.value, str) or not site.value.endswith("+00:00"):
        return _NOTHING
    return _replaced(site, site.value.removesuffix("+00:00") + "Z")


def _is_text(site: _Site) -> bool:
    return site.item is not None and site.item.type == "string"


def _replaced(site: _Site, value: Any) -> Any:
    """Put a value that breaks the item's rules; leave the site alone where it would not."""
    item = site.item
    if item is None or (site.part.many and site.whole) or broken_rule(item, value) is None:
        return _NOTHING
    site.holder[site.key] = value
    return site.pointer


_CHANGES: Final[dict[str, _Change]] = {
    "missing-field": _missing_field,
    "missing-block": _missing_block,
    "unknown-field": _unknown_field,
    "misspelt-field": _misspelt_field,
    "duplicate-field": _duplicate_field,
    "wrong-type": _wrong_type,
    "null": _null,
    "too-long": _too_long,
    "too-short": _too_short,
    "not-in-enumeration": _not_in_enumeration,
    "wrong-case-value": _wrong_case_value,
    "wrong-pattern": _wrong_pattern,
    "out-of-range": _out_of_range,
    "object-for-list": _object_for_list,
    "list-too-long": _list_too_long,
    "empty-list": _empty_list,
    "zulu-timestamp": _zulu_timestamp,
}
KINDS: Final[tuple[str, ...]] = tuple(_CHANGES)
