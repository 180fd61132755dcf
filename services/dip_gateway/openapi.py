"""The gateway's OpenAPI document, by hand: no framework stands between a message and its answer. Pure.

Messages are described as far as their envelope; ``/validate`` and the catalogue say the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from contracts import Catalogue

Schema = dict[str, Any]
SIGNATURE_HEADERS: Final = (
    "X-DIP-Signature",
    "X-DIP-Signature-Date",
    "X-DIP-Content-Hash",
    "X-DIP-Signature-Certificate",
)
_TEXTS: Final[Mapping[int, str]] = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    206: "Partial Content",
    400: "Bad Request",
    401: "Unauthorised",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    413: "Payload Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}
_EVERYWHERE: Final = (401, 404, 405, 406, 408, 413, 429, 500, 503)
_ON_SENDING: Final = (400, 403, 502, 504, 505)
_RESPONSE: Final[Schema] = {"$ref": "#/components/schemas/StandardResponse"}


def document(catalogue: Catalogue, api_version: str, url: str) -> Schema:
    """The OpenAPI 3.0 document. ``api_version``: which of the versions the gateway speaks."""
    channel = _parameter("id", "path", {"type": "string", "enum": list(catalogue.interfaces)})
    recipient = _parameter("recipient-id", "path", {"type": "string", "minLength": 10, "maxLength": 10})
    base = "/dip-channel/{id}"
    paths: dict[str, Schema] = {
        base: {
            "post": _operation("sendMessage", [channel], _array("DIPMessage"), {201: _RESPONSE}, sending=True)
        },
        f"{base}/pubconfig/{{recipient-id}}": _webhook("Publication", [channel, recipient]),
        "/statusmessage/config/{recipient-id}": _webhook("StatusMessages", [recipient]),
        "/statusmessage": {
            "post": _operation(
                "submitStatusMessage", [], _array("StandardResponseBodyType"), {201: _RESPONSE}, sending=True
            )
        },
        "/validate/{interface}/{event}": {"post": _validation(catalogue)},
        "/companyDetails": _companies(),
        **_past(base, [channel, recipient], paged=api_version == "2.2"),
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "DIP Emulator gateway", "version": api_version},
        "servers": [{"url": url}],
        "security": [{"ApiKeyAuth": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"ApiKeyAuth": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


def _operation(
    name: str,
    parameters: Iterable[Schema],
    body: Schema | None,
    answers: Mapping[int, Schema | None],
    *,
    sending: bool = False,
    signed: bool = True,
) -> Schema:
    refusals = {*_EVERYWHERE, *(_ON_SENDING if sending else (400, 403) if signed else (400,))}
    headers = [_parameter(header, "header", {"type": "string"}) for header in SIGNATURE_HEADERS if signed]
    responses = {str(status): _answer(status, schema) for status, schema in answers.items()}
    responses |= {str(s): _answer(s, _RESPONSE) for s in sorted(refusals) if str(s) not in responses}
    operation: Schema = {
        "operationId": name,
        "parameters": [*parameters, *headers],
        "responses": responses,
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _answer(status: int, schema: Schema | None) -> Schema:
    answer: Schema = {"description": _TEXTS[status]}
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _parameter(name: str, place: str, schema: Schema, *, required: bool = True) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _array(name: str) -> Schema:
    return {"type": "array", "minItems": 1, "items": {"$ref": f"#/components/schemas/{name}"}}


def _webhook(name: str, parameters: list[Schema]) -> Schema:
    config = {"$ref": "#/components/schemas/WebhookConfig"}
    return {
        "post": _operation(f"configure{name}", parameters, config, {201: None}),
        "delete": _operation(f"remove{name}", parameters, None, {204: None}),
    }


def _past(base: str, parameters: list[Schema], *, paged: bool) -> dict[str, Schema]:
    asked = {"$ref": "#/components/schemas/MessageRequest"}
    messages: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/DIPMessage"}}
    token = _parameter("X-Continuation-Token", "header", {"type": "string", "format": "uuid"}, required=False)
    identifier: Schema = {"type": "object", "properties": {"requeueId": {"type": "string"}}}
    replay = _operation(
        "replayPublication",
        [*parameters, *([token] if paged else [])],
        asked,
        {200: messages, 206: messages} if paged else {200: messages},
    )
    requeue = _operation("requeuePublication", parameters, asked, {202: identifier} if paged else {200: None})
    paths: dict[str, Schema] = {
        f"{base}/replay/{{recipient-id}}": {"post": replay},
        f"{base}/requeue/{{recipient-id}}": {"post": requeue},
    }
    if paged:
        which = _parameter("requeue-id", "query", {"type": "string"}, required=False)
        progress = {"$ref": "#/components/schemas/RequeueStatus"}
        paths[f"{base}/requeueStatus/{{recipient-id}}"] = {
            "get": _operation("requeueStatus", [*parameters, which], None, {200: progress, 204: None})
        }
    return paths


def _validation(catalogue: Catalogue) -> Schema:
    events = sorted({endpoint.event for endpoint in catalogue.endpoints})
    parameters = [
        _parameter("interface", "path", {"type": "string", "enum": list(catalogue.interfaces)}),
        _parameter("event", "path", {"type": "string", "enum": events}),
        _parameter("explain", "query", {"type": "boolean"}, required=False),
    ]
    told: Schema = {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/Explanation"}]}
    refused: Schema = {"oneOf": [*told["oneOf"], _RESPONSE]}
    return _operation("validate", parameters, _array("DIPMessage"), {201: told, 400: refused}, signed=False)


def _companies() -> Schema:
    names = ("X-company-number", "X-MPID", "X-market-role", "X-DIP-role")
    number, mpid, market_role, dip_role = (
        _parameter(name, "query", {"type": "string"}, required=False) for name in names
    )
    companies: Schema = {"type": "array", "items": {"type": "object"}}
    return {
        "get": _operation("publishM16", [number], None, {200: companies}),
        "post": _operation("receiveCompanyDetails", [number, mpid, market_role, dip_role], None, {201: None}),
    }


def _text(most: int, *, nullable: bool = True, least: int = 1) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most, "nullable": nullable}


def _schemas() -> dict[str, Schema]:
    entry = {
        "transactionID": _text(65),
        "senderUniqueReference": _text(200),
        "correlationID": _text(60),
        "sentTimestamp": _text(25, nullable=False, least=25),
        "senderID": _text(10, nullable=False, least=10),
        "recipientID": _text(10, least=10),
        "DIPConnectionProviderID": _text(10, least=10),
        "message": _text(200),
        "help": _text(500),
        "serviceTicketURL": _text(250),
    }
    asked: Schema = {
        "datetimeFrom": _text(25, least=25),
        "datetimeTo": _text(25, least=25),
        "eventCode": _text(50),
        "MPAN": _text(13, least=13),
        "version": _text(10),
    }
    transactions = {"type": "array", "minItems": 1, "maxItems": 100, "items": _text(65, nullable=False)}
    return {
        "DIPMessage": _object({"payload": {"type": "object"}}),
        "StandardResponseBodyType": _object(entry),
        "StandardResponse": _object(
            {"messageArray": _array("StandardResponseBodyType"), "timestamp": _text(25, nullable=False)}
        ),
        "WebhookConfig": _object(
            {"callbackURL": {"type": "string", "format": "uri"}},
            {"maxMessageCount": {"type": "number"}, "maxPayloadSize": {"type": "number"}},
        ),
        "MessageRequest": _object(asked, {"transactionIDs": transactions}),
        "RequeueStatus": _object(
            {
                "percentComplete": {"type": "number"},
                "totalTransactions": {"type": "number"},
                "processedTransactions": {"type": "number"},
                "status": {"type": "string", "enum": ["Processing", "Completed", "Failed"]},
            }
        ),
        "Explanation": _object({"messages": {"type": "array", "items": {"type": "object"}}}),
    }


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Schema:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }
