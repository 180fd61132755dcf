"""Passes requests on to another process: one address serves the whole of a distributed composition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from dipemu.answers import send_json

# Headers that belong to one connection and are not passed on (RFC 9110, section 7.6.1).
CONNECTION_HEADERS = {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
LONGEST_ANSWER_SECONDS = 60.0


def forward(http: httpx.AsyncClient, base_url: str) -> Callable[..., Any]:
    """An ASGI application that sends every request to ``base_url`` (scheme, host, port) with its path.

    The Host header is kept: signatures are over the address that the sender used. 503 when nothing answers.
    """

    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        path = scope["raw_path"].decode("ascii")
        query = scope.get("query_string", b"")
        url = f"{base_url}{path}" + (f"?{query.decode('ascii')}" if query else "")
        headers = [(k, v) for k, v in scope["headers"] if k not in CONNECTION_HEADERS]
        request = httpx.Request(scope["method"], url, headers=headers, content=await _body(receive))
        try:
            request.extensions["timeout"] = httpx.Timeout(LONGEST_ANSWER_SECONDS).as_dict()
            answer = await http.send(request)
        except httpx.TransportError as fault:
            await _unavailable(send, base_url, fault)
            return
        kept = [(k.lower(), v) for k, v in answer.headers.raw if k.lower() not in CONNECTION_HEADERS]
        kept = [(k, v) for k, v in kept if k not in (b"content-encoding", b"content-length")]
        kept.append((b"content-length", str(len(answer.content)).encode()))
        await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
        await send({"type": "http.response.body", "body": answer.content})

    return app


async def _body(receive: Callable[..., Any]) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _unavailable(send: Callable[..., Any], base_url: str, fault: httpx.TransportError) -> None:
    reason = str(fault) or type(fault).__name__
    text = f"the service behind this path does not answer at {base_url}: {reason}"
    await send_json(send, 503, {"detail": text}, [(b"retry-after", b"2")])
