"""Killed in the middle of its work, again and again: what it accepted is handled once, in order, and sent."""

from __future__ import annotations

import asyncio
import random
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest
import uvicorn

from backbone.clock import SystemClock
from participant.signing import sign
from tests.integration.participant.rig import REGS, Identities, publication
from tests.integration.participant.test_many import MPANS, UnreliableDip, expected

KILLS, PER_MPAN = 4, 20
ROOT = Path(__file__).parents[3]


class Process:
    """The service under test, which can be killed."""

    def __init__(self, directory: Path, gateway_url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._arguments = [str(directory), str(self.port), gateway_url]

    async def start(self) -> None:
        module = "tests.integration.participant.serve"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *self._arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            assert await self._process.stdout.readline() == b"ready\n"

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def serving(dip: UnreliableDip) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(dip, log_level="critical", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await task


async def deliver(identities: Identities, http: httpx.AsyncClient, url: str, mpan: str) -> None:
    """The DIP's way: in order per MPAN, each until it is answered 201."""
    for number in range(PER_MPAN):
        body = orjson.dumps([publication(transaction=f"T-{mpan}-{number}", mpan=mpan)])
        while True:
            headers = sign(identities.dip, "POST", url, body, SystemClock().now())
            try:
                if (await http.post(url, content=body, headers=headers)).status_code == 201:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_killed_again_and_again(tmp_path: Path, identities: Identities) -> None:
    for identity in (identities.regs, identities.dip):
        identity.save(tmp_path / identity.dip_id)
    (tmp_path / "authority").symlink_to(identities.directory / "authority")
    dip, chance = UnreliableDip(5), random.Random(5)
    async with serving(dip) as gateway_url, httpx.AsyncClient() as http:
        process = Process(tmp_path, gateway_url)
        await process.start()
        url = f"http://127.0.0.1:{process.port}/registration/{REGS}/webhook"
        deliveries = asyncio.gather(*(deliver(identities, http, url, mpan) for mpan in MPANS))
        for kill in range(KILLS):
            enough = (kill + 1) * len(MPANS) * PER_MPAN // (KILLS + 2) + chance.randrange(10)
            async with asyncio.timeout(60), dip.changed:
                await dip.changed.wait_for(lambda: len(dip.accepted) >= enough)  # noqa: B023 - awaited here
            await process.kill()
            await process.start()
        await deliveries
        async with asyncio.timeout(60), dip.changed:
            await dip.changed.wait_for(lambda: len(dip.accepted) >= len(MPANS) * PER_MPAN)
        await process.kill()
    assert dip.handled() == expected(PER_MPAN)
