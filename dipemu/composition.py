"""The embedded composition: every service in one process, on SQLite, as one application.

The same services run one per process in the distributed composition (``dipemu serve``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

from backbone.clock import BusinessClock
from backbone.clock_offsets import ClockOffsets
from backbone.database import Database
from backbone.errors import BackboneError, SettingsInvalid
from backbone.journal import Journal, JournalIndex
from backbone.log.opening import open_log
from backbone.migrations import upgrade
from backbone.service import Service, nothing
from backbone.settings import Settings
from dipemu.access import Holders, guarded, own_pages_only
from dipemu.dispatch import dispatch
from dipemu.metrics import Metrics
from dipemu.parties import DIP, HARNESS_PARTIES, identities_of, open_identities
from dipemu.readiness import Readiness
from dipemu.supervisor import Supervisor
from participant.authority import CertificateAuthority
from participant.certificates import read_trust_anchors
from participant.context import Context
from participant.directory import Directory, Webhook
from participant.errors import CertificateUnusable
from participant.identity import Identity

INTERNAL_URL = "http://harness.internal"
PREFIXES: Mapping[str, str] = {
    "dip_gateway": "",
    "registration": "/registration",
    "css_stub": "/css",
    "supplier_stub": "/suppliers",
    "metering_service_stub": "/metering-services",
    "data_service_stub": "/data-services",
    "central_services_stub": "/central-services",
    "qualification": "/api",
}
# Where else services are served: what the gateway tells whoever runs the emulator (the rest of /api is about
# qualification), and the pages for testers.
VIEWS: Mapping[str, Sequence[str]] = {
    "dip_gateway": (
        "/api/messages",
        "/api/deliveries",
        "/api/faults",
        "/api/holdings",
        "/api/participants",
        "/api/directory",
    ),
    "qualification": ("/ui",),
}


@dataclass
class Composition:
    """What runs: the services, the application that serves them and what they share."""

    settings: Settings
    context: Context
    services: Sequence[Service]
    app: Callable[..., Any]
    supervisor: Supervisor

    @property
    def served(self) -> Callable[..., Any]:
        """The application as the outside gets it: ``/api`` and ``/ui`` only for those who may use them."""
        holders = Holders(self.settings.data, self.context.clock)
        return own_pages_only(guarded(self.app, holders, self.settings.access))


class LateApplication:
    """An ASGI application that is filled in once the services that need it are built."""

    def __init__(self) -> None:
        self.target: Callable[..., Any] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.target is not None, "the composition serves no request before it is complete"  # noqa: S101
        await self.target(scope, receive, send)


def data_directory(settings: Settings) -> Path:
    """The data directory, made when missing; only its owner may read it, since keys live there."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings.data


async def open_database(settings: Settings) -> Database:
    """Open the database of these settings, taken to this version by its migrations.

    Raises MigrationRefused for a database that a newer version has written, DatabaseUnavailable.
    """
    for name in PREFIXES:
        _import_store(name)
    data_directory(settings)
    database = await Database.open(settings.database)
    try:
        await upgrade(database)
    except BackboneError:
        await database.close()
        raise
    return database


def _import_store(service: str) -> None:
    package = import_module(f"services.{service}")
    folder = Path(str(package.__path__[0]))
    if (folder / "store.py").exists():
        import_module(f"services.{service}.store")


def internal_client(app: Callable[..., Any]) -> httpx.AsyncClient:
    """The HTTP client of the services: calls to the harness itself stay in this process."""
    return httpx.AsyncClient(
        mounts={
            f"all://{httpx.URL(INTERNAL_URL).host}": httpx.ASGITransport(app=app, raise_app_exceptions=False)
        },
        limits=httpx.Limits(max_connections=200, max_keepalive_connections=50),
        follow_redirects=False,
    )


