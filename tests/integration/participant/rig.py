"""One participant service on real parts (log, database, HTTP in process) and a DIP that records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from backbone.clock import BusinessClock, SystemClock
from backbone.database import Database
from backbone.journal import Journal, JournalEvent, JournalIndex
from backbone.log import Record
from backbone.log.embedded import EmbeddedLog
from backbone.settings import Settings
from contracts import css, envelope
from participant.authority import CertificateAuthority
from participant.context import Context
from participant.directory import Directory
from participant.engine import ParticipantService
from participant.handlers import HandlerRegistry
from participant.identity import Identity
from participant.signing import sign

HOST = "http://harness.test"
REGS, SUPPLIER, DIP, OUTSIDER = "2200000001", "2300000001", "1000000000", "2300000099"
MPAN, OTHER_MPAN = "1200000000018", "1200000000027"


@dataclass(frozen=True)
class Identities:
    """Minted once per test session: making RSA keys takes time."""

    directory: Path
    authority: CertificateAuthority
    regs: Identity
    supplier: Identity
    dip: Identity
    outsider: Identity


def mint(directory: Path) -> Identities:
    authority = CertificateAuthority.open(directory / "authority")

    def one(dip_id: str, role: str, mpid: str) -> Identity:
        certificate, key = authority.issue(dip_id)
        return Identity(dip_id, role, mpid, f"key of {dip_id}", HOST, certificate, key)

    return Identities(
        directory,
        authority,
        one(REGS, "REGS", "RGSA"),
        one(SUPPLIER, "SUP", "SUPA"),
        one(DIP, "DIP", "DIPX"),
        one(OUTSIDER, "SUP", "OUTS"),
    )


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Any:
        content = orjson.loads(self.body)
        return content[0] if isinstance(content, list) else content

    @property
    def reference(self) -> str | None:
        return envelope.header(self.message).reference


Reply = tuple[int, Any]


@dataclass
class Outside:
    """Everything that is not our service: the DIP and parties' callbacks. Accepts all by default."""

    requests: list[Request] = field(default_factory=list)
    reply: Callable[[Request], Reply] = lambda request: (201, {"messageArray": []})
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        headers = {k.decode().lower(): v.decode() for k, v in scope["headers"]}
        request = Request(scope["method"], scope["path"], headers, body)
        status, content = self.reply(request)
        async with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": orjson.dumps(content)})

    def at(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    async def received(self, count: int, path: str | None = None) -> list[Request]:
        """The requests, when there are at least ``count`` of them."""

        def enough() -> bool:
            return len(self.at(path) if path else self.requests) >= count

        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(enough)
        return self.at(path) if path else self.requests


@dataclass
class Rig:
    context: Context
    identities: Identities
    outside: Outside
    http: httpx.AsyncClient

    async def deliver(
        self, messages: Sequence[Any], to: str = REGS, signer: Identity | None = None
    ) -> httpx.Response:
        """Post to the webhook as the DIP does."""
        return await self.post(f"{HOST}/registration/{to}/webhook", orjson.dumps(messages), signer)

    async def post(self, url: str, body: bytes, signer: Identity | None = None) -> httpx.Response:
        signer = signer or self.identities.dip
        headers = sign(signer, "POST", url, body, self.context.clock.now())
        return await self.http.post(url, content=body, headers=headers)

    async def journal(self, count: int = 1) -> list[JournalEvent]:
        """The first ``count`` events of the journal, waiting for them."""
        events: list[JournalEvent] = []
        async with (
            asyncio.timeout(10),
            self.context.log.consume(f"test-{id(events)}", ["journal"]) as subscription,
        ):
            while len(events) < count:
                records = await subscription.fetch()
                events += [JournalEvent.from_bytes(r.record.value) for r in records]
        return events

    async def command(self, record: Record) -> None:
        await self.context.log.append([record])


class Application:
    """Our service below its prefix, everything else outside."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.service: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        mine = self.service is not None and scope["path"].startswith("/registration")
        await (self.service if mine else self.outside)(scope, receive, send)


@asynccontextmanager
async def open_rig(
    directory: Path,
    identities: Identities,
    registry: HandlerRegistry[Any],
    *,
    outside: Outside | None = None,
    start: bool = True,
    played: Sequence[Identity] | None = None,
    database_url: str = "",
    copies: int = 1,
    **settings: Any,
) -> AsyncIterator[Rig]:
    """The service ``registration`` playing REGS (unless ``played`` says otherwise), running if ``start``.

    ``copies``: how many of it share the log and the database; the first takes what is posted.
    """
    outside = outside or Outside()
    async with AsyncExitStack() as stack:
        log = await EmbeddedLog.open(directory / "log")
        stack.push_async_callback(log.close)
        database = await Database.open(database_url or f"sqlite+aiosqlite:///{directory / 'test.sqlite'}")
        stack.push_async_callback(database.close)
        await database.create_tables()
        app = Application(outside)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=httpx.ASGITransport(app=app)))
        clock = BusinessClock()
        directory_of_parties = await Directory.open(database, clock)
        for identity in (identities.regs, identities.supplier):
            await directory_of_parties.register(identity, harness=True)
        context = Context(
            settings=Settings(data=directory, retry_first_seconds=0.01, retry_max_seconds=0.05, **settings),
            log=log,
            database=database,
            clock=clock,
            journal=Journal(log),
            index=JournalIndex(database, log),
            directory=directory_of_parties,
            authority=identities.authority,
            http=http,
            gateway_url=HOST,
            dip_identity=identities.dip,
            service_url=lambda name: f"{HOST}/{name}",
        )
        played = (identities.regs,) if played is None else played
        services = [
            ParticipantService("registration", registry, context, played).service("/registration")
            for _ in range(copies)
        ]
        app.service = services[0].app
        if start:
            tasks = [asyncio.ensure_future(worker()) for service in services for worker in service.workers]
            stack.push_async_callback(_stop, tasks)
        yield Rig(context, identities, outside, http)


async def _stop(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError):
            raise result


def publication(
    interface: str = "IF-031",
    event: str = "[MSApp]",
    mpan: str = MPAN,
    sender: str = SUPPLIER,
    transaction: str = "T-1",
    now: Any = None,
    custom: Any = None,
) -> dict[str, Any]:
    """A publication as the DIP delivers it."""
    now = now or BusinessClock().now()
    message = envelope.build(
        interface,
        event,
        sender=envelope.Sender(sender, "SUP"),
        now=now,
        custom=custom or {},
        mpan=envelope.MpanBlock(mpan, "2500000001", "_A") if mpan else None,
    )
    return envelope.publication(
        message,
        transaction_id=transaction,
        at=now,
        correlation_id="CI-20261124-ab",
        primary=[REGS],
        secondary=[],
        always=[],
    )


def switch_request(mpid: str = "SUPA", now: datetime | None = None) -> dict[str, Any]:
    """A supplier's request to CSS to be registered for the MPAN from today on."""
    now = now or SystemClock().now()
    return css.switch_request(
        mpan=MPAN, supplier_mpid=mpid, supply_start_date=now, registration_reference="R", now=now
    )
