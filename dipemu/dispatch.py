"""One ASGI application out of many services: by path prefix, with as little as possible in the hot path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from backbone.service import Service

Scope = dict[str, Any]
ASGIApp = Callable[..., Any]


def dispatch(services: Sequence[Service], health: Callable[[], Mapping[str, bool]]) -> ASGIApp:
    """The application of a process that runs ``services``.

    Paths are passed on unchanged: each service knows its own prefix. The one without a prefix (the
    gateway) takes what no other claims. ``health`` tells which parts are ready.
    """
    by_prefix = sorted(
        ((prefix, service.app) for service in services if service.app for prefix in [service.prefix]),
        key=lambda pair: -len(pair[0]),
    )

    async def app(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        path: str = scope.get("path", "")
        if path.startswith("/health/"):
            await _health(path, health(), send)
            return
        for prefix, target in by_prefix:
            if not prefix or path == prefix or path.startswith(prefix + "/"):
                await target(scope, receive, send)
                return
        await _answer(send, 404, {"error": f"nothing is served at {path}"})

    return app


def controlled(app: ASGIApp) -> ASGIApp:
    """What of ``app`` needs no TLS beside a gateway that asks for it: runs, pages and health."""

    async def control(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        path: str = scope.get("path", "")
        if path.startswith(("/api/", "/health/", "/ui")):
            await app(scope, receive, send)
        else:
            await _answer(send, 404, {"error": f"{path} is served over TLS only"})

    return control


async def _health(path: str, parts: Mapping[str, bool], send: Callable[..., Any]) -> None:
    if path == "/health/live":
        await _answer(send, 200, {"status": "live"})
        return
    ready = all(parts.values())
    await _answer(send, 200 if ready else 503, {"status": "ready" if ready else "not ready", "parts": parts})


async def _answer(send: Callable[..., Any], status: int, body: object) -> None:
    content = orjson.dumps(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
