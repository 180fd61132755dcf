"""A part of the standard as JSON-like data: what ``contracts show`` prints and the pages are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from contracts import envelope, routing
from contracts.codes import FAMILIES
from contracts.describing import expected
from contracts.errors import UnknownVariant
from contracts.model import Block, Catalogue, DataItem, Interface, ResponseCode, RoutingRule, Variant
from contracts.reading.lookup import Part
from contracts.reading.rows import count, length, limits, rows
from contracts.reading.uses import Uses, event_labels

ROUTES: Final = ("primary", "secondary", "always")


def description(catalogue: Catalogue, part: Part, uses: Uses | None = None) -> dict[str, Any]:
    """Everything the catalogue knows about the part; ``kind`` says what it is.

    ``uses`` spares the look-up of where it is used when many parts of one catalogue are described.
    """
    if isinstance(part, Interface):
        return interface(catalogue, part)
    if isinstance(part, Variant):
        return event(catalogue, part)
    if isinstance(part, Block):
        return block(part, uses or Uses(catalogue))
    if isinstance(part, DataItem):
        return item(part, uses or Uses(catalogue))
    return code(part)


def interface(catalogue: Catalogue, part: Interface) -> dict[str, Any]:
    return {
        "kind": "interface",
        "name": part.name,
        "publication": envelope.publication_id(part.name),
        "schemaVersions": list(
            dict.fromkeys(v for variant in part.variants for v in variant.schema_versions)
        ),
        "routing": route(catalogue, part.name),
        "events": [_outline(catalogue, variant, label) for variant, label in each_event(catalogue, part)],
        "validate": [endpoint.path for endpoint in catalogue.endpoints if endpoint.interface == part.name],
    }


def event(catalogue: Catalogue, part: Variant) -> dict[str, Any]:
    return {
        "kind": "event",
        "interface": part.interface,
        "variant": part.name,
        "events": list(part.events),
        "schemaVersions": list(part.schema_versions),
        "routing": route(catalogue, part.interface, part.events[0]),
        "fields": [asdict(row) for row in rows(part.payload)],
    }


def block(part: Block, uses: Uses) -> dict[str, Any]:
    return {
        "kind": "block",
        "name": part.key,
        "open": part.open,
        "untyped": part.untyped,
        "fields": [asdict(row) for row in rows(part)],
        **_used(part.key, uses),
    }


def item(part: DataItem, uses: Uses) -> dict[str, Any]:
    return {
        "kind": "item",
        "name": part.key,
        "number": part.number,
        "fieldNames": list(uses.names(part.key)),
        "takes": expected(part),
        "type": part.type,
        "nullable": part.nullable,
        "length": length(part),
        "limits": limits(part),
        "pattern": part.pattern,
        "format": part.format,
        "values": None if part.enum is None else list(part.enum),
        **_used(part.key, uses),
    }


def code(part: ResponseCode) -> dict[str, Any]:
    family = FAMILIES.get(part.family)
    return {
        "kind": "code",
        "name": part.code,
        "text": part.text,
        "family": part.family,
        "familyName": family.name if family else "",
        "meaning": part.meaning,
        "senders": sorted(part.senders),
        "carriedIn": family.carried_in if family else "",
    }


def route(catalogue: Catalogue, name: str, label: str | None = None) -> dict[str, Any] | None:
    """Who sends and who receives, as role codes; None where the routing is not known."""
    try:
        rule = routing.rule(catalogue, name, label)
    except UnknownVariant:
        return None
    return _route(rule)


def schema_versions(part: Interface) -> tuple[str, ...]:
    """The schema versions its messages may carry, each once."""
    return tuple(dict.fromkeys(v for variant in part.variants for v in variant.schema_versions))


def each_event(catalogue: Catalogue, part: Interface) -> Iterable[tuple[Variant, str]]:
    """Every event of an interface with the variant that its messages follow."""
    return [(catalogue.variant(part.name, label), label) for label in part.events]


def _route(rule: RoutingRule) -> dict[str, Any]:
    receivers = {name: sorted(getattr(rule, name)) for name in ROUTES}
    return {
        "senders": sorted(rule.senders),
        **receivers,
        "secondaryNext": sorted(rule.secondary_next),
        "inferred": rule.inferred,
    }


def _outline(catalogue: Catalogue, variant: Variant, label: str) -> dict[str, Any]:
    return {
        "event": label,
        "variant": variant.name,
        "routing": route(catalogue, variant.interface, label),
        "blocks": [
            {"field": part.name, "of": part.type.key, "count": count(part)} for part in variant.custom.fields
        ],
    }


def _used(key: str, uses: Uses) -> dict[str, Any]:
    events = dict.fromkeys(label for variant in uses.variants(key) for label in event_labels(variant))
    places = [{"owner": place.owner, "field": place.name} for place in uses.places(key)]
    return {"usedIn": places, "messages": list(events)}
