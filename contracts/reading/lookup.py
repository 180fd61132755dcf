"""Finding a part of the standard by the name a person would type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from contracts.describing import near
from contracts.model import Block, Catalogue, DataItem, Interface, ResponseCode, Variant
from contracts.reading.errors import UnknownPart
from contracts.reading.uses import Uses

Part = Interface | Variant | Block | DataItem | ResponseCode
_INTERFACE: Final = re.compile(r"^(?:IF|REP|PUB)-?(\d.*)$", re.IGNORECASE)


def find(catalogue: Catalogue, name: str, event: str | None = None) -> Part:
    """The interface (or its event), block, item or response code of that name.

    Case, brackets and a missing hyphen do not matter; an item is known by its number, its key, its name
    or a field that holds it. Raises UnknownPart, with the nearest name.
    """
    if event is not None:
        return find_event(catalogue, name, event)[0]
    part = next(_candidates(catalogue, name), None)
    if part is None:
        raise UnknownPart(f"version {catalogue.version} has no {name}{_meant(catalogue, name)}")
    return part


def find_event(catalogue: Catalogue, interface: str, event: str) -> tuple[Variant, str]:
    """The variant for an event, and the event's official spelling ``[MSApp]``. Raises UnknownPart."""
    found = _interface(catalogue, interface)
    label = _label(found, event)
    return catalogue.variant(found.name, label), label


def plain(text: str) -> str:
    """Letters and digits only, in lower case: how names are compared."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _candidates(catalogue: Catalogue, name: str) -> Iterator[Part]:
    wanted = plain(name)
    for parts in (catalogue.interfaces, catalogue.blocks, catalogue.codes):
        yield from (part for key, part in parts.items() if plain(key) == wanted)
    publication = _INTERFACE.match(name)
    if publication:
        number = plain(publication[1])
        yield from (i for i in catalogue.interfaces.values() if plain(i.name.partition("-")[2]) == number)
    for item in catalogue.items.values():
        if wanted in (plain(item.key), plain(item.name), plain(item.number or item.key)):
            yield item
    uses = Uses(catalogue)
    yield from (i for i in catalogue.items.values() if wanted in map(plain, uses.names(i.key)))
    yield from (v for v in catalogue.variants() if wanted in (plain(v.name), *map(plain, v.events)))


def _interface(catalogue: Catalogue, name: str) -> Interface:
    wanted = plain(name)
    found = [i for i in catalogue.interfaces.values() if wanted in (plain(i.name), _published(i.name))]
    if not found:
        raise UnknownPart(f"version {catalogue.version} has no interface {name}{_meant(catalogue, name)}")
    return found[0]


def _published(interface: str) -> str:
    return plain(interface.replace("IF-", "PUB-"))


def _label(interface: Interface, event: str) -> str:
    known = {plain(label): label for label in interface.events}
    if plain(event) not in known:
        meant = near(event.strip("[]"), [label.strip("[]") for label in interface.events])
        hint = f". Did you mean {meant}?" if meant else f"; it has {', '.join(interface.events)}"
        raise UnknownPart(f"{interface.name} has no event {event}{hint}")
    return known[plain(event)]


def _meant(catalogue: Catalogue, name: str) -> str:
    names = [*catalogue.interfaces, *catalogue.blocks, *catalogue.codes]
    names += [item.number or item.key for item in catalogue.items.values()]
    names += [item.name for item in catalogue.items.values()]
    meant = near(name, names)
    return f". Did you mean {meant}?" if meant else ""
