"""Which addresses of others may be called: webhooks of the DIP, callbacks of the switching service."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from participant.errors import TargetRefused, TargetUnresolved

if TYPE_CHECKING:
    from participant.context import Context

SERVICES_CALLED = ("registration", "css_stub")


@dataclass(frozen=True, slots=True)
class TargetGuard:
    """Which addresses may be called.

    ``hosts``: allowed host names (``*.example.com`` takes in all below), empty for any. ``private``: whether
    loopback, private and link-local addresses are allowed. ``internal``: where the emulator's own services
    are, as host or as host:port; only its own parties may name those.
    """

    hosts: Sequence[str] = ()
    private: bool = True
    internal: frozenset[str] = frozenset()

    @classmethod
    def of(cls, context: Context) -> TargetGuard:
        """By the settings. The emulator's own addresses are closed, unless they are its public ones."""
        public = urlsplit(context.settings.gateway_url)
        own = [urlsplit(url) for url in (context.gateway_url, *map(context.service_url, SERVICES_CALLED))]
        hosts = {parts.hostname for parts in own} - {public.hostname, None}
        places = {parts.netloc.lower() for parts in own} - {public.netloc.lower()}
        settings = context.settings
        return cls(
            settings.webhook_hosts,
            settings.webhook_private_allowed,
            frozenset(name for name in (*hosts, *places) if name),
        )

    def check(self, url: str, *, own: bool = False) -> None:
        """Raises TargetRefused for an address that is wrong by itself. ``own``: a party of the emulator."""
        parts = _split(url)
        host = _host(parts)
        if own:
            return
        if {host, parts.netloc.lower()} & self.internal:
            raise TargetRefused(f"{host} is the emulator's own; give an address of your own system.")
        if self.hosts and not any(_matches(host, pattern) for pattern in self.hosts):
            raise TargetRefused(f"{host} is not among the allowed webhook hosts (DIPEMU_WEBHOOK_HOSTS).")
        if not self.private and _is_private(host):
            raise TargetRefused(f"{host} is a private address, and those are not allowed here.")

    async def check_resolved(self, url: str, *, own: bool = False) -> None:
        """As ``check``, and where private addresses are not allowed also what the name stands for now.

        Raises TargetUnresolved, too, when it stands for nothing; that may pass.
        """
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
    except (OSError, UnicodeError) as fault:
        raise TargetUnresolved(f"{host} cannot be resolved: {fault}.") from fault
    return [str(info[4][0]) for info in found]
