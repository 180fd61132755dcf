"""The whole harness behind a real port, and a tester who steers runs over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from backbone.settings import Settings
from dipemu.composition import Composition, open_composition
from dipemu.server import listen, serving, url_of
from participant.outbox import outbox_table

Document = dict[str, Any]


@dataclass
class Desk:
    """Where a tester sits: ``url`` is where it listens."""

    composition: Composition
    http: httpx.AsyncClient
    url: str

    async def post(self, path: str, status: int = 200, **body: Any) -> Document:
        answer = await self.http.post(f"/api/runs{path}", json=body)
        assert answer.status_code == status, answer.text
        document: Document = answer.json()
        return document

    async def start(self, **wish: Any) -> Document:
        return await self.post("", 201, **({"scenario": "SITFTS0020-Smart-Single"} | wish))

    async def run(self, run_id: str, **query: Any) -> Document:
        answer = await self.http.get(f"/api/runs/{run_id}", params=query)
        document: Document = answer.raise_for_status().json()
        return document

    async def listed(self, **query: Any) -> list[Document]:
        answer = await self.http.get("/api/runs", params=query)
        found: list[Document] = answer.raise_for_status().json()
        return found

    async def until(self, run: Document, **facts: Any) -> Document:
        """The run's document once it has these values."""
        async with asyncio.timeout(20):
            while any(run[name] != value for name, value in facts.items()):
                assert not run["finished"] or facts.get("finished"), run["summary"]
                run = await self.run(run["id"], after=run["version"], wait=10)
        return run

    async def held_at(self, run: Document, step: int) -> Document:
        """The run's document once it stands at this step, which is held."""
        run = await self.until(run, currentStep=step)
        assert run["steps"][step - 1]["result"] == "held for the tester"
        return run

    async def release(self, run: Document, step: int) -> Document:
        return await self.post(f"/{run['id']}/steps/{step}/release")

    async def journal(self, run: Document, interface: str) -> list[Document]:
        """The events of the run's MPAN that are about this message."""
        query = {"mpan": run["mpan"], "interface": interface}
        answer = await self.http.get("/api/journal", params=query)
        events: list[Document] = answer.raise_for_status().json()
        return events

    async def seen(self, run: Document, interface: str) -> list[Document]:
        """The same, once there are any."""
        async with asyncio.timeout(20):
            while not (events := await self.journal(run, interface)):
                await self.composition.context.index.wait(0, 0.05)
        return events

    async def message_held(self, step: int) -> None:
        """Return once a service has made the message of this step and holds it."""
        query = select(outbox_table.c.id).where(outbox_table.c.held == step)
        async with asyncio.timeout(20):
            while True:
                async with self.composition.context.database.read() as connection:
                    if (await connection.execute(query)).first():
                        return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def open_harness(folder: Path, database: str) -> AsyncIterator[Desk]:
    """The harness on this folder and database; again on the same: a restart."""
    async with open_composition(Settings(data=folder, database=database)) as composition:
        endpoint = listen("127.0.0.1", 0)
        url = url_of(endpoint)
        async with serving(composition.served, endpoint), httpx.AsyncClient(base_url=url, timeout=40) as http:
            async with asyncio.timeout(20):
                while (await http.get("/health/ready")).status_code != 200:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.02)
            yield Desk(composition, http, url)
