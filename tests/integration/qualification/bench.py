"""The run manager on real parts (log, database, index, directory); the test tells what the services did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from backbone.clock import BusinessClock
from backbone.database import Database
from backbone.journal import Journal, JournalIndex, Kind
from backbone.log.embedded import EmbeddedLog
from backbone.settings import Settings
from participant.authority import CertificateAuthority
from participant.context import Context
from participant.directory import Directory, Party, Webhook
from participant.identity import Identity
from services.qualification.app import build
from tests.unit.qualification.given import MEMBERS, PARTICIPANT, Story

HOST = "http://harness.test"


@dataclass
class Bench:
    context: Context
    http: httpx.AsyncClient

    async def start(self, **wish: Any) -> dict[str, Any]:
        """POST /api/runs in the background of a prepared harness; the run's document."""
        body = {"scenario": "SITFTS0020-Smart-Single", "participants": {"SUPI": PARTICIPANT}} | wish
        answer = await self.http.post(f"{HOST}/api/runs", json=body)
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def run(self, run_id: str, **query: Any) -> dict[str, Any]:
        answer = await self.http.get(f"{HOST}/api/runs/{run_id}", params=query)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def tell(self, story: Story, after: int = 0) -> None:
        """Write what happened, from event number ``after`` on, to the journal."""
        await self.context.journal.write(*story.events[after:])

    async def finished(self, run: dict[str, Any]) -> dict[str, Any]:
        """The run's document once it has a verdict."""
        async with asyncio.timeout(20):
            while not run["finished"]:
                run = await self.run(run["id"], after=run["version"], wait=10)
        return run

    async def at_step(self, run: dict[str, Any], number: int) -> dict[str, Any]:
        """The run's document once it waits for this step."""
        async with asyncio.timeout(20):
            while run["currentStep"] != number:
                run = await self.run(run["id"], after=run["version"], wait=10)
        return run

    async def journal(self, kind: Kind, **query: Any) -> list[dict[str, Any]]:
        """The events of a kind as the HTTP interface gives them, waiting until there is one."""
        seen = 0
        async with asyncio.timeout(10):
            while True:
                events = (await self.http.get(f"{HOST}/api/journal", params=query)).json()
                found = [event for event in events if event["kind"] == kind.value]
                if found:
                    return found
                seen = await self.context.index.wait(seen, 1)

    async def commands(self, service: str, count: int = 1) -> list[dict[str, Any]]:
        """The first orders given to a service, waiting for them."""
        found: list[dict[str, Any]] = []
        group = f"test-{id(found)}"
        async with asyncio.timeout(10), self.context.log.consume(group, [f"harness.{service}"]) as records:
            while len(found) < count:
                found += [orjson.loads(one.record.value) for one in await records.fetch()]
        return found


@asynccontextmanager
async def open_bench(
    folder: Path, identity: Identity, authority: CertificateAuthority
) -> AsyncIterator[Bench]:
    """Open it on a folder; opening it again on the same folder is a restart."""
    async with AsyncExitStack() as stack:
        log = await EmbeddedLog.open(folder / "log")
        stack.push_async_callback(log.close)
        database = await Database.open(f"sqlite+aiosqlite:///{folder / 'test.sqlite'}")
        stack.push_async_callback(database.close)
        await database.create_tables()
        clock = BusinessClock()
        context = Context(
            settings=Settings(data=folder),
            log=log,
            database=database,
            clock=clock,
            journal=Journal(log),
            index=JournalIndex(database, log),
            directory=await _directory(database, clock),
            authority=authority,
            http=httpx.AsyncClient(),
            gateway_url=HOST,
            dip_identity=identity,
            service_url=lambda name: f"{HOST}/{name}",
        )
        stack.push_async_callback(context.http.aclose)
        service = build(context)
        tasks = [asyncio.ensure_future(worker()) for worker in (context.index.run, *service.workers)]
        stack.push_async_callback(_stop, tasks)
        transport = httpx.ASGITransport(app=service.app)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, timeout=30))
        yield Bench(context, http)


async def _directory(database: Database, clock: BusinessClock) -> Directory:
    directory = await Directory.open(database, clock)
    for member in MEMBERS:
        if await directory.party(member.dip_id) is None:
            party = Party(
                dip_id=member.dip_id,
                role=member.role,
                mpid=member.mpid,
                organisation=member.organisation,
                harness=member.harness,
                api_key_hash=f"hash of {member.dip_id}",
            )
            await directory.add(party)
    await directory.set_webhook(PARTICIPANT, "IF-002", Webhook("http://127.0.0.1:9000/webhook"))
    return directory


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
