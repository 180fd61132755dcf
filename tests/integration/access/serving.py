"""The embedded emulator on a real socket, asking everybody for a token, and a token for each role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from backbone.caller import Role
from backbone.settings import Settings
from dipemu.access import AccessTokens
from dipemu.access.addresses import closed
from dipemu.composition import Composition, open_composition
from dipemu.server import listen, serving, url_of
from services.dip_gateway.front import Front

ABSENT = "2300000099"  # fills every variable part: no run, step, party or rule has this name


@dataclass
class Served:
    """``bearers``: headers with the token of each role, ``the-reader`` and so on."""

    composition: Composition
    http: httpx.AsyncClient
    bearers: Mapping[Role, Mapping[str, str]]

    async def ask(self, role: Role, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.http.request(method, path, headers=self.bearers[role], **more)


@asynccontextmanager
async def served(data: Path) -> AsyncIterator[Served]:
    settings = Settings(data=data, access="always")
    async with open_composition(settings) as composition:
        tokens, now = AccessTokens(data), composition.context.clock.now()
        bearers = {role: {"Authorization": f"Bearer {tokens.add(f'the-{role}', now, role)}"} for role in Role}
        endpoint = listen("127.0.0.1", 0)
        async with (
            serving(composition.served, endpoint),
            httpx.AsyncClient(base_url=url_of(endpoint), timeout=60) as http,
        ):
            yield Served(composition, http, bearers)


def routes(composition: Composition) -> set[tuple[str, str]]:
    """Method and template of every address that the running services have under what is closed."""
    found: set[tuple[str, str]] = set()
    for service in composition.services:
        if isinstance(service.app, Front):
            found |= {(route.method, route.template) for route in service.app.routes}
        elif isinstance(service.app, FastAPI):
            found |= _of(service.app, "")
    return {(method, template) for method, template in found if closed(template)}


def _of(app: FastAPI, prefix: str) -> set[tuple[str, str]]:
    """Of an application, what is mounted in it too; a route that cannot be walked is an error here."""
    found: set[tuple[str, str]] = set()
    for route in iter_route_contexts(app.routes):
        place = prefix + (route.path or "")
        if isinstance(route.original_route, Mount):
            assert isinstance(route.original_route.app, FastAPI), f"{place} has no routes to walk"
            found |= _of(route.original_route.app, place)
        else:
            assert route.methods, f"{place} has no methods"
            found |= {(method, place.rstrip("/")) for method in set(route.methods) - {"HEAD"}}
    return found