async def register_harness_parties(
    directory: Directory, identities: Mapping[str, Identity], urls: Mapping[str, str]
) -> None:
    """Put the harness's parties into the directory, with the webhook that each of them listens on."""
    for party in HARNESS_PARTIES:
        if await directory.party(party.dip_id) is None:
            await directory.register(identities[party.dip_id], organisation=party.name, harness=True)
        await directory.set_webhook(
            party.dip_id, "*", Webhook(f"{urls[party.service]}/{party.dip_id}/webhook")
        )


def build_services(
    names: Sequence[str], context: Context, identities: Mapping[str, Identity]
) -> list[Service]:
    """Build the named services; those that play parties get their identities."""
    services = []
    for name in names:
        build = import_module(f"services.{name}.app").build
        played = identities_of(name, identities)
        built = build(context, played) if played else build(context)
        views = VIEWS.get(name, ())
        services += [built, *(replace(built, prefix=view, workers=(), measures=nothing) for view in views)]
    return services


def journal_projection(context: Context) -> Service:
    """Keeps the journal searchable: its projection into the database."""
    return Service("journal", workers=[context.index.run])


@asynccontextmanager
async def open_composition(settings: Settings) -> AsyncIterator[Composition]:
    """Open the embedded composition and run its workers until the block ends.

    Raises LogUnavailable (naming the directory) when another process runs on the same data directory.
    """
    urls = {name: INTERNAL_URL + prefix for name, prefix in PREFIXES.items()}
    late = LateApplication()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(internal_client(late))
        context, identities = await open_context(settings, urls, http, stack)
        await register_harness_parties(context.directory, identities, urls)
        services = [*build_services(list(PREFIXES), context, identities), journal_projection(context)]
        supervisor = Supervisor(services, context.journal, context.clock)
        readiness = Readiness(supervisor, context.disk)
        metrics = Metrics(context, services, readiness.parts)
        late.target = dispatch(services, readiness.parts, readiness.reasons, metrics)
        supervisor.start()
        stack.push_async_callback(supervisor.stop)
        yield Composition(settings, context, services, late, supervisor)


async def open_context(
    settings: Settings, urls: Mapping[str, str], http: httpx.AsyncClient, stack: AsyncExitStack
) -> tuple[Context, Mapping[str, Identity]]:
    """Open log, database, directory and identities; ``stack`` closes them again."""
    folder = data_directory(settings)
    log = await open_log(settings)
    stack.push_async_callback(log.close)
    database = await open_database(settings)
    stack.push_async_callback(database.close)
    authority = CertificateAuthority.open(folder / "authority")
    gateway_url = urls["dip_gateway"]
    identities = await asyncio.to_thread(open_identities, folder / "identities", authority, gateway_url)
    clock = BusinessClock()
    await ClockOffsets(database, clock).read()
    context = Context(
        settings=settings,
        log=log,
        database=database,
        clock=clock,
        journal=Journal(log),
        index=JournalIndex(database, log),
        directory=await Directory.open(database, clock),
        authority=authority,
        http=http,
        gateway_url=gateway_url,
        dip_identity=identities[DIP.dip_id],
        service_url=urls.__getitem__,
        trust_anchors=_trust_anchors(settings.trust_anchors),
    )
    return context, identities


def _trust_anchors(files: Sequence[Path]) -> tuple[str, ...]:
    try:
        return read_trust_anchors(files)
    except CertificateUnusable as fault:
        raise SettingsInvalid(f"DIPEMU_TRUST_ANCHORS: {fault}") from fault


def announce(settings: Settings, url: str) -> None:
    """Leave the gateway's address in the data directory, for commands that run beside it."""
    path = data_directory(settings) / "gateway.url"
    staged = path.with_suffix(".new")
    staged.write_text(url + "\n")
    staged.replace(path)


def announced(settings: Settings) -> str:
    """The gateway's address as last announced, else the one that these settings give."""
    path = settings.data / "gateway.url"
    if path.exists():
        return path.read_text().strip()
    return settings.gateway_url
