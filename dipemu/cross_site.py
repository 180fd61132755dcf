"""Keeps other web sites out: a page that a tester has open must not start, cancel or change anything here.

The emulator listens on loopback without a login, so a browser on the same machine may call it in the name
of any page. Programs send neither ``Origin`` nor ``Sec-Fetch-Site`` and are not affected.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from backbone.settings import Settings

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})


def own_hosts(settings: Settings) -> frozenset[str]:
    """The host names under which a browser may reach the emulator, besides any IP address."""
    public = urlsplit(settings.public_url).hostname
    return frozenset({"localhost", settings.host.lower(), *([public] if public else [])})


def guarded(app: Callable[..., Any], hosts: Collection[str]) -> Callable[..., Any]:
    """``app``, refusing with 403 what another site asks of ``/ui`` and ``/api``."""

    async def guard(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        path: str = scope.get("path", "")
        if path.startswith(("/ui", "/api")):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            refusal = objection(scope["method"], path, headers, hosts)
            if refusal is not None:
                await _refuse(send, refusal)
                return
        await app(scope, receive, send)

    return guard


def objection(method: str, path: str, headers: Mapping[str, str], hosts: Collection[str]) -> str | None:
    """Why a request is refused, if it is. ``headers``: names in lower case.

    A strange host name means that a name of somebody else was made to point here (DNS rebinding).
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    browser = path.startswith("/ui") or (method not in _READING and origin is not None)
    if browser and not _known(host, hosts):
        return (
            f"The emulator does not know itself as {host}. Open it by its IP address, as localhost, or set "
            "DIPEMU_PUBLIC_URL to the address that your team uses."
        )
    if method in _READING:
        return None
    if headers.get("sec-fetch-site", "none") not in _OWN:
        return "This request came from a page of another web site. Use the emulator's own pages under /ui."
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return f"This request came from a page of {origin}. Use the emulator's own pages under /ui."
    return None


def _known(host: str, hosts: Collection[str]) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
        if name in hosts:
            return True
        ip_address(name)
    except ValueError:
        return False
    return True


async def _refuse(send: Callable[..., Any], text: str) -> None:
    content = orjson.dumps({"detail": text})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": content})
