"""Which addresses CSS will call: those that a party may register as its callback."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from backbone.settings import Settings


async def refusal(url: object, settings: Settings, own: str) -> str | None:
    """Why ``url`` cannot be a callback, in a sentence; None when it can.

    ``own``: host and port of the harness itself. Allowed hosts and private addresses are settings.
    """
    parts = _split(url)
    if parts is None or parts.hostname is None:
        return "`callbackURL` must be an http or https URL without user name or password."
    if parts.netloc == own:
        return "`callbackURL` must be an address of your own system."
    if settings.webhook_hosts and parts.hostname not in settings.webhook_hosts:
        return f"{parts.hostname} is not among the allowed hosts (DIPEMU_WEBHOOK_HOSTS)."
    if not settings.webhook_private_allowed and not await _public(parts.hostname):
        return f"{parts.hostname} does not stand for a public address, and others are not allowed here."
    return None


def _split(url: object) -> SplitResult | None:
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    usable = parts.scheme in ("http", "https") and not parts.username and not parts.password
    return parts if usable else None


async def _public(host: str) -> bool:
    """Whether every address that the name stands for is public; False when it stands for none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(info[4][0]).partition("%")[0]).is_global for info in found)
