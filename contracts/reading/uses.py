"""Where items and blocks are used: directly, and through other blocks in which events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.model import Block, Catalogue, Field, Variant


@dataclass(frozen=True, slots=True)
class Place:
    """A field that holds the item or block, in a shared block or (``variant``) in a message's own part."""

    owner: str
    name: str
    part: Field = field(compare=False)
    variant: Variant | None = field(default=None, compare=False)


class Uses:
    """The inverse of a catalogue: from keys of items and blocks to where they stand."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._places: dict[str, dict[Place, None]] = defaultdict(dict)
        self._variants: dict[str, list[Variant]] = defaultdict(list)
        for block in catalogue.blocks.values():
            self._note(block)
        for variant in catalogue.variants():
            for block in own_parts(variant):
                self._note(block, variant)
            for key in dict.fromkeys(_keys(variant.payload)):
                self._variants[key].append(variant)

    def places(self, key: str) -> tuple[Place, ...]:
        """The fields that hold this item or block, each once."""
        return tuple(self._places.get(key, ()))

    def names(self, key: str) -> tuple[str, ...]:
        """The field names it goes by: ``MPANCore`` for DI-063."""
        return tuple(dict.fromkeys(place.name for place in self.places(key)))

    def variants(self, key: str) -> tuple[Variant, ...]:
        """The variants whose messages can hold this item or block, at any depth."""
        return tuple(self._variants.get(key, ()))

    def _note(self, block: Block, variant: Variant | None = None) -> None:
        for part in block.fields:
            self._places[part.type.key][Place(block.key, part.name, part, variant)] = None


def own_parts(variant: Variant) -> Iterator[Block]:
    """The parts of a message that are no shared blocks: CommonBlock, its S0, CustomBlock."""
    for part in variant.payload.fields:
        if isinstance(part.type, Block):
            yield part.type
            header = part.type.field("S0")
            if header and isinstance(header.type, Block):
                yield header.type


def event_labels(variant: Variant) -> tuple[str, ...]:
    """``IF-031 [MSApp]``, one for each event of the variant."""
    return tuple(f"{variant.interface} {event}" for event in variant.events)


def _keys(block: Block) -> Iterator[str]:
    for part in block.fields:
        yield part.type.key
        if isinstance(part.type, Block):
            yield from _keys(part.type)
