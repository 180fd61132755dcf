"""What the reference's search knows: one entry per part, as data for the page's own script."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from contracts import envelope
from contracts.model import Catalogue
from contracts.reading import places
from contracts.reading.titles import interface_title, role_name
from contracts.reading.uses import Uses

Entry = tuple[str, str, str, str, str]


def entries(catalogue: Catalogue, uses: Uses) -> Iterator[Entry]:
    """Kind, name, explanation, address below the index, further names it is found by."""
    for interface in catalogue.interfaces.values():
        title = interface_title(interface.name)
        publication = envelope.publication_id(interface.name)
        yield "interface", interface.name, title, places.interface_page(interface.name), publication
        for event in interface.events:
            variant = catalogue.variant(interface.name, event)
            yield "event", f"{interface.name} {event}", title, places.event_place(variant), ""
    for key, block in catalogue.blocks.items():
        held_as = " ".join(name for name in uses.names(key) if name != key)
        fields = " ".join(part.name for part in block.fields)
        yield "block", key, held_as, places.block_page(key), fields
    for key in catalogue.items:
        names = " ".join(uses.names(key))
        yield "item", key, names, places.item_page(key), names
    for code, entry in catalogue.codes.items():
        yield "code", code, entry.text, places.code_place(code), ""
    for role in sorted(roles(catalogue)):
        yield "role", role, role_name(role), places.role_place(role), ""


def roles(catalogue: Catalogue) -> frozenset[str]:
    """All roles that send or receive something in this version."""
    rules = [rule for rule in catalogue.routing if rule.interface in catalogue.interfaces]
    return frozenset[str]().union(*(rule.senders | rule.recipients for rule in rules))


def script(catalogue: Catalogue, uses: Uses) -> bytes:
    """The index as a script, since a page opened from a folder may not fetch files."""
    return b"window.referenceIndex = " + orjson.dumps(list(entries(catalogue, uses))) + b";\n"
