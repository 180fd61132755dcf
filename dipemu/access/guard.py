"""Stands before ``/api``, ``/ui`` and ``/metrics``: lets in who may use them.

``DIPEMU_ACCESS`` says who needs a token: ``remote`` (the default) all but callers on this machine, ``always``
everybody, ``open`` nobody. A caller on this machine is believed only when the address it used is this
machine's as well: what a proxy passes on, or what a web page makes a browser send to a name of its own,
comes from loopback too. A token comes as ``Authorization: Bearer …`` or, for the pages, in the cookie that
``/ui/login`` sets.
"""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from dipemu.access import login
from dipemu.access.addresses import closed, room
from dipemu.access.tokens import AccessTokens
from dipemu.answers import send_json
from dipemu.errors import AccessInvalid

ASGIApp = Callable[..., Any]
Scope = dict[str, Any]
Policy = Literal["remote", "always", "open"]
HELP: Final = (
    "This address is for people who run the emulator. Send Authorization: Bearer <token>, or set "
    "DIPEMU_TOKEN for the dipemu command. `dipemu access add NAME`, on the emulator's machine, gives a token."
)

_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="DIP Emulator"')


def guarded(app: ASGIApp, tokens: AccessTokens, policy: Policy) -> ASGIApp:
    """``app``, with its ``/api``, ``/ui`` and ``/metrics`` closed to those who may not use them."""
    if policy == "open":
        return app

    async def guard(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not closed(path):
            await app(scope, receive, send)
        elif login.serves(path):
            await login.answer(tokens, scope, receive, send)
        elif (policy == "remote" and _local(scope)) or _holder(tokens, scope):
            await app(scope, receive, send)
        elif room(path) == "ui":
            await login.send_there(send)
        else:
            await send_json(send, 401, {"detail": HELP}, [_CHALLENGE])

    return guard


def _local(scope: Scope) -> bool:
    """Whether the caller is on this machine and used an address of this machine."""
    client = scope.get("client")
    host = urlsplit(f"//{header(scope, b'host')}").hostname or ""
    return client is not None and _loopback(client[0]) and (host == "localhost" or _loopback(host))


def _loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _holder(tokens: AccessTokens, scope: Scope) -> str | None:
    scheme, _, shown = header(scope, b"authorization").partition(" ")
    token = shown.strip() if scheme.lower() == "bearer" else _cookie(scope)
    try:
        return tokens.holder(token)
    except AccessInvalid:
        return None  # nobody gets in on a file that cannot be read; `dipemu access list` tells what is wrong


def _cookie(scope: Scope) -> str:
    try:
        morsel = SimpleCookie(header(scope, b"cookie")).get(login.COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def header(scope: Scope, name: bytes) -> str:
    """The first header of this (lower-case) name, empty where there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
