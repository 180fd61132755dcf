"""Keeps other web sites out: a page that a tester has open must not start, cancel or change anything here.

A caller on this machine needs no token, so a browser may call the emulator in the name of any page it
shows. Programs send neither ``Sec-Fetch-Site`` nor ``Origin`` and are not affected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from dipemu.access.addresses import closed
from dipemu.answers import send_json

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})
_NAMES: Final = (b"sec-fetch-site", b"origin", b"host")


def own_pages_only(app: Callable[..., Any]) -> Callable[..., Any]:
    """``app``, refusing with 403 what a page of another site wants to change under ``/ui`` and ``/api``."""

    async def guard(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "http" and closed(scope["path"]):
            headers = {name: value for name, value in scope["headers"] if name in _NAMES}
            given = {name.decode(): value.decode("latin-1") for name, value in headers.items()}
            refusal = objection(scope["method"], given)
            if refusal is not None:
                await send_json(send, 403, {"detail": refusal})
                return
        await app(scope, receive, send)

    return guard


def objection(method: str, headers: Mapping[str, str]) -> str | None:
    """Why a request is refused, if it is. ``headers``: names in lower case.

    A browser tells the relation itself where the connection is trustworthy (loopback, HTTPS); elsewhere the
    origin is compared with the address that was called.
    """
    if method in _READING:
        return None
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        foreign = site not in _OWN
    else:
        foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if not foreign:
        return None
    return f"This request came from a page of {origin or 'another site'}. Use the pages under /ui."
