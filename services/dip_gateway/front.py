"""The front door: finds the endpoint for a request, reads its body within bounds, answers, keeps the books.

Plain ASGI, because this is every message's way in. Paths and header names are taken in any case.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import orjson

from backbone.errors import DatabaseUnavailable, LogUnavailable
from participant.context import Context
from services.dip_gateway import responses
from services.dip_gateway.asgi import (
    BodyTooLarge,
    BodyTooSlow,
    Receive,
    Request,
    Scope,
    Send,
    headers_of,
    read_body,
    request_of,
    send_bytes,
)
from services.dip_gateway.errors import ClientGone, Refused
from services.dip_gateway.refusals import RefusalBook
from services.dip_gateway.responses import Entry, standard_body
from services.dip_gateway.settings import GatewaySettings

_RETRY_AFTER: Final = 5  # seconds; ours, nothing is published
_FULL_RETRY_AFTER: Final = 30  # seconds; somebody has to make room
JSON_HEADER: Final = (b"content-type", b"application/json")
_log = logging.getLogger(__name__)


class Reply(NamedTuple):
    """An answer. ``value``: for JSON; None for an empty body."""

    status: int
    value: Any = None
    headers: Sequence[tuple[bytes, bytes]] = ()


Handler = Callable[[Request, Mapping[str, str]], Awaitable[Reply]]
Found = tuple[Mapping[str, Handler], Mapping[str, str]]
_KEPT_ADDRESSES: Final = 1_024


@dataclass(frozen=True, slots=True)
class Route:
    """``template``: ``/dip-channel/{id}``, fixed parts in lower case."""

    method: str
    template: str
    handler: Handler


class Front:
    """The gateway's ASGI application. ``routes``: all that it serves."""

    def __init__(
        self, context: Context, settings: GatewaySettings, book: RefusalBook, routes: Sequence[Route]
    ) -> None:
        self._context = context
        self._book = book
        self._limit = context.settings.max_body_bytes
        self._seconds = settings.request_timeout_seconds
        self._dip_id = context.dip_identity.dip_id
        self._failed = context.catalogue().code_text(responses.PROCESSING_FAILED)
        self.routes = tuple(routes)
        self._table = _table(routes)
        self._found: dict[bytes, Found] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, body = headers_of(scope), b""
        try:
            handler, values = self._find(scope, headers)
            self._check_disk(scope["method"])
            body = await self._body(headers, receive)
            reply = await handler(request_of(scope, headers, body), values)
        except Refused as refused:
            request = request_of(scope, headers, body)
            await self._book.write(request, refused, seconds=asyncio.get_running_loop().time())
            reply = self._refusal(refused)
        except ClientGone:
            return
        except (DatabaseUnavailable, LogUnavailable):
            _log.warning("a request was answered 503", exc_info=True)
            reply = self._refusal(self._away())
        except Exception as fault:  # noqa: BLE001 - the outermost of one request; the journal has it
            _log.exception("a request failed unexpectedly")
            await self._book.write_fault(request_of(scope, headers, body), fault)
            reply = self._refusal(self._refused(500, "The gateway failed.", "This is a fault of ours."))
        await _send(send, reply)

    def _find(self, scope: Scope, headers: Mapping[str, str]) -> tuple[Handler, Mapping[str, str]]:
        """The handler for a path and method. Raises Refused with 404, 405 or 406."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        found = self._found.get(raw) or self._search(raw)
        if found is not None:
            methods, values = found
            return self._for_method(scope["method"], methods, headers), values
        text = "This address is not known; POST messages to /dip-channel/IF-nnn."
        raise self._refused(404, "There is nothing at this address.", text)

    def _search(self, raw: bytes) -> Found | None:
        """The methods at an address and its variable parts; found ones are kept, since most repeat."""
        parts = raw.partition(b"?")[0].decode("latin-1").strip("/").split("/")
        for words, methods in self._table.get(len(parts), ()):
            values = _match(words, parts)
            if values is not None:
                if len(self._found) >= _KEPT_ADDRESSES:
                    self._found.clear()
                self._found[raw] = methods, values
                return methods, values
        return None

    def _for_method(self, method: str, methods: Mapping[str, Handler], headers: Mapping[str, str]) -> Handler:
        handler = methods.get(method)
        if handler is None:
            reason, advice = f"{method} is not a method of this address.", f"Use {', '.join(methods)}."
            raise self._refused(405, reason, advice)
        if not _accepts_json(headers.get("accept", "")):
            raise self._refused(
                406, "The header Accept leaves out JSON.", "Accept application/json; answers are JSON."
            )
        return handler

    def _check_disk(self, method: str) -> None:
        """Nothing more is taken in before the disk is full, so that what was taken in can be finished."""
        shortage = self._context.disk.shortage() if method == "POST" else None
        if shortage is not None:
            refused = self._refused(503, shortage, "Nothing was accepted; send it again later.")
            refused.retry_after = _FULL_RETRY_AFTER
            raise refused

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        try:
            return await read_body(headers, receive, self._limit, self._seconds)
        except BodyTooLarge as fault:
            reason = f"The body is above {self._limit} bytes."
            raise self._refused(413, reason, "Send the batch in parts.") from fault
        except BodyTooSlow as fault:
            reason = f"The body did not arrive within {self._seconds:g} s."
            raise self._refused(408, reason, "Send it again.") from fault

    def _refused(self, status: int, reason: str, advice: str) -> Refused:
        return Refused(status, reason, [Entry(self._failed, f"{reason} {advice}")], detail=reason.rstrip("."))

    def _away(self) -> Refused:
        refused = self._refused(503, "What is kept cannot be reached.", "Send it again later.")
        refused.retry_after = _RETRY_AFTER
        return refused

    def _refusal(self, refused: Refused) -> Reply:
        body = standard_body(refused.entries, self._dip_id, self._context.clock.now())
        headers = []
        if refused.retry_after is not None:
            headers.append((b"retry-after", str(refused.retry_after).encode()))
        return Reply(refused.status, body, headers)


def _table(routes: Sequence[Route]) -> dict[int, list[tuple[list[str], dict[str, Handler]]]]:
    """Routes by number of path segments, then by template."""
    by_template: dict[str, dict[str, Handler]] = {}
    for route in routes:
        by_template.setdefault(route.template, {})[route.method] = route.handler
    table: dict[int, list[tuple[list[str], dict[str, Handler]]]] = {}
    for template, methods in by_template.items():
        words = template.strip("/").split("/")
        table.setdefault(len(words), []).append((words, methods))
    return table


def _match(words: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    values = {}
    for word, part in zip(words, parts, strict=True):
        if word[0] == "{":
            values[word[1:-1]] = unquote(part)
        elif word != part.lower():
            return None
    return values


def _accepts_json(accept: str) -> bool:
    return not accept or any(kind in accept.lower() for kind in ("*/*", "application/*", "json"))


async def _send(send: Send, reply: Reply) -> None:
    if reply.value is None:
        await send_bytes(send, reply.status, headers=reply.headers)
    else:
        await send_bytes(send, reply.status, orjson.dumps(reply.value), [JSON_HEADER, *reply.headers])


async def _lifespan(receive: Receive, send: Send) -> None:
    """Workers are the composition's business; here there is nothing to start or stop."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
