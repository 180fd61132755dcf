"""Which of several versions a message is meant for: its schema version says so, where it differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.envelope import header
from contracts.model import Catalogue
from contracts.reading.descriptions import schema_versions


def choose(catalogues: Sequence[Catalogue], message: Any) -> Catalogue:
    """The first version that has the message's interface, event and schema version, else the first of all.

    So the order decides between versions that the schema version does not tell apart. A version that has
    interface and schema version but not the event is preferred to one that has neither.
    """
    return max(catalogues, key=lambda one: _fit(one, message))


def _fit(catalogue: Catalogue, message: Any) -> int:
    """How well the message's names fit; ``max`` keeps the first of those that fit equally well."""
    found = header(message)
    interface = catalogue.interfaces.get(found.interface or "")
    if interface is None or found.schema_version not in schema_versions(interface):
        return 0
    return 2 if found.event in interface.events else 1
