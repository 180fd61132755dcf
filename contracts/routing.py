"""Who may send a message and who gets it.

The rules are data (``catalogue/routing.yaml``), one entry per interface, with exceptions per event. They
come from a public business catalogue of the interfaces; the split into primary (chosen by the sender),
secondary (looked up by MPAN and role) and always (by interface) is our inference throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.errors import CatalogueInvalid, UnknownVariant
from contracts.identifiers import DATA_SERVICES, METERING_SERVICES, ROLES
from contracts.model import Catalogue, RoutingRule

_GROUPS = {"MS": METERING_SERVICES, "DS": DATA_SERVICES, "ALL": ROLES}
_PARTS = ("primary", "secondary", "always", "secondary_next")


def rule(catalogue: Catalogue, interface: str, event: str | None = None) -> RoutingRule:
    """The rule for an event, with or without its square brackets. Raises UnknownVariant."""
    wanted = f"[{event.strip('[]')}]" if event else None
    found = [r for r in catalogue.routing if r.interface == interface]
    for entry in found:
        if wanted in entry.events:
            return entry
    for entry in found:
        if not entry.events:
            return entry
    raise UnknownVariant(f"there is no routing rule for {interface} {event or ''}".rstrip())


def read_rules(entries: Mapping[str, Any]) -> tuple[RoutingRule, ...]:
    """Rules from their notation: ``IF-031: {from: SUP, secondary: REGS}``, ``IF-007 Event: {…}``."""
    return tuple(_rule(key, entry) for key, entry in entries.items())


def roles_of(names: str | Iterable[str]) -> frozenset[str]:
    """Role codes from ``"SUP, MS"``; MS and DS stand for the three services of their kind."""
    words = names.replace(",", " ").split() if isinstance(names, str) else names
    roles = frozenset[str]().union(*(_GROUPS.get(word, {word}) for word in words))
    if not roles <= ROLES | {"DIP"}:
        raise CatalogueInvalid(f"unknown roles {sorted(roles - ROLES)} in routing.yaml")
    return roles


def _rule(key: str, entry: Mapping[str, Any]) -> RoutingRule:
    interface, *events = key.split()
    parts = {part: roles_of(entry[part]) for part in _PARTS if part in entry}
    return RoutingRule(
        interface=interface,
        senders=roles_of(entry["from"]),
        events=frozenset(f"[{event}]" for event in events),
        inferred=bool(entry.get("inferred", True)),
        **parts,
    )
