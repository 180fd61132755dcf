"""A gateway on real parts: embedded log, SQLite, certificates minted here, an HTTP server on a free port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import orjson
import uvicorn

from backbone.clock import BusinessClock
from backbone.database import Database
from backbone.journal import Journal, JournalEvent, JournalIndex, Kind
from backbone.log.embedded import EmbeddedLog
from backbone.service import Service
from backbone.settings import Settings
from contracts import envelope
from participant import signing
from participant.authority import CertificateAuthority
from participant.context import Context
from participant.directory import Directory, Webhook
from participant.identity import Identity
from services.dip_gateway.app import build
from services.dip_gateway.settings import GatewaySettings

SUPPLIER, OTHER_SUPPLIER, REGISTRATION = "2300000012", "2300000013", "2200000012"
METERING, DATA, DISTRIBUTOR = "1200000012", "1400000012", "2500000012"
OTHER_DATA, MARKET_WIDE, SHAPING, ENQUIRY = "1400000013", "1700000012", "1800000012", "1900000012"
PUBLISHER, ADVANCED_DATA = "2600000012", "1500000012"
ROLES: Mapping[str, str] = {
    SUPPLIER: "SUP",
    OTHER_SUPPLIER: "SUP",
    REGISTRATION: "REGS",
    METERING: "MSS",
    DATA: "SDS",
    OTHER_DATA: "SDS",
    DISTRIBUTOR: "LDSO",
    MARKET_WIDE: "MDS",
    SHAPING: "LSS",
    ENQUIRY: "EES",
    PUBLISHER: "ISD",
    ADVANCED_DATA: "ADS",
}
MPAN = "2000056535971"
MPAN_BLOCK = envelope.MpanBlock(MPAN, DISTRIBUTOR, "_H")
MSAPP = {
    "B013": {"CSSRegistrationID": "9f2f0a7c"},
    "B070": {
        "proposedMeteringServiceDIPID": METERING,
        "proposedMeteringServiceMPID": "MSSA",
        "proposedMeteringServiceDIPEffectiveFromDate": "2026-12-01T00:00:00+00:00",
        "contractReferenceMeteringService": None,
        "appointmentScenario": "COS",
    },
}


class Receiver:
    """A participant's webhook. ``answers``: what it answers next; when used up, 201."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.arrived = asyncio.Event()
        self.release: asyncio.Event | None = None
        self.url = ""

    def messages(self) -> list[Any]:
        """All messages received, in order."""
        return [message for _, _, body in self.requests for message in orjson.loads(body)]

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, body))

    async def until(self, count: int, seconds: float = 10.0) -> list[Any]:
        """All messages, when there are ``count``."""
        async with asyncio.timeout(seconds):
            while len(self.messages()) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.messages()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return  # the sender died in the middle of its request: nothing was received
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        self.requests.append((scope["path"], headers, body))
        if self.release is not None:
            await self.release.wait()
        status, more, text = self.answers.pop(0) if self.answers else (201, {}, b"{}")
        named = [(k.encode(), v.encode()) for k, v in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": named})
        await send({"type": "http.response.body", "body": text})
        self.arrived.set()


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application over real HTTP on a free port; its base URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    port = socket.getsockname()[1]
    task = asyncio.create_task(server.serve([socket]))
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await task
        socket.close()


class LateApp:
    """Filled in once the address it is served at is known."""

    target: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.target(scope, receive, send)


@dataclass
class Gateway:
    """The gateway under test and everything around it."""

    context: Context
    service: Service
    url: str
    identities: Mapping[str, Identity]
    http: httpx.AsyncClient
    receivers: dict[str, Receiver] = field(default_factory=dict)

    def message(
        self, sender: str = SUPPLIER, interface: str = "IF-031", event: str = "[MSApp]", **more: Any
    ) -> Any:
        """One message as its sender builds it; by default a request to appoint a metering service."""
        values: dict[str, Any] = {
            "custom": deepcopy(MSAPP),
            "mpan": MPAN_BLOCK,
            "now": self.context.clock.now(),
        }
        role = self.identities[sender].role
        return envelope.build(interface, event, sender=envelope.Sender(sender, role), **(values | more))

    def signed(
        self, path: str, body: bytes, *, by: str = SUPPLIER, method: str = "POST", at: datetime | None = None
    ) -> dict[str, str]:
        """The headers of a request of this party."""
        identity = self.identities[by]
        url = self.url + path
        headers = signing.sign(identity, method, url, body, at or self.context.clock.now())
        return {**headers, "X-API-Key": identity.api_key, "Content-Type": "application/json"}

    async def request(
        self, path: str, value: Any = None, *, by: str = SUPPLIER, method: str = "POST", **headers: str
    ) -> httpx.Response:
        """A signed request; ``value`` is sent as JSON, bytes as they are."""
        body = value if isinstance(value, bytes) else b"" if value is None else orjson.dumps(value)
        signed = self.signed(path, body, by=by, method=method)
        signed |= {name.replace("_", "-"): text for name, text in headers.items()}
        return await self.http.request(method, self.url + path, content=body, headers=signed)

    async def get(self, path: str, *, by: str = SUPPLIER) -> httpx.Response:
        return await self.request(path, by=by, method="GET")

    async def send(self, *messages: Any, by: str = SUPPLIER, channel: str = "IF-031") -> httpx.Response:
        return await self.request(f"/dip-channel/{channel}", list(messages), by=by)

    async def events(
        self, *kinds: Kind, count: int = 1, seconds: float = 10.0, **wanted: Any
    ) -> list[JournalEvent]:
        """The journal's events of these kinds, once there are ``count``."""
        after = 0
        async with asyncio.timeout(seconds):
            while True:
                found = [
                    e for _, e in await self.context.index.events(**wanted) if not kinds or e.kind in kinds
                ]
                if len(found) >= count:
                    return found
                after = await self.context.index.wait(after, 0.5)


@asynccontextmanager
async def open_gateway(
    folder: Path,
    gateway: GatewaySettings | None = None,
    listening: Sequence[str] = (),
    workers: bool = True,
    starting: bool = False,
    **settings: Any,
) -> AsyncIterator[Gateway]:
    """Open a gateway with one party per role. ``listening``: those with a webhook for every channel.

    ``workers``: False for intake alone. ``starting``: it never gets ready.
    """
    values = Settings(data=folder, **({"retry_first_seconds": 0.02, "retry_max_seconds": 0.1} | settings))
    async with contextlib.AsyncExitStack() as stack:
        log = await EmbeddedLog.open(folder / "log")
        stack.push_async_callback(log.close)
        database = await Database.open(f"sqlite+aiosqlite:///{folder / 'db.sqlite'}")
        stack.push_async_callback(database.close)
        await database.create_tables()
        clock = BusinessClock()
        directory = await Directory.open(database, clock)
        authority = CertificateAuthority.open(folder / "authority")
        late = LateApp()
        url = await stack.enter_async_context(serving(late))
        http = await stack.enter_async_context(httpx.AsyncClient())
        identities = _identities(folder, authority, url)
        for identity in identities.values():
            if identity.role != "DIP":
                await directory.register(identity)
        index = JournalIndex(database, log)
        context = Context(
            settings=values,
            log=log,
            database=database,
            clock=clock,
            journal=Journal(log),
            index=index,
            directory=directory,
            authority=authority,
            http=http,
            gateway_url="http://harness.internal",
            dip_identity=identities["1000000000"],
            service_url=lambda name: f"http://harness.internal/{name}",
        )
        service = build(context, settings=gateway or GatewaySettings())
        late.target = service.app
        result = Gateway(context, service, url, identities, http)
        for dip_id in listening:
            await stack.enter_async_context(_receiver(result, dip_id))
        own = service.workers if workers else service.workers[:2]
        running = [*(() if starting else own), index.run]
        tasks = [asyncio.create_task(worker()) for worker in running]
        stack.push_async_callback(_stop, tasks)
        if not starting:
            await until(service.ready)
        yield result


@asynccontextmanager
async def _receiver(gateway: Gateway, dip_id: str) -> AsyncIterator[None]:
    receiver = Receiver()
    async with serving(receiver) as url:
        receiver.url = f"{url}/webhook"
        gateway.receivers[dip_id] = receiver
        await gateway.context.directory.set_webhook(dip_id, "*", Webhook(receiver.url))
        yield


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.002)


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    faults = [r for r in results if r is not None and not isinstance(r, asyncio.CancelledError)]
    assert not faults, faults


def _identities(folder: Path, authority: CertificateAuthority, url: str) -> dict[str, Identity]:
    parties = {**ROLES, "1000000000": "DIP"}
    return {dip_id: mint(folder, authority, dip_id, role, url) for dip_id, role in parties.items()}


_KEYS: dict[str, Any] = {}


def mint(folder: Path, authority: CertificateAuthority, dip_id: str, role: str, url: str = "") -> Identity:
    """An identity of this party; kept in the folder for a restart. Keys are shared by all tests."""
    path = folder / "identities" / dip_id
    if (path / "identity.json").exists():
        return Identity.load(path)
    certificate, key = authority.issue(dip_id, organisation=f"Party {dip_id}", key=_KEYS.get(dip_id))
    _KEYS[dip_id] = key
    identity = Identity(
        dip_id=dip_id,
        role=role,
        mpid="ABCD",
        api_key=token_hex(16),
        gateway_url=url,
        certificate_pem=certificate,
        private_key=key,
    )
    identity.save(path)
    return identity


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
