"""The embedded emulator in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from backbone.settings import Settings
from dipemu.composition import Composition, open_composition

SCENARIO = "SITFTS0020-Smart-Single"


def settings_of(tmp_path: Path) -> Settings:
    return Settings.load(data=tmp_path / "data")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[Composition, httpx.AsyncClient]]:
    """The embedded emulator, ready."""
    async with open_composition(settings) as composition:
        transport = httpx.ASGITransport(app=composition.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://harness.internal") as http:
            async with asyncio.timeout(30):
                while (await http.get("/health/ready")).status_code != 200:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.01)
            yield composition, http


async def passed(http: httpx.AsyncClient) -> str:
    """The ID of a run that the harness plays alone, and that passes."""
    run = (await http.post("/api/runs", json={"scenario": SCENARIO}, timeout=60)).json()
    while not run["finished"]:
        query = {"after": run["version"], "wait": 10}
        run = (await http.get(f"/api/runs/{run['id']}", params=query, timeout=60)).json()
    assert run["verdict"] == "passed", run["summary"]
    return str(run["id"])
