"""One ASGI application out of many services: by path prefix, with as little as possible in the hot path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from backbone.measures import CONTENT_TYPE
from backbone.service import Service
from dipemu.answers import send_answer, send_json

Scope = dict[str, Any]
ASGIApp = Callable[..., Any]


def dispatch(
    services: Sequence[Service],
    health: Callable[[], Mapping[str, bool]],
    reasons: Callable[[], Mapping[str, str]] = dict,
    metrics: Callable[[], Awaitable[str]] | None = None,
) -> ASGIApp:
    """The application of a process that runs ``services``.

    Paths are passed on unchanged: each service knows its own prefix. The one without a prefix (the
    gateway) takes what no other claims. ``health`` tells which parts are ready, ``reasons`` why others
    are not, ``metrics`` gives the text for Prometheus.
    """
    by_prefix = sorted(
        ((prefix, service.app) for service in services if service.app for prefix in [service.prefix]),
        key=lambda pair: -len(pair[0]),
    )

    async def app(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        path: str = scope.get("path", "")
        if path.startswith("/health/"):
            await _health(path, health(), reasons(), send)
            return
        if path == "/metrics" and metrics is not None:
            await send_answer(send, 200, (await metrics()).encode(), CONTENT_TYPE)
            return
        for prefix, target in by_prefix:
            if not prefix or path == prefix or path.startswith(prefix + "/"):
                await target(scope, receive, send)
                return
        await send_json(send, 404, {"error": f"nothing is served at {path}"})

    return app


def controlled(app: ASGIApp) -> ASGIApp:
    """What of ``app`` needs no TLS beside a gateway that asks for it: runs, pages, figures and health."""

    async def control(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        path: str = scope.get("path", "")
        if path.startswith(("/api/", "/health/", "/metrics", "/ui")):
            await app(scope, receive, send)
        else:
            await send_json(send, 404, {"error": f"{path} is served over TLS only"})

    return control


async def _health(
    path: str, parts: Mapping[str, bool], reasons: Mapping[str, str], send: Callable[..., Any]
) -> None:
    if path == "/health/live":
        await send_json(send, 200, {"status": "live"})
        return
    ready = all(parts.values())
    document: dict[str, object] = {"status": "ready" if ready else "not ready", "parts": parts}
    if not ready:
        document["reasons"] = reasons
    await send_json(send, 200 if ready else 503, document)
