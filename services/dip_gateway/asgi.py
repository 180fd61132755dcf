"""The few lines of HTTP that the hot path needs: read a request, bounded; send a JSON answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from services.dip_gateway.errors import ClientGone

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON: Final = (b"content-type", b"application/json")
SECRET_HEADERS: Final = frozenset({"x-api-key", "authorization", "cookie", "proxy-authorization"})


class BodyTooLarge(Exception):
    """The request body is above the limit."""


class BodyTooSlow(Exception):
    """The request body did not arrive in time."""


class Request(NamedTuple):
    """A request as it came. ``headers``: names in lower case, the last value where one is repeated."""

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    scheme: str
    body: bytes
    client: str
    certificate: str | None = None  # PEM; what the caller's TLS session proved

    @property
    def url(self) -> str:
        """The full URL as the client addressed it: it is part of what was signed."""
        query = f"?{self.query.decode('latin-1')}" if self.query else ""
        return f"{self.scheme}://{self.headers.get('host', '')}{self.path}{query}"

    @property
    def public_headers(self) -> dict[str, str]:
        """The headers for the journal: all but the secrets."""
        return {name: value for name, value in self.headers.items() if name not in SECRET_HEADERS}


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers as text; of one that is repeated the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def request_of(scope: Scope, headers: Mapping[str, str], body: bytes) -> Request:
    """Put a request together. The path is the one on the wire, before percent-decoding."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=raw.partition(b"?")[0].decode("latin-1"),
        query=scope.get("query_string", b""),
        headers=headers,
        scheme=scope.get("scheme", "http"),
        body=body,
        client=client[0] if client else "",
        certificate=_tls_certificate(scope),
    )


def _tls_certificate(scope: Scope) -> str | None:
    """The caller's certificate as the ASGI TLS extension gives it."""
    tls = scope.get("extensions", {}).get("tls")
    chain = tls.get("client_cert_chain") if tls else None
    return str(chain[0]) if chain else None


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int, seconds: float) -> bytes:
    """The whole body. Raises BodyTooLarge (before reading when it was announced), BodyTooSlow, ClientGone."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise BodyTooLarge
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        return body
    try:
        async with asyncio.timeout(seconds):
            return await _rest(message, receive, limit)
    except TimeoutError as fault:
        raise BodyTooSlow from fault


async def _rest(message: MutableMapping[str, Any], receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


async def send_json(send: Send, status: int, value: Any, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Answer with a JSON document."""
    await send_bytes(send, status, orjson.dumps(value), [_JSON, *headers])


async def send_bytes(
    send: Send, status: int, body: bytes = b"", headers: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Answer with ``body`` as it is."""
    length = [] if status == 204 else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})
