"""The distributed composition: one process per service, on Apache Kafka and PostgreSQL.

Any number of processes may run the same service: they share its work through consumer groups and the
database. ``prepare`` runs once before them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from backbone.clock_offsets import ClockOffsets
from backbone.service import Service
from backbone.settings import Settings
from dipemu.composition import (
    PREFIXES,
    VIEWS,
    Composition,
    build_services,
    journal_projection,
    open_context,
    register_harness_parties,
)
from dipemu.dispatch import dispatch
from dipemu.errors import CompositionIncomplete
from dipemu.forward import forward
from dipemu.metrics import Metrics
from dipemu.readiness import Readiness
from dipemu.supervisor import Supervisor

INDEXED_BY = "qualification"  # the service whose processes keep the journal's projection


def addresses(settings: Settings) -> Mapping[str, str]:
    """Base URL of every service, prefix included. Raises CompositionIncomplete for one without an address."""
    missing = [name for name in PREFIXES if name not in settings.service_urls]
    if missing:
        raise CompositionIncomplete(
            f"DIPEMU_SERVICE_URLS gives no address for {', '.join(missing)}; it is JSON, "
            'as {"registration": "http://registration:8080", …}'
        )
    return {name: settings.service_urls[name].rstrip("/") + prefix for name, prefix in PREFIXES.items()}


async def prepare(settings: Settings) -> None:
    """Bring the database up to date, mint the harness's identities and register its parties."""
    urls = addresses(settings)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient())
        context, identities = await open_context(settings, urls, http, stack)
        await register_harness_parties(context.directory, identities, urls)


@asynccontextmanager
async def open_service(settings: Settings, name: str) -> AsyncIterator[Composition]:
    """Run one service until the block ends. The gateway's process also passes on what others serve."""
    urls = addresses(settings)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_client())
        context, identities = await open_context(settings, urls, http, stack)
        own = build_services([name], context, identities)
        offsets = ClockOffsets(context.database, context.clock)
        own.append(Service("clock", workers=[offsets.follow]))
        if name == INDEXED_BY:
            own.append(journal_projection(context))
        supervisor = Supervisor(own, context.journal, context.clock)
        readiness = Readiness(supervisor, context.disk)
        passed_on = _passed_on(settings, name, http)
        metrics = Metrics(context, own, readiness.parts)
        app = dispatch([*own, *passed_on], readiness.parts, readiness.reasons, metrics)
        supervisor.start()
        stack.push_async_callback(supervisor.stop)
        yield Composition(settings, context, own, app, supervisor)


def _passed_on(settings: Settings, name: str, http: httpx.AsyncClient) -> list[Service]:
    if name != "dip_gateway":
        return []
    others = [
        (other, path)
        for other, prefix in PREFIXES.items()
        if prefix
        for path in (prefix, *VIEWS.get(other, ()))
    ]
    return [
        Service(other, forward(http, settings.service_urls[other].rstrip("/")), prefix)
        for other, prefix in others
    ]


def _client() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
    return httpx.AsyncClient(limits=limits, follow_redirects=False)
