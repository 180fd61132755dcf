"""Stands before ``/api``, ``/ui`` and ``/metrics``: lets in who may use them, each to what its role may do.

``DIPEMU_ACCESS`` says who needs a token: ``remote`` (the default) all but callers on this machine, ``always``
everybody, ``open`` nobody. A caller on this machine is believed only when the address it used is this
machine's as well: what a proxy passes on, or what a web page makes a browser send to a name of its own,
comes from loopback too. A token comes as ``Authorization: Bearer …``; for the pages ``/ui/login`` takes one
and opens a session. Who needs no token and shows none may do everything; a token that is shown counts.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from backbone.caller import Caller, Role, calling
from dipemu.access import login, refusals
from dipemu.access.addresses import closed, room
from dipemu.access.holders import Holders, header
from dipemu.access.permissions import needed

ASGIApp = Callable[..., Any]
Scope = dict[str, Any]
Policy = Literal["remote", "always", "open"]
_EVERYTHING: Final = Caller(Role.ADMIN)


def guarded(app: ASGIApp, holders: Holders, policy: Policy) -> ASGIApp:
    """``app``, with its ``/api``, ``/ui`` and ``/metrics`` closed to those who may not use them."""

    async def guard(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not closed(path):
            await app(scope, receive, send)
            return
        if login.serves(path):
            await login.answer(holders, scope, receive, send)
            return
        who = holders.caller(scope) or (_EVERYTHING if _needs_none(policy, scope) else None)
        if who is None and room(path) == "ui":
            await login.send_there(send)
        elif who is None:
            await refusals.unknown(holders.expired(scope), send)
        else:
            await _admit(app, who, scope, receive, send)

    return guard


async def _admit(
    app: ASGIApp, who: Caller, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]
) -> None:
    """Pass the request on, or say which role it needs. What is declared nowhere is an admin's to find out."""
    role = needed(scope["method"], scope["path"], _raw(scope))
    with calling(who):
        if who.may(role or Role.ADMIN):
            await app(scope, receive, send)
        else:
            await refusals.beyond(who, role, scope, receive, send)


def _raw(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _needs_none(policy: Policy, scope: Scope) -> bool:
    return policy == "open" or (policy == "remote" and _local(scope))


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
