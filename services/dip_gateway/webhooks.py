"""Webhook configuration: what a participant may ask for, and which addresses the gateway will call."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from participant.parties import Webhook
from services.dip_gateway.errors import RequestInvalid, TargetRefused

_LIMITS = {"maxmessagecount": "maxMessageCount", "maxpayloadsize": "maxPayloadSize"}


def read_webhook(body: bytes) -> Webhook:
    """The webhook of a configuration request; field names in any case. Raises RequestInvalid."""
    fields = read_object(body)
    url = fields.get("callbackurl")
    if not isinstance(url, str) or not url:
        raise RequestInvalid("callbackURL is missing: give the address that publications are POSTed to.")
    limits = {name: _limit(fields.get(name), label) for name, label in _LIMITS.items()}
    return Webhook(url, limits["maxmessagecount"], limits["maxpayloadsize"])


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object with its field names in lower case. Raises RequestInvalid."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise RequestInvalid(f"The body is not JSON: {fault}.") from fault
    if not isinstance(value, Mapping):
        raise RequestInvalid("The body is a JSON object.")
    return {name.lower(): item for name, item in value.items()}


def _limit(value: object, name: str) -> int | None:
    if value is None:
        return None
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
    if not whole or not 0 < value < 2**31:  # type: ignore[operator]
        raise RequestInvalid(f"{name} is a whole number above 0, or left out.")
    return int(value)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True, slots=True)
class TargetGuard:
    """Which addresses may be called.

    ``hosts``: allowed host names (``*.example.com`` takes in all below), empty for any. ``private``: whether
    loopback, private and link-local addresses are allowed. ``internal``: host names of the emulator's own
    services, which only its own parties may name.
    """

    hosts: Sequence[str] = ()
    private: bool = True
    internal: frozenset[str] = frozenset()

    def check(self, url: str, *, own: bool = False) -> None:
        """Raises TargetRefused for an address that is wrong by itself. ``own``: a party of the emulator."""
        host = _host(_split(url))
        if own:
            return
        if host in self.internal:
            raise TargetRefused(f"{host} is the emulator's own; give an address of your system.")
        if self.hosts and not any(_matches(host, pattern) for pattern in self.hosts):
            raise TargetRefused(f"{host} is not among the allowed webhook hosts (DIPEMU_WEBHOOK_HOSTS).")
        if not self.private and _is_private(host):
            raise TargetRefused(f"{host} is a private address, and those are not allowed here.")

    async def check_resolved(self, url: str, *, own: bool = False) -> None:
        """As ``check``, and where private addresses are not allowed also what the name stands for now."""
        self.check(url, own=own)
        if self.private or own:
            return
        host = _host(_split(url))
        for address in await _addresses(host):
            if _is_private(address):
                raise TargetRefused(f"{host} stands for {address}, a private address: not allowed here.")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as fault:
        raise TargetRefused(f"callbackURL cannot be read: {fault}.") from fault
    if parts.scheme not in ("http", "https"):
        raise TargetRefused("callbackURL starts with https:// or http://.")
    if parts.username or parts.password:
        raise TargetRefused("callbackURL carries no user name or password.")
    return parts


def _host(parts: SplitResult) -> str:
    if not parts.hostname:
        raise TargetRefused("callbackURL names a host.")
    return parts.hostname.rstrip(".")


def _matches(host: str, pattern: str) -> bool:
    wanted = pattern.lower()
    return host == wanted or (wanted.startswith("*.") and host.endswith(wanted[1:]))


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return not address.is_global


async def _addresses(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as fault:
        raise TargetRefused(f"{host} cannot be resolved: {fault}.") from fault
    return [str(info[4][0]) for info in found]
