"""The message log's topics as an AsyncAPI 3 document: ``dip.if.*``, ``dip.pub.*`` and ``dip.status``.

It is written from the emulator's side: every operation appends to a topic. Whoever wants to listen reads
from the same channels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from contracts import envelope
from contracts.model import Catalogue, Interface, Variant
from contracts.reading.descriptions import route
from contracts.reading.json_schema import Definitions

VERSION: Final = "3.0.0"
_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_KEY: Final = "MPAN core where the message has one, else DIP ID of the sender (of the recipient of a status)"
_ACCEPTED_HEADERS: Final = ("transaction-id", "correlation-id", "received-at", "sender", "reference")
_PUBLISHED_HEADERS: Final = (
    "recipient",
    "routing",
    "transaction-id",
    "correlation-id",
    "sender",
    "reference",
    "event",
    "mpan",
    "schema-version",
)
_STATUS_HEADERS: Final = (
    "recipient",
    "id",
    "sender",
    "mpan",
    "transaction-id",
    "correlation-id",
    "reference",
)
_STATUS_FIELDS: Final = (
    "transactionID",
    "senderUniqueReference",
    "correlationID",
    "recipientID",
    "DIPConnectionProviderID",
    "help",
)


def asyncapi(catalogue: Catalogue) -> dict[str, Any]:
    """The document for one version of the standard."""
    definitions = Definitions(catalogue, "#/components/schemas/")
    channels: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for interface in catalogue.interfaces.values():
        for variant in interface.variants:
            messages |= _messages(variant, definitions)
        channels[f"dip.if.{interface.name}"] = _accepted(catalogue, interface)
        channels[f"dip.pub.{envelope.publication_id(interface.name)}"] = _published(catalogue, interface)
    messages["status"] = _status_message()
    channels["dip.status"] = _channel(
        "dip.status", ["status"], "What the DIP tells a sender after it has answered."
    )
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "DIP Emulator message log",
            "version": catalogue.version,
            "description": f"Topics of the message log. Key: {_KEY}.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {name: _operation(name, channel) for name, channel in channels.items()},
        "components": {
            "messages": messages,
            "schemas": {**dict(sorted(definitions.schemas.items())), **_headers(), "status": _status()},
        },
    }


def write_asyncapi(catalogue: Catalogue, path: Path) -> None:
    """Write the document as YAML when the name ends so, else as JSON."""
    document = asyncapi(catalogue)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".yaml", ".yml"):
        plain = orjson.loads(orjson.dumps(document))  # no shared parts, so no YAML anchors
        path.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), encoding="utf-8")
    else:
        path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def _accepted(catalogue: Catalogue, interface: Interface) -> dict[str, Any]:
    found = route(catalogue, interface.name)
    senders = f" from {', '.join(found['senders'])}" if found else ""
    names = [_name(variant) for variant in interface.variants]
    return _channel(f"dip.if.{interface.name}", names, f"Accepted {interface.name} messages{senders}.")


def _published(catalogue: Catalogue, interface: Interface) -> dict[str, Any]:
    publication = envelope.publication_id(interface.name)
    found = route(catalogue, interface.name)
    receivers = [
        f"{', '.join(found[name])} ({name})"
        for name in ("primary", "secondary", "always")
        if found and found[name]
    ]
    to = f" to {'; '.join(receivers)}" if receivers else ""
    names = [_name(variant, publication) for variant in interface.variants]
    text = f"{publication} publications{to}: one record for each recipient."
    return _channel(f"dip.pub.{publication}", names, text)


def _channel(address: str, names: list[str], text: str) -> dict[str, Any]:
    return {
        "address": address,
        "description": text,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operation(name: str, channel: dict[str, Any]) -> dict[str, Any]:
    place = f"#/channels/{name}"
    return {
        "action": "send",
        "channel": {"$ref": place},
        "messages": [{"$ref": f"{place}/messages/{message}"} for message in channel["messages"]],
    }


def _messages(variant: Variant, definitions: Definitions) -> dict[str, Any]:
    publication = envelope.publication_id(variant.interface)
    accepted, published = _name(variant), _name(variant, publication)
    definitions.schemas[accepted] = definitions.message(variant)
    definitions.schemas[published] = {
        "allOf": [{"$ref": f"#/components/schemas/{accepted}"}, _requiring("A0", "D0")]
    }
    events = " ".join(variant.events)
    return {
        accepted: _message(f"{variant.interface} {events}", accepted, "accepted-headers"),
        published: _message(f"{publication} {events}", published, "published-headers"),
    }


def _message(title: str, schema: str, headers: str) -> dict[str, Any]:
    return {
        "title": title,
        "contentType": "application/json",
        "headers": {"$ref": f"#/components/schemas/{headers}"},
        "payload": {"$ref": f"#/components/schemas/{schema}"},
    }


def _status_message() -> dict[str, Any]:
    return _message("Status message", "status", "status-headers")


def _status() -> dict[str, Any]:
    fields: dict[str, Any] = dict.fromkeys(_STATUS_FIELDS, _TEXT_OR_NULL)
    fields["sentTimestamp"] = {"type": "string", "minLength": 25, "maxLength": 25}
    fields |= {"senderID": _TEXT, "message": _TEXT, "serviceTicketURL": _TEXT_OR_NULL}
    entry = {"type": "object", "properties": fields, "required": sorted(fields)}
    return {"type": "array", "minItems": 1, "items": entry}


def _headers() -> dict[str, Any]:
    routing = {"type": "string", "enum": ["primary", "secondary", "always"]}
    return {
        "accepted-headers": _header_schema(_ACCEPTED_HEADERS),
        "published-headers": _header_schema(_PUBLISHED_HEADERS, routing=routing),
        "status-headers": _header_schema(_STATUS_HEADERS),
    }


def _header_schema(names: tuple[str, ...], **special: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {name: special.get(name, _TEXT) for name in names}
    return {"type": "object", "properties": properties, "required": list(names)}


def _requiring(*names: str) -> dict[str, Any]:
    common = {"type": "object", "required": list(names)}
    payload = {"type": "object", "properties": {"CommonBlock": common}}
    return {"type": "object", "properties": {"payload": payload}}


def _name(variant: Variant, channel: str | None = None) -> str:
    return f"{channel or variant.interface}-{variant.name}"
